"""Forgetting the mails of an erased ticket: the bytes go, and what must be known again stays without them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from ghiseu.mail.models import InboundMail, OutboundMail
from ghiseu.tickets.blobs import doubt


def forget_mails(article_ids: Sequence[int]) -> int | None:
    """Forget what came and went with these articles, in the caller's transaction; returns how many mails that were.

    Outgoing mails go. A mail that came in leaves its row and its fingerprint, so that the same mail, which may still
    lie on a server, is not taken for a new one (promise M2). None, and nothing is changed, where one is still to leave.
    """
    outgoing = OutboundMail.objects.filter(article__in=article_ids)
    if outgoing.filter(state=OutboundMail.State.WAITING).exists():
        return None
    count = outgoing.count()
    outgoing.delete()
    incoming = InboundMail.objects.filter(article__in=article_ids)
    doubt(incoming.values_list("raw_id", flat=True))
    return count + incoming.update(
        article=None, error="", trace=["forgotten: its ticket was erased"], forgotten_at=timezone.now()
    )
