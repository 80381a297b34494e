"""What joins a ticket, and what must not."""

import pytest
from django.test import override_settings

from ghiseu.mail.inbound.followup import belonging_of
from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.message_ids import Conversation, OurMessage, new_message_id, read_message_id
from ghiseu.mail.outbound.third_party import write_to_third_party
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models import Article, Queue, SenderSign, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, make_article, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db
OLEG = "Oleg <oleg@other.example>"


@pytest.fixture
def article(vera: Customer) -> Article:
    return make_article(make_queue(), customer=vera, message_id="hers@site.example")


def belonging(sign: SenderSign = SenderSign.UNKNOWN, **fields: str) -> tuple[Ticket | None, Ticket | None, bool]:
    found = belonging_of(parse_mail(mail_bytes(**fields)), sign)
    return found.joins, found.points_to, found.is_verified


def test_our_signed_message_id_joins(article: Article) -> None:
    ours = new_message_id(article.ticket)

    assert belonging(in_reply_to=ours) == (article.ticket, None, True)
    assert belonging(references=f"<hers@site.example> <{ours}>") == (article.ticket, None, True)


def test_a_stranger_who_holds_our_message_joins_as_unverified(article: Article) -> None:
    assert belonging(in_reply_to=new_message_id(article.ticket), sender=OLEG) == (article.ticket, None, False)


def test_the_number_joins_only_with_a_known_participant(article: Article) -> None:
    subject = f"Re: Site down [#{article.ticket.number}]"

    assert belonging(subject=subject) == (article.ticket, None, False)
    assert belonging(subject=subject, sender="VERA@Site.Example") == (article.ticket, None, False)
    assert belonging(subject=subject, sender=OLEG) == (None, article.ticket, True)


@pytest.mark.parametrize(
    ("number", "subject"),
    [
        ("2024030110000017", "Re: [Ticket#2024030110000017] Site down"),
        ("2024030110000017", "AW: Site down #2024030110000017"),
        ("67001", "RE: [Ticket#67001] Site down"),
        ("4711", "Re: [desk.example #4711] Site down"),
        ("HD-4711", "Re: Ticket#: HD-4711 Site down"),
    ],
)
def test_the_number_of_a_former_desk_joins_as_our_own(article: Article, number: str, subject: str) -> None:
    Ticket.objects.filter(pk=article.ticket_id).update(number=number)

    assert belonging(subject=subject) == (article.ticket, None, False)
    assert belonging(subject=subject, sender=OLEG) == (None, article.ticket, True)


@pytest.mark.parametrize("subject", ["Order #4711", "Invoice 4711", "[4711]", "Ticket#47110", "Ticket#4711-2"])
def test_a_short_number_that_names_no_ticket_joins_nothing(article: Article, subject: str) -> None:
    Ticket.objects.filter(pk=article.ticket_id).update(number="4711")

    assert belonging(subject=subject) == (None, None, True)


def test_who_forges_an_address_takes_no_part_and_who_proves_it_is_verified(article: Article) -> None:
    subject, ours = f"Re: Site down [#{article.ticket.number}]", new_message_id(article.ticket)

    assert belonging(SenderSign.PROVEN, subject=subject) == (article.ticket, None, True)
    assert belonging(SenderSign.FORGED, subject=subject) == (None, article.ticket, True)
    assert belonging(SenderSign.FORGED, in_reply_to=ours) == (article.ticket, None, False)


def test_a_foreign_message_id_opens_nothing(article: Article) -> None:
    assert belonging(in_reply_to="hers@site.example") == (None, article.ticket, True)
    assert belonging(in_reply_to="hers@site.example", sender=OLEG) == (None, None, True)


def test_guessed_and_changed_message_ids_are_worth_nothing(article: Article) -> None:
    ours = new_message_id(article.ticket)
    number, nonce, rest = ours.split(".", 2)
    other = f"t{article.ticket.pk + 1}"
    flipped = rest[:5] + ("0" if rest[5] != "0" else "1") + rest[6:]

    for forged in (
        f"{other}.{nonce}.{rest}",
        f"{number}.{'0' * 16}.{rest}",
        f"{number}.{nonce}.{flipped}",
        f"{number}.x@y",
    ):
        assert read_message_id(forged) is None
        assert belonging(in_reply_to=forged) == (None, None, True)


def test_a_message_id_of_an_older_key_is_still_ours(article: Article) -> None:
    with override_settings(SECRET_KEY="the key of last year, long enough"):
        old = new_message_id(article.ticket)

    assert read_message_id(old) is None
    with override_settings(SECRET_KEY_FALLBACKS=["the key of last year, long enough"]):
        assert read_message_id(old) == OurMessage(article.ticket.pk, Conversation.CUSTOMER)


def test_the_domain_of_our_message_ids_may_change(article: Article, ana: Agent) -> None:
    local = new_message_id(article.ticket).split("@")[0]

    assert read_message_id(f"<{local}@elsewhere.example>") == OurMessage(article.ticket.pk, Conversation.CUSTOMER)


def test_a_mail_without_a_sender_joins_nothing_by_number(article: Article) -> None:
    assert belonging(subject=f"[#{article.ticket.number}]", sender="") == (None, article.ticket, True)


def test_an_answer_to_a_third_party_message_stays_in_that_conversation(article: Article) -> None:
    asked = new_message_id(article.ticket, Conversation.THIRD_PARTY)

    found = belonging_of(parse_mail(mail_bytes(in_reply_to=asked, sender="registry@nic.example")))

    assert (found.joins, found.by_third_party) == (article.ticket, True)
    assert read_message_id("t" + asked[1:]) is None


def test_only_who_was_asked_answers_as_a_verified_third_party(article: Article, ana: Agent) -> None:
    ticket = article.ticket
    grant(ana, ticket.queue, Right.FULL)
    Queue.objects.filter(pk=ticket.queue_id).update(address="support@desk.example")
    ticket.refresh_from_db()
    asked = write_to_third_party(ticket, by=ana, text="Whose?", to="Help@nic.example", bcc="b@nic.example").message_id
    other = write_to_third_party(ticket, by=ana, text="Whose?", to="police@gov.example").message_id

    def verified(sender: str, sign: SenderSign = SenderSign.UNKNOWN, quoted: str = asked) -> bool:
        found = belonging_of(parse_mail(mail_bytes(in_reply_to=quoted, sender=sender)), sign)
        assert (found.joins, found.by_third_party, found.reopens) == (ticket, True, False)
        return found.is_verified

    assert verified("Registry <HELP@nic.example>")
    assert verified("b@nic.example")
    assert not verified("stranger@evil.example")
    assert not verified("police@gov.example")
    assert verified("police@gov.example", quoted=other)
    # The customer is no third party, and who forges an address is nobody.
    assert not verified("vera@site.example")
    assert not verified("help@nic.example", SenderSign.FORGED)
