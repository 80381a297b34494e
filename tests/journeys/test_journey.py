"""One mail from the customer to the agent and back again, through everything that is real."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.desk import AgentAtWork, Desk, open_desk, postgresql_15, wait_for
from tests.journeys.mailhouse import DESK, OLEG, PEOPLE, VERA, MailHouse

pytestmark = pytest.mark.journey

TITLE = "Сайт не работает după mutare"
QUESTION = "Bună ziua, сайт не работает."
ANSWER = "We have moved it back: totul e în regulă."
SECRET = "The customer pays late; nobody outside may read this."
SECOND = "Mulțumesc, now it works again."
STRANGE = "Let me in, I know the number."
FILE_NAME = "Счёт – factură №1.pdf"


def mail_of(sender: str, subject: str, text: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, DESK, subject
    message["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


class Story:
    """The journey in steps; between any two of them anything may happen to the desk."""

    def __init__(self, house: MailHouse, desk: Desk, agent: AgentAtWork, folder: Path) -> None:
        self.house, self.desk, self.agent = house, desk, agent
        self.file = folder / FILE_NAME
        self.content = random.Random(1).randbytes(300_000)
        self.file.write_bytes(self.content)
        self.received = EmailMessage()

    def steps(self) -> Iterator[Callable[[], None]]:
        yield self.the_customer_writes
        yield self.the_ticket_appears
        yield self.the_agent_writes_a_note
        yield self.the_agent_answers
        yield self.the_customer_receives
        yield self.the_customer_answers
        yield self.the_answer_appears

    def the_customer_writes(self) -> None:
        self.house.send(mail_of(f"Vera Moraru <{VERA}>", TITLE, QUESTION, Message_ID="<question@site.example>"))

    def the_ticket_appears(self) -> None:
        self.agent.see_in_list(TITLE)
        wait_for("the mail has left the server", lambda: self.house.count(DESK) == 0)
        self.agent.open_ticket(TITLE)
        self.agent.see_in_ticket(QUESTION, "customer")

    def the_agent_writes_a_note(self) -> None:
        self.agent.write("n", SECRET)

    def the_agent_answers(self) -> None:
        self.agent.write("r", ANSWER, self.file)

    def the_customer_receives(self) -> None:
        wait_for("the answer is in the customer's mailbox", lambda: self.house.count(VERA) > 0)
        wait_for("the desk knows it", lambda: self.desk.ask("SELECT state FROM mail_outboundmail") == [("sent",)])
        [self.received] = self.house.mails(VERA)
        body = self.received.get_body(("plain",))
        [attachment] = self.received.iter_attachments()
        assert body is not None
        number = self.number_of(TITLE)
        assert self.received["In-Reply-To"] == self.received["References"] == "<question@site.example>"
        assert self.received["Subject"] == f"Re: {TITLE} [#{number}]"
        assert self.received["From"] == f"Ajutor <{DESK}>"
        assert self.received["To"] == f"Vera Moraru <{VERA}>"
        assert self.received["Return-Path"] == f"<{DESK}>"
        assert [self.received["Message-ID"]] == [
            f"<{message_id}>"
            for (message_id,) in self.desk.ask(
                "SELECT message_id FROM tickets_article WHERE sender_type = 'agent' AND channel = 'email'"
            )
        ]
        assert body.get_content().strip() == ANSWER
        assert attachment.get_filename() == FILE_NAME
        assert attachment.get_payload(decode=True) == self.content
        assert "ana@private.example" not in self.received.as_string()

    def the_customer_answers(self) -> None:
        ours = self.received["Message-ID"]
        references = f"<question@site.example> {ours}"
        self.house.send(mail_of(VERA, "Re: altceva", SECOND, In_Reply_To=ours, References=references))

    def the_answer_appears(self) -> None:
        self.agent.see_in_ticket(SECOND, "customer")

    def a_stranger_quotes_the_number(self) -> None:
        subject = f"Re: {TITLE} [#{self.number_of(TITLE)}]"
        self.house.send(mail_of(OLEG, subject, STRANGE), sender=OLEG)

    def the_stranger_has_a_ticket_of_their_own(self) -> None:
        tickets = "SELECT count(*) FROM tickets_ticket"
        wait_for("the stranger's mail is filed", lambda: self.desk.ask(tickets) == [(2,)])
        assert self.agent.ticket.get_by_text(STRANGE).count() == 0

    def number_of(self, title: str) -> str:
        [(number,)] = self.desk.ask("SELECT number FROM tickets_ticket WHERE title = %s", title)
        return str(number)

    def all_is_well(self) -> None:
        """One ticket, one answer received once, one follow-up, and the note nowhere outside."""
        wait_for(
            "nothing waits to be filed",
            lambda: self.desk.ask("SELECT count(*) FROM mail_inboundmail WHERE state <> 'filed'") == [(0,)],
        )
        assert self.desk.ask(
            "SELECT a.sender_type, a.channel, a.is_verified FROM tickets_article a JOIN tickets_ticket t"
            " ON t.id = a.ticket_id WHERE t.title = %s ORDER BY a.id",
            TITLE,
        ) == [
            ("customer", "email", True),
            ("agent", "note", True),
            ("agent", "email", True),
            ("customer", "email", True),
        ]
        assert self.desk.ask("SELECT recipient, state FROM mail_outboundmail") == [(VERA, "sent")]
        [(senders,)] = self.desk.ask("SELECT count(DISTINCT from_address) FROM tickets_article WHERE customer_id > 0")
        assert self.desk.ask("SELECT count(*) FROM mail_inboundmail") == [(senders + 1,)]
        assert self.desk.ask("SELECT count(*) FROM tickets_ticket") == [(senders,)]
        assert {person: self.house.count(person) for person in PEOPLE if self.house.count(person)} == {VERA: 1}
        assert SECRET not in "".join(mail.as_string() for person in PEOPLE for mail in self.house.mails(person))
        assert not any(SECRET.encode() in file.read_bytes() for file in self.house.folder.rglob("*") if file.is_file())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path


def test_a_mail_travels_from_the_customer_to_the_agent_and_back(
    house: MailHouse, home: Path, chromium: Browser, files: Path
) -> None:
    with postgresql_15(files) as url, open_desk(home, house, DATABASE_URL=url) as desk:
        agent = AgentAtWork(chromium, desk)
        agent.sign_in()
        story = Story(house, desk, agent, files)

        for step in story.steps():
            step()
        story.a_stranger_quotes_the_number()
        story.the_stranger_has_a_ticket_of_their_own()

        story.all_is_well()
        assert agent.complaints == []
        agent.close()


@pytest.mark.parametrize("kill", [Desk.kill_parent, Desk.kill_everything])
def test_the_same_while_the_desk_is_killed_between_any_two_steps(
    house: MailHouse, home: Path, chromium: Browser, files: Path, kill: Callable[[Desk], None]
) -> None:
    # The answer waits a moment before it leaves, so that the desk dies with it in its hands and not at the one point
    # where SMTP itself cannot tell whether a mail arrived.
    with open_desk(home, house, security="starttls", GHISEU_UNDO_SECONDS="3") as desk:
        agent = AgentAtWork(chromium, desk)
        agent.sign_in()
        story = Story(house, desk, agent, files)

        for step in story.steps():
            step()
            kill(desk)
            desk.restart()

        story.all_is_well()
        agent.close()
