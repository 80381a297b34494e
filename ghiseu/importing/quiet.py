"""Nothing leaves this desk and nobody is told because of an import."""

from __future__ import annotations

from ghiseu.importing.incoming import Row
from ghiseu.importing.report import Report
from ghiseu.importing.schema import Model
from ghiseu.mail.models import IMPORT, InboundMail, OutboundMail

NOT_SENT = "outgoing mails had not left the other desk; they are here as cancelled, and nothing is sent"
IN_SILENCE = "mails had not been filed by the other desk; they are filed here in silence"
_CANCELLED = "Not sent: it was waiting in another desk when it was imported from there."


def quieten(model: Model, row: Row, report: Report) -> None:
    """What would be sent stays; what would be answered is filed as old mail is."""
    if model is OutboundMail and row.get("state", OutboundMail.State.WAITING) == OutboundMail.State.WAITING:
        row["state"], row["answer"] = OutboundMail.State.CANCELLED.value, _CANCELLED
        report.notes[NOT_SENT] += 1
    if model is InboundMail and row.get("state", InboundMail.State.RECEIVED) == InboundMail.State.RECEIVED:
        if row["channel"] != IMPORT:
            report.notes[IN_SILENCE] += 1
        row["channel"] = IMPORT
