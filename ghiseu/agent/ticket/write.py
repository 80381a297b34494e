"""Everything that is written in a ticket. What it is stands in the address: what the agent saw is what happens (N2)."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import reswap, trigger_client_event

from ghiseu.agent.forms import WriteForm
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket import acts
from ghiseu.agent.ticket.acts import set_aside, status_of
from ghiseu.agent.ticket.box import TO_THIRD_PARTIES, again, gone, kept_files, message_of, typed_box
from ghiseu.agent.ticket.page import TEMPLATE, show_ticket, ticket_at_hand, visible_ticket, writing
from ghiseu.agent.typed import clean_text, files_of, send_at_of, unreadable
from ghiseu.mail.outbound.draft import opening_text
from ghiseu.mail.outbound.redirect import redirect_message
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.third_party import write_to_third_party
from ghiseu.mail.outbound.undo import take_back_message
from ghiseu.tickets import actions
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.errors import ConversationMovedOn, DeskError, InvalidInput, TicketNotFound
from ghiseu.tickets.models import Article, Ticket
from ghiseu.ui.render import render_fragment

Write = Callable[[AgentRequest, Ticket, WriteForm], None]


@require_POST
def reply(request: AgentRequest, number: str) -> HttpResponse:
    return _write(request, number, "all" if request.POST.get("kind") == "all" else "reply", _send)


@require_POST
def note(request: AgentRequest, number: str) -> HttpResponse:
    return _write(request, number, "note", _note)


@require_POST
def third_party(request: AgentRequest, number: str) -> HttpResponse:
    kind = request.POST.get("kind", "")
    return _write(request, number, kind if kind in TO_THIRD_PARTIES else "ask", _ask)


@require_POST
def redirect_on(request: AgentRequest, number: str) -> HttpResponse:
    return _write(request, number, "redirect", _redirect)


@require_POST
def take_back(request: AgentRequest, article_id: int) -> HttpResponse:
    """The message does not leave, and what stood in it stands in the box again."""
    seen = Article.objects.visible_to(request.user).select_related("ticket__queue")
    article = get_object_or_404(seen, pk=article_id)
    ticket = visible_ticket(request, article.ticket.number)
    try:
        take_back_message(article, by=request.user)
    except TicketNotFound as error:
        raise Http404 from error
    except DeskError as refusal:
        return acts.refused(request, ticket, refusal)
    if not request.htmx:
        place = reverse("ticket", args=[ticket.number])
        return redirect(f"{place}?write=again&article={article.pk}#answer")
    return _written(request, ticket.number, taken_back=article)


def _send(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    typed = form.cleaned_data
    text = clean_text(typed["text"])
    if text.strip() == opening_text(ticket, by=request.user).strip():
        raise InvalidInput(_("The answer is empty. Write something first."))
    send_reply(
        ticket,
        by=request.user,
        text=text,
        to=typed["to"],
        cc=typed["cc"],
        bcc=typed["bcc"],
        files=_files(request, ticket),
        seen_article_id=typed["seen"],
        send_at=send_at_of(request, typed["send_at"]),
    )
    _then(request, ticket)


def _note(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    actions.write_note(ticket, text=clean_text(form.cleaned_data["text"]), by=request.user, files=files_of(request))
    _then(request, ticket)


def _ask(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    typed, kind = form.cleaned_data, request.POST.get("kind", "")
    about = message_of(ticket, request.POST.get("article", ""), kind) if kind in ("forward", "answer") else None
    if about is None and kind in ("forward", "answer"):
        raise InvalidInput(gone())
    write_to_third_party(
        ticket,
        by=request.user,
        text=clean_text(typed["text"]),
        to=typed["to"],
        cc=typed["cc"],
        bcc=typed["bcc"],
        subject=clean_text(typed["subject"]),
        files=_files(request, ticket),
        passing_on=about if kind == "forward" else None,
        answering=about if kind == "answer" else None,
        send_at=send_at_of(request, typed["send_at"]),
    )
    _then(request, ticket)


def _redirect(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    article = message_of(ticket, request.POST.get("article", ""), "redirect")
    if article is None:
        raise InvalidInput(gone())
    redirect_message(article, to=form.cleaned_data["to"], by=request.user)


def _files(request: AgentRequest, ticket: Ticket) -> list[NewFile]:
    return files_of(request, kept=kept_files(ticket, request.POST.getlist("kept")))


def _then(request: AgentRequest, ticket: Ticket) -> None:
    """What the button said beside "send": close, or wait; in the same transaction, so never only half of it."""
    if request.POST.get("then") == "close":
        actions.close_ticket(ticket, by=request.user)
    elif request.POST.get("then") == "pending":
        set_aside(request, ticket)


def _write(request: AgentRequest, number: str, kind: str, write: Write) -> HttpResponse:
    ticket = ticket_at_hand(request, number)
    form = WriteForm(request.POST)
    try:
        if not form.is_valid():
            raise unreadable()
        with transaction.atomic():
            write(request, ticket, form)
    except TicketNotFound as error:
        raise Http404 from error
    except DeskError as refusal:
        return _refused(request, ticket, kind, refusal)
    return _written(request, number) if request.htmx else redirect("ticket", number=number)


def _written(request: AgentRequest, number: str, *, taken_back: Article | None = None) -> HttpResponse:
    """The place for writing as it is now; the rest of the page fetches its news."""
    now = visible_ticket(request, number)
    context = writing(request, now, box=again(now, taken_back) if taken_back else None)
    response = render_fragment(request, TEMPLATE, ["answer", "notices"], context)
    return trigger_client_event(response, "live:ticket", after="settle")


def _refused(request: AgentRequest, ticket: Ticket, kind: str, refusal: DeskError) -> HttpResponse:
    """With htmx only the reason appears and the box stays, its files too; else the page with what was typed."""
    status = status_of(refusal)
    if request.htmx:
        newest = ticket.articles.order_by("-pk").values_list("pk", flat=True).first()
        seen = newest if isinstance(refusal, ConversationMovedOn) else None
        context = {"box_error": str(refusal), "seen_now": seen}
        response = render_fragment(request, TEMPLATE, ["refusal"], context, status=status)
        response = trigger_client_event(response, "live:ticket", after="settle")
        return reswap(response, "none")
    return show_ticket(request, ticket, box=typed_box(ticket, kind, request.POST, error=str(refusal)), status=status)
