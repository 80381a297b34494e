"""Erasing what a closed ticket says and whom it is about. A skeleton stays, so that no number of a report changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.erasing import anonymous_customer, forget_customer
from ghiseu.people.models import Customer, Identity
from ghiseu.tickets.blobs import doubt
from ghiseu.tickets.history import record
from ghiseu.tickets.models import (
    Article,
    Attachment,
    CustomField,
    ImportedTicket,
    Kind,
    LegalHold,
    RetentionRule,
    State,
    StateType,
    Ticket,
)
from ghiseu.tickets.relations import rows_naming

Act = RetentionRule.Act
# What the rooms above hold of these articles is forgotten in the same transaction; how much that was, or None where
# something of it is still under way and the ticket has to wait.
Forget = Callable[[Sequence[int]], int | None]
# What goes with a ticket without being told, but for its articles and for what keeps an import from making it again.
_NOT_BY_ITSELF = (Article, ImportedTicket)


@dataclass(frozen=True, slots=True)
class Erased:
    """What one ticket lost, in numbers."""

    articles: int
    files: int
    mails: int


def erase_ticket(ticket_id: int, *, act: RetentionRule.Act, rule: str, forget: Forget) -> Erased | None:
    """Anonymise or delete a closed ticket, whole or not at all; None where it is left alone.

    Anonymised, it keeps its articles without words, names, addresses, files and originals. Deleted, it has no articles
    and the state "removed". Both ways the number, queue, times, counts, agents, type and service stay, the history
    stays without what may name anybody, and the customer is nobody. A customer without other tickets is forgotten.
    Left alone is what is open, erased already, under legal hold, held by somebody else at this moment, or has mail
    that is still to leave.
    """
    with transaction.atomic():
        ticket = _take_closed(ticket_id, act)
        if ticket is None or LegalHold.objects.on_ticket(ticket).exists():
            return None
        article_ids = list(ticket.articles.order_by("pk").values_list("pk", flat=True))
        mails = forget(article_ids)
        if mails is None:
            return None
        files = _let_files_go(article_ids)
        customer = ticket.customer
        _reduce(ticket, act)
        with connection.cursor() as cursor:
            cursor.execute("SELECT tickets_forget_events(%s, %s)", [ticket.pk, act == Act.DELETE])
        LegalHold.objects.filter(ticket=ticket).update(reason="…")
        if act == Act.DELETE:
            Article.objects.filter(pk__in=article_ids).delete()
        else:
            _empty(article_ids)
        if customer.pk != ticket.customer_id and not Ticket.objects.of_customer(customer).exists():
            LegalHold.objects.filter(customer=customer).update(reason="…")
            forget_customer(customer)
        record(ticket, Kind.DELETED if act == Act.DELETE else Kind.ANONYMISED, by=None, rule=rule)
    return Erased(len(article_ids), files, mails)


def not_yet(act: RetentionRule.Act) -> Q:
    """Tickets to which this was not done yet: what was anonymised may still be deleted, not the other way round."""
    if act == Act.DELETE:
        return Q(erased_at__isnull=True) | ~Q(state_type=StateType.REMOVED)
    return Q(erased_at__isnull=True)


def _take_closed(ticket_id: int, act: RetentionRule.Act) -> Ticket | None:
    """The ticket, its customer and their addresses, all held.

    A legal hold that is placed meanwhile waits, and then finds it erased. So does a mail from one of the addresses,
    which then makes a customer anew; where it comes first, the ticket is left alone.
    """
    closed = Ticket.objects.closed().filter(not_yet(act), pk=ticket_id)
    ticket = closed.select_for_update(of=("self",), skip_locked=True).select_related("queue", "state").first()
    if ticket is None:
        return None
    # Addresses before their customer, as a mail that is filed holds them.
    identities = Identity.objects.filter(customer=ticket.customer_id)
    if len(identities.select_for_update(skip_locked=True)) < identities.count():
        return None
    ticket.customer = Customer.objects.select_for_update().get(pk=ticket.customer_id)
    return ticket


def _let_files_go(article_ids: list[int]) -> int:
    """Attachments and originals are no longer named; whether anybody else needs their bytes is asked later."""
    attached = Attachment.objects.filter(article__in=article_ids)
    files = list(attached.values_list("blob_id", flat=True))
    originals = Article.objects.filter(pk__in=article_ids, raw__isnull=False).values_list("raw_id", flat=True)
    doubt([*files, *filter(None, originals)])
    _clear(Article, article_ids)
    return len(files)


def _clear(model: type[Model], ids: list[int]) -> None:
    """Whatever belongs to these rows and would go with them goes, also what later releases will hang on them."""
    for rows in rows_naming(model, ids, going_along=True):
        if rows.model not in _NOT_BY_ITSELF:
            rows.delete()


def _reduce(ticket: Ticket, act: RetentionRule.Act) -> None:
    """The ticket's own row. Of the desk's own fields only what was chosen from a list is sure to name nobody."""
    now = timezone.now()
    chosen = (CustomField.Kind.CHOICE, CustomField.Kind.YES_NO)
    harmless = set(CustomField.objects.filter(kind__in=chosen).values_list("name", flat=True))
    values: dict[str, Any] = {
        "title": _("(anonymised)"),
        "last_words": "",
        "customer": anonymous_customer(),
        "related": None,
        "fields": {name: value for name, value in ticket.fields.items() if name in harmless},
        "archived_at": ticket.archived_at or now,
        "erased_at": now,
    }
    if act == Act.DELETE:
        removed = State.objects.filter(type=StateType.REMOVED).order_by("-is_active", "pk")[0]
        values |= {"title": _("(deleted)"), "fields": {}, "tags": []}
        values |= {"state": removed, "state_type": StateType.REMOVED}
    for name, value in values.items():
        setattr(ticket, name, value)
    ticket.save(update_fields=list(values))
    # A ticket that points here would say whose this one was.
    Ticket.objects.filter(related=ticket).update(related=None)
    _clear(Ticket, [ticket.pk])


def _empty(article_ids: list[int]) -> None:
    nothing = dict.fromkeys(
        ("from_name", "from_address", "subject", "message_id", "in_reply_to", "text", "reply_text", "html"), ""
    )
    Article.objects.filter(pk__in=article_ids).update(**nothing, to=[], cc=[], reply_to=[], raw=None, customer=None)
