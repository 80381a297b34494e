from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.html import html_to_text
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.body import SEVEN_BIT, add_file
from ghiseu.mail.outbound.compose import MOST_REFERENCES, addressing, compose
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, receive_message, write_note
from ghiseu.tickets.models import Article, Ticket
from tests.factories import make_customer, make_mailbox, make_message, make_queue, make_ticket

pytestmark = pytest.mark.django_db
PERSON = "Вера Морару, директор"


@pytest.fixture
def ticket(ana: Agent) -> Ticket:
    queue = make_queue("Suport::Găzduire", full=[ana], sender_name="Ajutor Găzduire")
    make_mailbox(queue)
    return make_ticket(queue, subject="Сайт не работает")


def answer(ticket: Ticket, by: Agent, **fields: Any) -> OutboundMail:
    article = send_reply(ticket, by=by, **({"text": "We look at it.", "to": "vera@site.example"} | fields))
    return OutboundMail.objects.filter(article=article).order_by("pk")[0]


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: Message, subtype: str = "plain") -> str:
    """The readable body, of the two that say the same."""
    part = next(part for part in message.walk() if part.get_content_type() == f"text/{subtype}")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_an_answer_says_who_writes_to_whom_about_what(ticket: Ticket, ana: Agent) -> None:
    mail = answer(ticket, ana, to=f'"{PERSON}" <vera@site.example>, sef@site.example', cc="oleg@other.example")

    message = read(compose(mail))

    assert str(message["From"]) == "Ajutor Găzduire <support@desk.example>"
    assert [(one.display_name, one.addr_spec) for one in message["To"].addresses] == [
        (PERSON, "vera@site.example"),
        ("", "sef@site.example"),
    ]
    assert str(message["Cc"]) == "oleg@other.example"
    assert message["Subject"] == f"Re: Сайт не работает [#{ticket.number}]"
    assert message["Message-ID"] == f"<{mail.article.message_id}>"
    assert message["In-Reply-To"] == message["References"] == "<first@site.example>"
    assert message["Content-Language"] == "ro"
    assert message["Date"].datetime == mail.article.created_at.replace(microsecond=0)
    assert text_of(message) == "We look at it.\n"
    assert set(message.keys()) == {
        *("Date", "Message-ID", "From", "To", "Cc", "Subject", "In-Reply-To", "References", "Content-Language"),
        *("MIME-Version", "Content-Type"),
    }


def test_the_agents_own_address_and_the_blind_copies_stand_nowhere(ticket: Ticket, ana: Agent) -> None:
    mail = answer(ticket, ana, bcc="secret@site.example")

    raw = compose(mail)

    assert b"secret@site.example" not in raw
    assert ana.email.encode() not in raw


def test_a_mail_that_goes_only_to_blind_copies_has_no_empty_field(ticket: Ticket, ana: Agent) -> None:
    mail = answer(ticket, ana)
    Article.objects.filter(pk=mail.article_id).update(to=[])
    mail = OutboundMail.objects.get(pk=mail.pk)

    assert read(compose(mail))["To"] is None


def test_each_try_makes_the_same_bytes(ticket: Ticket, ana: Agent) -> None:
    mail = answer(ticket, ana, files=[NewFile("raport.pdf", "application/pdf", b"%PDF-")], cc="b@c.example")
    first = compose(OutboundMail.objects.get(pk=mail.pk))
    other = OutboundMail.objects.filter(article=mail.article).last()
    assert other is not None
    write_note(ticket, text="only for us", by=ana)
    receive_message(ticket, make_message(message_id="later@site.example"), customer=make_customer())

    assert compose(OutboundMail.objects.get(pk=mail.pk)) == compose(other) == first


def test_a_thread_hangs_together_and_notes_stay_out_of_it(ticket: Ticket, ana: Agent) -> None:
    first = answer(ticket, ana).article
    write_note(ticket, text="only for us", by=ana)
    receive_message(ticket, make_message(message_id="second@site.example"), customer=make_customer())

    message = read(compose(answer(ticket, ana)))

    assert message["In-Reply-To"] == "<second@site.example>"
    assert message["References"].split() == [
        "<first@site.example>",
        f"<{first.message_id}>",
        "<second@site.example>",
    ]


def test_long_message_ids_are_never_encoded_or_cut(ticket: Ticket, ana: Agent) -> None:
    long = "a" * 300 + "@" + "b" * 300 + ".example"
    receive_message(ticket, make_message(message_id=long), customer=make_customer())

    raw = compose(answer(ticket, ana))

    assert f"In-Reply-To: <{long}>\r\n".encode() in raw
    assert read(raw)["References"].split()[-1] == f"<{long}>"


def test_a_long_conversation_keeps_its_first_message_and_its_latest(ticket: Ticket, ana: Agent) -> None:
    for number in range(30):
        receive_message(ticket, make_message(message_id=f"m{number}@site.example"), customer=make_customer())

    references = read(compose(answer(ticket, ana)))["References"].split()

    assert len(references) == MOST_REFERENCES
    assert references[0] == "<first@site.example>"
    assert references[-2:] == ["<m28@site.example>", "<m29@site.example>"]


@pytest.mark.parametrize("strange", ["a b@c", "x@y>\r\nBcc: <z@z", "x" * 2000 + "@y", "ключ@site.example", "no-at"])
def test_what_is_no_message_id_is_left_out(ticket: Ticket, ana: Agent, strange: str) -> None:
    receive_message(ticket, make_message(message_id=strange), customer=make_customer())

    message = read(compose(answer(ticket, ana)))

    assert message["In-Reply-To"] is None
    assert message["References"] == "<first@site.example>"


@pytest.mark.parametrize(
    ("name", "content_type", "shown_type"),
    [
        ("raport.pdf", "application/pdf", "application/pdf"),
        ("счёт за ноябрь 2026 года для общества с ограниченной ответственностью.pdf", "", "application/octet-stream"),
        ("factură (ediția „nouă”).txt", "text/plain", "text/plain"),
        ('quote " and \\ back.txt', "TEXT/HTML", "text/html"),
        ("文件.zip", "application/zip; name=x", "application/octet-stream"),
        ("a.eml", "message/rfc822", "application/octet-stream"),
        ("x" * 240 + ".log", "text/plain\r\nBcc: a@b", "application/octet-stream"),
    ],
)
def test_attachments_keep_their_name_and_their_bytes(
    ticket: Ticket, ana: Agent, name: str, content_type: str, shown_type: str
) -> None:
    content = bytes(range(256)) * 300

    message = read(compose(answer(ticket, ana, files=[NewFile(name, content_type, content)])))

    body, attachment = message.iter_parts()
    assert text_of(body) == "We look at it.\n"
    assert attachment.get_filename() == name
    assert attachment.get_content_type() == shown_type
    assert attachment.get_payload(decode=True) == content
    assert attachment.get_content_disposition() == "attachment"


def test_line_breaks_in_names_and_subject_add_no_header(ticket: Ticket, ana: Agent) -> None:
    mail = answer(ticket, ana, files=[NewFile("a\r\nBcc: x@y.txt", "text/plain", b"content")])
    Article.objects.filter(pk=mail.article_id).update(
        subject="Hello\r\nBcc: victim@site.example\n\nbody",
        from_name="Desk\r\nBcc: victim@site.example",
        to=[{"name": "Vera\nBcc: victim@site.example", "address": "vera@site.example\r\nBcc: victim@site.example"}],
        cc=[{"name": "Vera\nBcc: victim@site.example", "address": "vera@site.example"}],
    )

    message = read(compose(OutboundMail.objects.get(pk=mail.pk)))

    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: victim@site.example body"
    assert [one.addr_spec for one in message["Cc"].addresses] == ["vera@site.example"]
    assert list(message.iter_parts())[1]["Bcc"] is None


def test_an_address_in_another_script_is_shown_with_its_domain_written_for_the_dns(ticket: Ticket, ana: Agent) -> None:
    message = read(compose(answer(ticket, ana, to="Вера <вера@почта.example>, vera@почта.example")))

    assert message["To"].groups[0].display_name == "Вера вера@xn--80a1acny.example"
    assert [one.addr_spec for one in message["To"].addresses] == ["vera@xn--80a1acny.example"]


def test_the_text_arrives_as_written_in_lines_that_every_server_takes(ticket: Ticket, ana: Agent) -> None:
    text = "> Сайт не работает\n\nBună! " + "lung " * 900 + "\n.\n.point\nFrom here\n--=_x\n\nfine"

    raw = compose(answer(ticket, ana, text=text))

    assert text_of(read(raw)) == text + "\n"
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


@given(name=st.text(max_size=120), subject=st.text(max_size=300), filename=st.text(max_size=120))
def test_nothing_typed_can_add_a_header_or_a_recipient(name: str, subject: str, filename: str) -> None:
    article = Article(subject=subject, to=[{"name": name, "address": "vera@site.example"}])
    raw = "".join(addressing(article)).encode("ascii")
    part = EmailMessage(policy=SEVEN_BIT)
    add_file(part, b"content", "text/plain", filename)

    message = email.message_from_bytes(raw + b"\r\nbody", policy=email.policy.default)

    assert [one.addr_spec for one in message["To"].addresses] == ["vera@site.example"]
    assert set(message.keys()) <= {"To", "Subject"}
    assert message.get_payload() == "body"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parts = list(read(part.as_bytes()).iter_parts())
    assert [one.get_payload(decode=True) for one in parts] == [b"content"]
    assert set(parts[0].keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}


def test_the_html_says_the_same_with_links_and_quotes(ticket: Ticket, ana: Agent) -> None:
    text = "See https://site.example/a?b=1&c=2 <b>now</b>\n> old\n>> older\nEnd"

    message = read(compose(answer(ticket, ana, text=text)))

    html = text_of(message, "html")
    assert message.get_content_type() == "multipart/alternative"
    assert '<a href="https://site.example/a?b=1&amp;c=2">https://site.example/a?b=1&amp;c=2</a>' in html
    assert "&lt;b&gt;now&lt;/b&gt;" in html
    assert (html.count("<blockquote"), html.count("</blockquote>")) == (2, 2)
    assert html_to_text(html).replace(">", "").split() == text.replace(">", "").split()


def test_pictures_of_the_html_travel_inside_it(ticket: Ticket, ana: Agent) -> None:
    picture = NewFile("logo.png", "image/png", b"\x89PNG picture", is_inline=True, content_id="logo@desk.example")
    mail = answer(ticket, ana, files=[picture, NewFile("a.txt", "text/plain", b"hi")])
    Article.objects.filter(pk=mail.article.pk).update(
        html='<p>Look: <img src="cid:logo@desk.example"></p><script>x</script>'
    )
    mail = OutboundMail.objects.get(pk=mail.pk)

    raw = compose(mail)

    message = read(raw)
    related = next(part for part in message.walk() if part.get_content_type() == "multipart/related")
    html, image = related.iter_parts()
    assert 'src="cid:logo@desk.example"' in text_of(html, "html")
    assert "script" not in text_of(html, "html")
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo@desk.example>", "inline")
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.txt"]
    assert raw == compose(mail)
