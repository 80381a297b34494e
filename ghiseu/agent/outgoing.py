"""Outgoing mail: what waits, what left, what the servers said, trying again and giving up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ghiseu.agent.http import AgentRequest, wants_fragment
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.again import try_again
from ghiseu.mail.outbound.undo import cancel_mail
from ghiseu.tickets.errors import DeskError, TicketNotFound
from ghiseu.tickets.models import Article, SenderType
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/outgoing.html"
PAGE_ROWS = 50


class Show(models.TextChoices):
    ALL = "all", gettext_lazy("All")
    WAITING = "waiting", gettext_lazy("Waiting")
    FAILED = "failed", gettext_lazy("Failed")
    SENT = "sent", gettext_lazy("Sent")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")


@require_safe
def outgoing(request: AgentRequest) -> HttpResponse:
    asked = request.GET.get("show", "")
    show = Show(asked) if asked in Show.values else Show.ALL
    mails = visible_mails(request)
    if show is not Show.ALL:
        mails = mails.filter(state=show.value)
    context = _page(mails, request) | {"show": show, "shows": Show, "here": request.get_full_path()}
    context["may_reply_in"] = set(queue_ids_with(request.user, Right.REPLY))
    context |= {"kind_of": kind_of, "recipient_of": recipient_of, "now": timezone.now()}
    context["folder"] = "" if settings.SMTP_URL else str(settings.OUTGOING_FOLDER)
    for side in ("next", "previous"):
        edge = {"after" if side == "next" else "before": context[side]}
        context[f"{side}_link"] = f"?{urlencode({'show': show.value} | edge)}" if context[side] else ""
    if wants_fragment(request, "outgoing"):
        return render_fragment(request, TEMPLATE, ["rows"], context)
    return render_page(request, TEMPLATE, context)


def visible_mails(request: AgentRequest) -> models.QuerySet[OutboundMail]:
    """Mails of articles that this agent may see."""
    seen = Article.objects.visible_to(request.user)
    mails = OutboundMail.objects.filter(article__in=seen)
    return mails.select_related("article__ticket__queue", "article__agent", "agent")


def kind_of(mail: OutboundMail) -> str:
    """What the mail is to who reads the page, in a word or two."""
    if mail.kind == OutboundMail.Kind.REDIRECT:
        return _("Redirected mail")
    if mail.kind == OutboundMail.Kind.NOTIFICATION:
        return _("Notification")
    if mail.article.sender_type == SenderType.SYSTEM:
        return _("Automatic answer")
    return _("Answer") if mail.article.is_visible_to_customer else _("To a third party")


def _page(mails: models.QuerySet[OutboundMail], request: AgentRequest) -> dict[str, Any]:
    """The page behind `after` or before `before`, newest first; a cursor is the id of a row."""
    after, before = _cursor(request, "after"), _cursor(request, "before")
    if before is not None:
        rows = list(mails.filter(pk__gt=before).order_by("pk")[: PAGE_ROWS + 1])
        more, rows = len(rows) > PAGE_ROWS, rows[:PAGE_ROWS][::-1]
        has_next, has_previous = True, more
    else:
        rows = list((mails.filter(pk__lt=after) if after is not None else mails).order_by("-pk")[: PAGE_ROWS + 1])
        has_next, has_previous, rows = len(rows) > PAGE_ROWS, after is not None, rows[:PAGE_ROWS]
    return {
        "mails": rows,
        "next": rows[-1].pk if rows and has_next else None,
        "previous": rows[0].pk if rows and has_previous else None,
    }


def _cursor(request: AgentRequest, name: str) -> int | None:
    typed = request.GET.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None


@require_POST
def again(request: AgentRequest, mail_id: int) -> HttpResponse:
    return _act(request, mail_id, try_again, _("The mail to %(recipient)s is tried again now."))


@require_POST
def cancel(request: AgentRequest, mail_id: int) -> HttpResponse:
    return _act(request, mail_id, cancel_mail, _("The mail to %(recipient)s is cancelled, and will not leave."))


def _act(request: AgentRequest, mail_id: int, act: Callable[..., OutboundMail], done: str) -> HttpResponse:
    mail = get_object_or_404(visible_mails(request), pk=mail_id)
    try:
        act(mail, by=request.user)
    except TicketNotFound as error:
        raise Http404 from error
    except DeskError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done % {"recipient": recipient_of(mail)})
    return redirect("outgoing")


def recipient_of(mail: OutboundMail) -> str:
    """The address; of a notification the agent's name, for their own address is theirs."""
    return mail.agent.name if mail.agent else mail.recipient
