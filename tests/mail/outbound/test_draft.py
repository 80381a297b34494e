import pytest

from ghiseu.mail.outbound.draft import opening_text
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models import Queue, QueueText
from tests.factories import make_queue, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(ana: Agent) -> Queue:
    return make_queue(full=[ana], signature="Support")


def test_the_box_opens_in_the_customers_language(queue: Queue, ana: Agent, vera: Customer) -> None:
    QueueText.objects.create(
        queue=queue, language="ro", salutation="Bună ziua, {customer},", signature="{agent}\nSuport"
    )

    assert (
        opening_text(make_ticket(queue, customer=vera), by=ana)
        == "Bună ziua, Vera Moraru,\n\n\n\n-- \nAna Popescu\nSuport"
    )


def test_another_language_gets_the_plain_signature(queue: Queue, ana: Agent, vera: Customer) -> None:
    QueueText.objects.create(queue=queue, language="uk", salutation="Вітаю!")

    assert opening_text(make_ticket(queue, customer=vera), by=ana) == "\n\n-- \nSupport"


def test_without_any_text_the_box_is_empty(ana: Agent) -> None:
    assert opening_text(make_ticket(make_queue("Quiet", full=[ana])), by=ana) == ""


def test_a_customers_name_fills_no_placeholder(queue: Queue, ana: Agent, vera: Customer) -> None:
    vera.name = "{agent}"
    vera.save()
    QueueText.objects.create(queue=queue, language="ro", salutation="{customer}")

    assert opening_text(make_ticket(queue, customer=vera), by=ana).startswith("{agent}\n")
