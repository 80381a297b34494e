"""Changing what the desk says for a queue: automatic answers, salutations and signatures, and how it takes answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from ghiseu.mail.models import AutoResponse
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Calendar, Queue, QueueText, Sla
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)

# What may stand in braces in an automatic answer; nothing that the sender chose is among it (promise O6).
IN_AUTOMATIC_ANSWERS = ("number", "queue")
IN_ANSWERS = ("customer", "agent")
_PLACEHOLDER = re.compile(r"\{([^{}\s]{1,40})\}")


def check_placeholders(text: str, known: tuple[str, ...]) -> None:
    """Raises InvalidInput for braces that nothing would fill, which a customer would read as they are."""
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            names = ", ".join(f"{{{one}}}" for one in known)
            raise InvalidInput(
                _("Nothing is filled in for {%(name)s} here. It can be: %(known)s.") % {"name": name, "known": names}
            )


def set_auto_response(answer: AutoResponse, *, by: Agent) -> None:
    """Keep an automatic answer, new or changed; one without subject and text is removed, and nothing is answered.

    Raises NotAdministrator, and InvalidInput for unknown placeholders or where only subject or text is missing.
    """
    require_administrator(by)
    check_placeholders(f"{answer.subject}\n{answer.text}", IN_AUTOMATIC_ANSWERS)
    key: dict[str, Any] = {"queue": answer.queue, "occasion": answer.occasion, "language": answer.language}
    if not answer.subject and not answer.text:
        AutoResponse.objects.filter(**key).delete()
    elif not answer.subject or not answer.text:
        raise InvalidInput(_("An automatic answer needs a subject and a text. To have none, empty both."))
    else:
        values = {"subject": answer.subject, "text": answer.text, "is_active": answer.is_active}
        AutoResponse.objects.update_or_create(**key, defaults=values)
    log.info(
        "automatic_answer_changed",
        queue=answer.queue_id,
        occasion=answer.occasion,
        language=answer.language,
        by=by.login,
    )


def set_queue_text(text: QueueText, *, by: Agent) -> None:
    """Keep how answers begin and end in one language; without either, the queue's plain signature serves.

    Raises NotAdministrator, and InvalidInput for unknown placeholders.
    """
    require_administrator(by)
    check_placeholders(f"{text.salutation}\n{text.signature}", IN_ANSWERS)
    key: dict[str, Any] = {"queue": text.queue, "language": text.language}
    if text.salutation or text.signature:
        values = {"salutation": text.salutation, "signature": text.signature}
        QueueText.objects.update_or_create(**key, defaults=values)
    else:
        QueueText.objects.filter(**key).delete()
    log.info("queue_text_changed", queue=text.queue_id, language=text.language, by=by.login)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a queue takes mail: what answers to closed tickets do, when somebody is there, what is promised, in which
    languages, and the signature for languages without texts."""

    follow_up: str
    calendar: Calendar | None
    sla: Sla | None
    languages: Sequence[str]
    signature: str


def set_manner(queue: Queue, manner: Manner, *, by: Agent) -> None:
    """Keep how a queue takes mail. Clocks that run already keep their times.

    Raises NotAdministrator, InvalidInput for unknown placeholders.
    """
    require_administrator(by)
    check_placeholders(manner.signature, IN_ANSWERS)
    with transaction.atomic():
        held = Queue.objects.select_for_update().get(pk=queue.pk)
        held.follow_up, held.signature, held.languages = manner.follow_up, manner.signature, list(manner.languages)
        held.calendar, held.sla = manner.calendar, manner.sla
        held.save(update_fields=["follow_up", "signature", "languages", "calendar", "sla"])
    log.info("queue_changed", queue=queue.pk, by=by.login)
