"""The addresses behind the administrators' door. Each is closed to others by being listed here."""

from __future__ import annotations

from django.urls import URLPattern, path

from ghiseu.agent.administration import archive, inbound, mailboxes, quarantine, queues, retention, rules, setup
from ghiseu.agent.administration.door import View, administrators_only


def _behind_the_door(route: str, view: View, name: str) -> URLPattern:
    return path(route, administrators_only(view), name=f"administration-{name}")


_MAILBOX = "mailboxes/<int:mailbox_id>/"
_RULE = "rules/<int:rule_id>/"
_QUEUE = "queues/<int:queue_id>/"
_RETENTION = "retention/<int:rule_id>/"
urlpatterns = [
    _behind_the_door("incoming/", inbound.incoming, "incoming"),
    _behind_the_door("quarantine/", quarantine.quarantine, "quarantine"),
    _behind_the_door("quarantine/<int:mail_id>/source/", quarantine.source, "source"),
    _behind_the_door("quarantine/again/", quarantine.again, "again"),
    _behind_the_door("quarantine/by-hand/", quarantine.by_hand, "by-hand"),
    _behind_the_door("quarantine/delete/", quarantine.remove, "delete"),
    _behind_the_door("mailboxes/", mailboxes.mailboxes, "mailboxes"),
    _behind_the_door("mailboxes/new/", mailboxes.mailbox, "mailbox-new"),
    _behind_the_door(_MAILBOX, mailboxes.mailbox, "mailbox"),
    _behind_the_door(f"{_MAILBOX}switch/", mailboxes.switch, "mailbox-switch"),
    _behind_the_door(f"{_MAILBOX}delete/", mailboxes.remove, "mailbox-delete"),
    _behind_the_door(f"{_MAILBOX}try/", mailboxes.try_connection, "try"),
    _behind_the_door(f"{_MAILBOX}fetch/", mailboxes.fetch_now, "fetch"),
    _behind_the_door("rules/", rules.rules, "rules"),
    _behind_the_door("rules/new/", rules.rule, "rule-new"),
    _behind_the_door(_RULE, rules.rule, "rule"),
    _behind_the_door(f"{_RULE}move/", rules.move, "rule-move"),
    _behind_the_door(f"{_RULE}switch/", rules.switch, "rule-switch"),
    _behind_the_door(f"{_RULE}delete/", rules.remove, "rule-delete"),
    _behind_the_door("queues/", queues.queues, "queues"),
    _behind_the_door(_QUEUE, queues.queue, "queue"),
    _behind_the_door(f"{_QUEUE}answers/<str:occasion>/<str:language>/", queues.answer, "answer"),
    _behind_the_door(f"{_QUEUE}texts/<str:language>/", queues.text, "text"),
    _behind_the_door(f"{_QUEUE}archive/", archive.queue_archive, "queue-archive"),
    _behind_the_door("archive/", archive.archive, "archive"),
    _behind_the_door("retention/", retention.retention, "retention"),
    _behind_the_door("retention/new/", retention.rule, "retention-new"),
    _behind_the_door(_RETENTION, retention.rule, "retention-rule"),
    _behind_the_door(f"{_RETENTION}try/", retention.try_it, "retention-try"),
    _behind_the_door(f"{_RETENTION}switch/", retention.switch, "retention-switch"),
    _behind_the_door(f"{_RETENTION}delete/", retention.remove, "retention-delete"),
    _behind_the_door("setup/", setup.setup, "setup"),
    _behind_the_door("setup/<str:sort>/new/", setup.setting, "setting-new"),
    _behind_the_door("setup/<str:sort>/<int:setting_id>/", setup.setting, "setting"),
    _behind_the_door("setup/<str:sort>/<int:setting_id>/delete/", setup.remove, "setting-delete"),
]
