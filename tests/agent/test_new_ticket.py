"""Beginning a ticket: by a mail to the customer, or after a call."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.utils import timezone

from ghiseu.mail.models import OutboundMail
from ghiseu.people.models import Identity
from ghiseu.tickets.models import Article, Channel, QueueText, Ticket
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, make_customer, make_queue

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


def text(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def form(desk: Desk, **fields: object) -> dict[str, object]:
    return {
        "channel": "email",
        "queue": desk.support.pk,
        "to": "Oleg Boiko <oleg@other.example>",
        "subject": "Your domain",
        "text": "It expires soon.",
    } | fields


def test_a_mail_begins_a_ticket(desk: Desk, client: Client) -> None:
    file = SimpleUploadedFile("bill.pdf", b"%PDF", content_type="application/pdf")

    answer = client.post("/tickets/new/", form(desk, cc="boss@other.example", bcc="b@other.example", files=[file]))

    ticket = Ticket.objects.get(title="Your domain")
    article = ticket.articles.get()
    assert answer.headers["Location"] == f"/tickets/{ticket.number}/"
    assert (ticket.owner, ticket.queue, ticket.customer.name) == (desk.ana, desk.support, "Oleg Boiko")
    assert (article.channel, article.agent, article.attachments.get().filename) == ("email", desk.ana, "bill.pdf")
    assert OutboundMail.objects.filter(article=article).count() == 3


def test_a_call_begins_a_ticket_and_sends_nothing(desk: Desk, client: Client) -> None:
    client.post("/tickets/new/", form(desk, channel="phone", text="She cannot sign in.", bcc="b@other.example"))

    article = Article.objects.get(ticket__title="Your domain")
    shown = text(client.get(f"/tickets/{article.ticket.number}/"))
    assert (article.channel, article.from_address) == (Channel.PHONE, "oleg@other.example")
    assert not OutboundMail.objects.filter(article=article).exists()
    assert "Telephone</span>" in shown
    assert "written down by Ana Popescu" in shown


def test_the_first_mail_of_a_ticket_may_leave_later_and_a_call_never(desk: Desk, client: Client) -> None:
    at = (timezone.now() + dt.timedelta(days=3)).date()
    assert 'value="later"' in text(client.get("/tickets/new/"))

    client.post("/tickets/new/", form(desk, then="later", send_at=f"{at}T09:00"))

    assert OutboundMail.objects.get(article__ticket__title="Your domain").next_try_at.date() == at
    client.post("/tickets/new/", form(desk, channel="phone", subject="Call", then="later", send_at="2020-01-01T09:00"))
    assert Ticket.objects.filter(title="Call").exists()


def test_a_time_that_lies_behind_opens_no_ticket(desk: Desk, client: Client) -> None:
    refused = client.post("/tickets/new/", form(desk, then="later", send_at="2020-01-01T09:00"))

    assert (refused.status_code, Ticket.objects.filter(title="Your domain").exists()) == (422, False)
    assert 'value="2020-01-01T09:00"' in text(refused)


def test_a_refusal_keeps_everything_typed(desk: Desk, client: Client) -> None:
    refused = client.post("/tickets/new/", form(desk, subject=" ", cc="boss@other.example", channel="phone"))

    shown = text(refused)
    assert refused.status_code == 422
    assert "The ticket needs a subject" in shown
    assert "It expires soon.</textarea>" in shown
    assert 'value="Oleg Boiko &lt;oleg@other.example&gt;"' in shown
    assert 'value="boss@other.example"' in shown
    assert 'value="phone" checked' in shown
    assert f'<option value="{desk.support.pk}" selected' in shown


def test_with_htmx_a_refusal_is_one_line_and_success_leads_to_the_ticket(desk: Desk, client: Client) -> None:
    refused = client.post("/tickets/new/", form(desk, to="oleg at other"), headers=HTMX)
    done = client.post("/tickets/new/", form(desk), headers=HTMX)

    assert text(refused).strip().startswith('<p id="refusal"')
    assert done.headers["HX-Redirect"] == f"/tickets/{Ticket.objects.get(title='Your domain').number}/"


@pytest.mark.parametrize("channel", ["note", "", "fax"])
def test_no_other_channel_can_be_chosen(desk: Desk, client: Client, channel: str) -> None:
    assert client.post("/tickets/new/", form(desk, channel=channel)).status_code == 422
    assert not Ticket.objects.filter(title="Your domain").exists()


def test_only_queues_with_the_right_are_offered_and_taken(desk: Desk, client: Client) -> None:
    readable = make_queue("Sales")
    grant(desk.ana, readable, Right.READ, Right.REPLY)

    shown = text(client.get("/tickets/new/"))
    answers = [
        text(client.post("/tickets/new/", form(desk, queue=pk), headers=HTMX))
        for pk in (readable.pk, desk.billing.pk, 999_999)
    ]

    assert "Support</option>" in shown
    assert "Sales" not in shown
    assert "Billing" not in shown
    assert len(set(answers)) == 1
    assert not Ticket.objects.filter(title="Your domain").exists()


def test_the_page_is_offered_only_to_who_may(desk: Desk, client: Client) -> None:
    assert 'href="/tickets/new/" data-key="c"' in text(client.get("/"))
    assert f'href="/tickets/new/?queue={desk.support.pk}" data-key="c"' in text(
        client.get(f"/queues/{desk.support.pk}/")
    )
    assert 'href="/tickets/new/" data-key="c">' not in text(signed_in(desk.elena).get("/")).split('id="keys"')[0]


def test_from_the_customers_page_the_address_stands_there_already(desk: Desk, client: Client) -> None:
    customer = desk.ticket.customer
    Identity.objects.filter(customer=customer).update(bounced_at=timezone.now(), bounce_reason="550 gone")
    Identity.objects.create(customer=customer, value="vera@new.example", proven_at=timezone.now())
    page = text(client.get(f"/customers/{customer.pk}/"))
    assert "mail comes back: 550 gone" in page
    assert "proven</span>" in page

    shown = text(client.get(f"/tickets/new/?customer={customer.pk}"))

    assert f'href="/tickets/new/?customer={customer.pk}"' in page
    assert 'value="Vera Moraru &lt;vera@new.example&gt;"' in shown


def test_a_customer_of_other_queues_is_not_told(desk: Desk, client: Client) -> None:
    stranger = make_customer("secret@far.example", "Secret Person")

    shown = text(client.get(f"/tickets/new/?customer={stranger.pk}"))

    assert "secret@far.example" not in shown
    assert "Secret Person" not in shown


def test_the_text_opens_as_the_queue_wishes_and_is_nothing_typed(desk: Desk, client: Client) -> None:
    QueueText.objects.create(queue=desk.support, language="ro", salutation="Bună, {customer}!", signature="{agent}")
    customer = desk.ticket.customer
    opening = "Bună, Vera Moraru!\n\n\n\n-- \nAna Popescu"

    mail = text(client.get(f"/tickets/new/?customer={customer.pk}&queue={desk.support.pk}"))
    call = text(client.get(f"/tickets/new/?customer={customer.pk}&queue={desk.support.pk}&channel=phone"))
    refused = client.post("/tickets/new/", form(desk, text=opening, customer=customer.pk))

    assert f"{opening}</textarea>" in mail
    assert "Bună" not in call
    assert refused.status_code == 422
    assert "The message is empty" in text(refused)


def test_wanting_mail_is_kept(desk: Desk, client: Client) -> None:
    assert "ana@desk.example" in text(client.get("/me/"))

    client.post("/me/", {"language": "en", "time_zone": "Europe/Chisinau", "wants_mail": "on"})

    desk.ana.refresh_from_db()
    assert desk.ana.wants_mail is True
