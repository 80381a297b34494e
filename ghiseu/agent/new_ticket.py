"""A ticket that an agent begins: a first mail to a customer, or a call written down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect, reswap

from ghiseu.agent import errors
from ghiseu.agent.forms import NewTicketForm
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.acts import status_of
from ghiseu.agent.ticket.choices import tomorrow_morning
from ghiseu.agent.typed import clean_text, files_of, send_at_of, unreadable
from ghiseu.mail.outbound.draft import opening_text
from ghiseu.mail.outbound.start import start_conversation
from ghiseu.people.models import Customer, Identity
from ghiseu.tickets.errors import DeskError, InvalidInput
from ghiseu.tickets.models import Article, Channel, Queue, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.ui.render import render_fragment, render_page
from ghiseu.ui.words import person

TEMPLATE = "agent/new_ticket.html"


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form; `customer` is the one from whose page it was opened."""

    channel: str
    queue: Queue
    customer: Customer | None = None
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    send_at: str = ""
    is_untouched: bool = False
    error: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def new_ticket(request: AgentRequest) -> HttpResponse:
    own = Queue.objects.visible_to(request.user).where(request.user, Right.CREATE)
    queues = list(own.active().order_by("name"))
    if not queues:
        return errors.forbidden(request)
    if request.method != "POST":
        return _page(request, queues, _empty(request, queues))
    try:
        article = _open(request, queues)
    except DeskError as refusal:
        return _refused(request, queues, refusal)
    address = reverse("ticket", args=[article.ticket.number])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _open(request: AgentRequest, queues: list[Queue]) -> Article:
    form = NewTicketForm(request.POST)
    if not form.is_valid():
        raise unreadable()
    typed = form.cleaned_data
    queue = next((queue for queue in queues if queue.pk == typed["queue"]), None)
    if queue is None:
        raise InvalidInput(_("This queue is no longer there for you. Choose another one."))
    text = clean_text(typed["text"])
    if text.strip() == _opening(request, queue, _customer(request, request.POST.get("customer", ""))).strip():
        raise InvalidInput(_("The message is empty. Write something first."))
    return start_conversation(
        queue,
        by=request.user,
        subject=clean_text(typed["subject"]),
        text=text,
        to=typed["to"],
        cc=typed["cc"],
        bcc=typed["bcc"],
        files=files_of(request),
        channel=Channel(typed["channel"]),
        send_at=send_at_of(request, typed["send_at"]) if typed["channel"] == Channel.EMAIL else None,
    )


def _refused(request: AgentRequest, queues: list[Queue], refusal: DeskError) -> HttpResponse:
    """With htmx only the reason appears, and everything typed stays where it is, files too; else the page with it."""
    status = status_of(refusal)
    if request.htmx:
        context = {"box_error": str(refusal)}
        return reswap(render_fragment(request, TEMPLATE, ["refusal"], context, status=status), "none")
    draft = _chosen(queues, request.POST.get("channel", ""), request.POST.get("queue", ""))
    draft = replace(
        draft,
        customer=_customer(request, request.POST.get("customer", "")),
        to=request.POST.get("to", ""),
        cc=request.POST.get("cc", ""),
        bcc=request.POST.get("bcc", ""),
        subject=request.POST.get("subject", ""),
        text=request.POST.get("text", ""),
        send_at=request.POST.get("send_at", ""),
        error=str(refusal),
    )
    return _page(request, queues, draft, status=status)


def _empty(request: AgentRequest, queues: list[Queue]) -> Draft:
    draft = _chosen(queues, request.GET.get("channel", ""), request.GET.get("queue", ""))
    customer = _customer(request, request.GET.get("customer", ""))
    text = "" if draft.channel == Channel.PHONE else _opening(request, draft.queue, customer)
    to = _address_of(customer) if customer else ""
    return replace(draft, customer=customer, to=to, text=text, is_untouched=True)


def _chosen(queues: list[Queue], channel: str, queue: str) -> Draft:
    return Draft(
        channel=Channel.PHONE if channel == Channel.PHONE else Channel.EMAIL,
        queue=next((one for one in queues if str(one.pk) == queue), queues[0]),
    )


def _customer(request: AgentRequest, typed: str) -> Customer | None:
    """The customer with this id, where the agent sees a ticket of theirs; else nobody, as on their page."""
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        return None
    found = Customer.objects.prefetch_related("identities").filter(pk=int(typed)).first()
    seen = found is not None and Ticket.objects.visible_to(request.user).of_customer(found).exists()
    return found if seen else None


def _address_of(customer: Customer) -> str:
    """Where mail reaches them, if anywhere: an address from which nothing came back first."""
    addresses = [one for one in customer.identities.all() if one.kind == Identity.Kind.EMAIL]
    best = min(addresses, key=lambda one: (one.bounced_at is not None, one.proven_at is None, one.pk), default=None)
    return person({"name": customer.name, "address": best.value}) if best else ""


def _opening(request: AgentRequest, queue: Queue, customer: Customer | None) -> str:
    customer = customer or Customer()
    return opening_text(Ticket(queue=queue, customer=customer, language=customer.language), by=request.user)


def _page(request: AgentRequest, queues: list[Queue], draft: Draft, *, status: int = 200) -> HttpResponse:
    context = {"queues": queues, "draft": draft, "tomorrow": tomorrow_morning()}
    return render_page(request, TEMPLATE, context, status=status)
