"""Which of the mails that wait are filed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import InterfaceError, OperationalError

from ghiseu.mail.inbound.bounced import ours_in_notice
from ghiseu.mail.inbound.by_agent import notification_in
from ghiseu.mail.inbound.claim import put_aside, refuse_deadly
from ghiseu.mail.inbound.followup import quoted_ids
from ghiseu.mail.inbound.incoming import Incoming
from ghiseu.mail.models import InboundMail

# Of raw mail in one batch, which is read into memory: what a small machine has to spare.
MOST_BYTES = 8 * 1024 * 1024


def batches(mails: Iterable[InboundMail]) -> Iterator[list[Incoming]]:
    """The mails, read, in their order, those together that can be filed together; what cannot be read is put aside."""
    batch, size = list[Incoming](), 0
    for one in _read(mails):
        alone = _stands_alone(one)
        if batch and (alone or size + one.mail.raw.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.mail.raw.size
        if alone:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(mails: Iterable[InboundMail]) -> Iterator[Incoming]:
    for mail in mails:
        try:
            refuse_deadly(mail)
            yield Incoming.read(mail)
        except (OperationalError, InterfaceError):
            raise  # the database is in trouble, not the mail
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one mail must not stop the next
            put_aside(mail, error)


def _stands_alone(one: Incoming) -> bool:
    """An agent's answer changes who takes part; a notice that an answer came back, which addresses work."""
    return bool(ours_in_notice(one.parsed) or notification_in(quoted_ids(one.parsed)))
