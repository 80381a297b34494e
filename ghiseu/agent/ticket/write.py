"""Answers and notes. Which of the two it is stands in the address, so that what the agent saw is what happens (N2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import reswap, trigger_client_event

from ghiseu.agent.forms import WriteForm
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.acts import set_aside, status_of
from ghiseu.agent.ticket.page import TEMPLATE, Box, facts, show_ticket, visible_ticket
from ghiseu.lib.text import one_line, storable, unix_lines
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.tickets import actions
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.errors import ConversationMovedOn, DeskError, InvalidInput, TicketNotFound
from ghiseu.tickets.models import Ticket
from ghiseu.ui.render import render_fragment
from ghiseu.ui.words import file_size

_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,100}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")


@require_POST
def reply(request: AgentRequest, number: str) -> HttpResponse:
    return _write(request, number, "all" if request.POST.get("kind") == "all" else "reply", _send)


@require_POST
def note(request: AgentRequest, number: str) -> HttpResponse:
    return _write(request, number, "note", _note)


def _send(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    typed = form.cleaned_data
    send_reply(
        ticket,
        by=request.user,
        text=clean_text(typed["text"]),
        to=typed["to"],
        cc=typed["cc"],
        bcc=typed["bcc"],
        files=files_of(request),
        seen_article_id=typed["seen"],
    )
    _then(request, ticket)


def _note(request: AgentRequest, ticket: Ticket, form: WriteForm) -> None:
    actions.write_note(ticket, text=clean_text(form.cleaned_data["text"]), by=request.user, files=files_of(request))
    _then(request, ticket)


def _then(request: AgentRequest, ticket: Ticket) -> None:
    """What the button said beside "send": close, or wait; in the same transaction, so never only half of it."""
    if request.POST.get("then") == "close":
        actions.close_ticket(ticket, by=request.user)
    elif request.POST.get("then") == "pending":
        set_aside(request, ticket)


def _write(
    request: AgentRequest, number: str, kind: str, write: Callable[[AgentRequest, Ticket, WriteForm], None]
) -> HttpResponse:
    ticket = visible_ticket(request, number)
    form = WriteForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInput(_("The page sent something that cannot be read. Shorten the text or the addresses."))
        with transaction.atomic():
            write(request, ticket, form)
    except TicketNotFound as error:
        raise Http404 from error
    except DeskError as refusal:
        return _refused(request, ticket, kind, refusal)
    if not request.htmx:
        return redirect("ticket", number=number)
    now = visible_ticket(request, number)
    context = facts(request, now) | {"box": None, "error": "", "seen": 0}
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
    typed = {name: request.POST.get(name, "") for name in ("text", "to", "cc", "bcc", "until")}
    return show_ticket(request, ticket, box=Box(kind, error=str(refusal), **typed), status=status)


def clean_text(text: str) -> str:
    return unix_lines(storable(text))


def files_of(request: AgentRequest) -> list[NewFile]:
    """The files of the form. Raises InvalidInput where together they would make a mail that servers refuse."""
    uploads = request.FILES.getlist("files")
    # Base64 makes four bytes of three (RFC 2045 section 6.8), and the mail needs room for itself.
    most = settings.MAIL_MAX_BYTES * 7 // 10
    total = sum(upload.size or 0 for upload in uploads)
    if total > most:
        raise InvalidInput(
            _("The files have %(size)s together; at most %(most)s can be sent. Leave some out, or send a link.")
            % {"size": file_size(total), "most": file_size(most)}
        )
    return [
        NewFile(
            filename=one_line(upload.name or "") or _("file"),
            content_type=_known_type(upload.content_type),
            content=upload.read(),
        )
        for upload in uploads
    ]


def _known_type(claimed: str | None) -> str:
    lowered = (claimed or "").lower()
    return lowered if _CONTENT_TYPE.fullmatch(lowered) else "application/octet-stream"
