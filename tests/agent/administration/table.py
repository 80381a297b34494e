"""Who gets what behind the administrators' door; the same columns as in `tests/agent/test_routes.py`, all six."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.agent.world import Desk

INSIDE = (302, 404, 404, 404, 404, 200)
ACT = (302, 404, 404, 404, 404, 302)
NO_WAY = (302, 404, 404, 404, 404, 405)

PAGE: dict[str, tuple[int, ...]] = {"GET": INSIDE, "POST": NO_WAY}
BUTTON: dict[str, tuple[int, ...]] = {"GET": NO_WAY, "POST": ACT}
FORM: dict[str, tuple[int, ...]] = {"GET": INSIDE, "POST": ACT}
ADMINISTRATION: dict[str, dict[str, tuple[int, ...]]] = {
    "administration-incoming": PAGE,
    "administration-quarantine": PAGE,
    "administration-source": PAGE,
    "administration-again": BUTTON,
    "administration-by-hand": BUTTON,
    "administration-delete": BUTTON,
    "administration-mailboxes": PAGE,
    "administration-mailbox-new": FORM,
    "administration-mailbox": FORM,
    "administration-mailbox-switch": BUTTON,
    "administration-mailbox-delete": BUTTON,
    "administration-try": BUTTON,
    "administration-fetch": BUTTON,
    "administration-rules": PAGE,
    "administration-rule-new": FORM,
    "administration-rule": FORM,
    "administration-rule-move": BUTTON,
    "administration-rule-switch": BUTTON,
    "administration-rule-delete": BUTTON,
    "administration-queues": PAGE,
    "administration-queue": FORM,
    "administration-answer": FORM,
    "administration-text": FORM,
    "administration-queue-archive": BUTTON,
    "administration-archive": PAGE,
    "administration-retention": PAGE,
    "administration-retention-new": FORM,
    "administration-retention-rule": FORM,
    "administration-retention-try": {"GET": NO_WAY, "POST": INSIDE},
    "administration-retention-switch": BUTTON,
    "administration-retention-delete": BUTTON,
    "administration-setup": PAGE,
    "administration-setting-new": FORM,
    "administration-setting": FORM,
    "administration-setting-delete": BUTTON,
}


def administration_address(desk: Desk, name: str) -> str:
    queue = {"queue_id": desk.support.pk}
    mailbox = {"mailbox_id": desk.mailbox.pk}
    arguments: dict[str, dict[str, Any]] = {
        "source": {"mail_id": desk.kept_out.pk},
        "mailbox": mailbox,
        "mailbox-switch": mailbox,
        "mailbox-delete": mailbox,
        "try": mailbox,
        "fetch": mailbox,
        "rule": {"rule_id": desk.rule.pk},
        "rule-move": {"rule_id": desk.rule.pk},
        "rule-switch": {"rule_id": desk.rule.pk},
        "rule-delete": {"rule_id": desk.rule.pk},
        "queue": queue,
        "queue-archive": queue,
        "retention-rule": {"rule_id": desk.retention.pk},
        "retention-try": {"rule_id": desk.retention.pk},
        "retention-switch": {"rule_id": desk.retention.pk},
        "retention-delete": {"rule_id": desk.retention.pk},
        "answer": queue | {"occasion": "received", "language": "ro"},
        "text": queue | {"language": "ro"},
        "setting-new": {"sort": "type"},
        "setting": {"sort": "type", "setting_id": desk.incident.pk},
        "setting-delete": {"sort": "type", "setting_id": desk.incident.pk},
    }
    return reverse(name, kwargs=arguments.get(name.removeprefix("administration-")))


def administration_form(desk: Desk, name: str) -> dict[str, Any]:
    chosen = {"mail": [desk.kept_out.pk]}
    rule = {"name": "Bank", "query": "from:@bank.example", "fate": "file", "priority": "high", "is_active": "on"}
    mailbox = {
        "name": "sales",
        "address": "sales@desk.example",
        "queue": desk.support.pk,
        "protocol": "none",
        "security": "tls",
        "sign_in_by": "password",
        "afterwards": "delete",
    }
    forms: dict[str, dict[str, Any]] = {
        "again": chosen,
        "by-hand": chosen | {"queue": desk.support.pk},
        "delete": chosen | {"sure": "yes"},
        "mailbox-new": mailbox,
        "mailbox": mailbox,
        "mailbox-switch": {"to": "off"},
        "rule-new": rule,
        "rule": rule,
        "rule-move": {"where": "up"},
        "rule-switch": {"to": "off"},
        "queue": {"follow_up": "reject", "languages": ["ro"], "signature": ""},
        "answer": {"subject": "Primit", "text": "Numărul {number}.", "is_active": "on"},
        "queue-archive": {"days": "90"},
        "retention-new": {"name": "Old trials", "query": "tag:trial", "after_months": 12, "act": "delete"},
        "retention-rule": {"name": "Old", "query": "queue:Support", "after_months": 36, "act": "anonymise"},
        "retention-switch": {"to": "off"},
        "text": {"salutation": "Bună ziua!", "signature": ""},
        "setting-new": {"name": "Request", "is_active": "on"},
        "setting": {"name": "Accident", "is_active": "on"},
    }
    return forms.get(name.removeprefix("administration-"), {})
