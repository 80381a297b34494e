import pytest

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.reply import recipients_for, send_reply, subject_of
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import write_note
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Kind, Ticket
from tests.factories import history_of, make_article, make_mailbox, make_queue, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(ana: Agent, vera: Customer) -> Article:
    queue = make_queue("Support::Hosting", full=[ana])
    make_mailbox(queue)
    to = [{"name": "", "address": "support@desk.example"}, {"name": "Boss", "address": "boss@site.example"}]
    return make_article(queue, customer=vera, to=to, cc=[{"name": "", "address": "copy@site.example"}])


def test_an_answer_is_an_article_and_one_mail_for_each_recipient(ana: Agent, article: Article) -> None:
    to, cc, bcc = "Vera Moraru <vera@site.example>", "Boss <boss@site.example>, VERA@site.example", "chief@desk.example"

    reply = send_reply(article.ticket, by=ana, text="Fixed.", to=to, cc=cc, bcc=bcc)

    sent = OutboundMail.objects.filter(article=reply).order_by("pk")
    assert [mail.recipient for mail in sent] == ["vera@site.example", "boss@site.example", "chief@desk.example"]
    assert {mail.sender for mail in sent} == {"support@desk.example"}
    assert (reply.from_name, reply.in_reply_to) == ("Hosting", "first@site.example")
    assert "chief" not in str(reply.to) + str(reply.cc)
    participants = article.ticket.participants.order_by("address").values_list("address", flat=True)
    assert list(participants) == ["boss@site.example", "vera@site.example"]


def test_a_note_queues_no_mail(ana: Agent, article: Article) -> None:
    write_note(article.ticket, text="Careful.", by=ana)

    assert not OutboundMail.objects.exists()


@pytest.mark.parametrize("to", ["", "vera", "vera@site.example, oleg", "<>", "a@b.example; nobody"])
def test_an_address_that_cannot_be_read_stops_everything(ana: Agent, article: Article, to: str) -> None:
    with pytest.raises(InvalidInput):
        send_reply(article.ticket, by=ana, text="Fixed.", to=to)

    assert history_of(article.ticket) == [Kind.CREATED]
    assert not OutboundMail.objects.exists()


def test_a_name_with_a_comma_is_one_recipient(ana: Agent, article: Article) -> None:
    reply = send_reply(article.ticket, by=ana, text="Fixed.", to='"Moraru, Vera" <vera@site.example>')

    assert reply.to == [{"name": "Moraru, Vera", "address": "vera@site.example"}]


def test_too_many_recipients_are_refused(ana: Agent, article: Article) -> None:
    with pytest.raises(InvalidInput, match="51"):
        send_reply(article.ticket, by=ana, text="x", to=", ".join(f"a{n}@site.example" for n in range(51)))


def test_a_queue_without_an_address_cannot_answer(ana: Agent) -> None:
    ticket = make_ticket(make_queue("Nowhere", full=[ana]))

    with pytest.raises(InvalidInput, match="Nowhere"):
        send_reply(ticket, by=ana, text="x", to="vera@site.example")


def test_who_wrote_gets_the_answer_and_everyone_the_answer_to_all(article: Article) -> None:
    vera = {"name": "Vera Moraru", "address": "vera@site.example"}
    others = [{"name": "Boss", "address": "boss@site.example"}, {"name": "", "address": "copy@site.example"}]

    alone, everyone = recipients_for(article, everyone=False), recipients_for(article, everyone=True)

    assert (alone.to, alone.cc) == ([vera], [])
    assert (everyone.to, everyone.cc) == ([vera], others)


def test_reply_to_comes_before_from(article: Article) -> None:
    article.reply_to = [{"name": "", "address": "answers@site.example"}]

    assert recipients_for(article, everyone=False).to == article.reply_to


def test_an_answer_to_our_own_message_goes_where_that_went(ana: Agent, article: Article) -> None:
    reply = send_reply(article.ticket, by=ana, text="Fixed.", to="vera@site.example", cc="boss@site.example")

    everyone = recipients_for(reply, everyone=True)
    assert [p["address"] for p in (*everyone.to, *everyone.cc)] == ["vera@site.example", "boss@site.example"]


@pytest.mark.parametrize("title", ["Site down", "Re: Site down", "RE: re: Site down", "Re: Site down [#{number}]"])
def test_the_subject_has_one_re_and_the_number_once(title: str) -> None:
    ticket = Ticket(number="20261122000420", title=title.format(number="20261122000420"))

    assert subject_of(ticket) == "Re: Site down [#20261122000420]"
