"""What is too large, empty, not mail at all, or refused by the other side: told plainly, and in nobody's way."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.desk import AgentAtWork, Desk, open_desk, wait_for
from tests.journeys.mailhouse import DESK, VERA, MailHouse
from tests.ops.machine import ghiseu

pytestmark = pytest.mark.journey

LARGE = b"From: vera@site.example\r\nSubject: large\r\n\r\n" + (b"0123456789" * 7 + b"\r\n") * 835_000


def titles(desk: Desk) -> list[str]:
    return [str(title) for (title,) in desk.ask("SELECT title FROM tickets_ticket ORDER BY id")]


def error_of_mailbox(desk: Desk) -> str:
    [(error,)] = desk.ask("SELECT last_error FROM mail_mailbox")
    return str(error)


def test_odd_mails_are_told_and_stop_no_other(house: MailHouse, home: Path) -> None:
    assert len(LARGE) > 60_000_000
    small = EmailMessage()
    small["From"], small["To"], small["Subject"] = VERA, DESK, "Small and late"
    small.set_content("It comes after the large one.")
    with open_desk(home, house) as desk:
        house.send(LARGE)
        house.send(b"")
        house.send(bytes(range(256)) * 40)
        house.send(small)

        wait_for("the mails that can be taken are filed", lambda: len(titles(desk)) == 3)
        wait_for("the mailbox tells of the large one", lambda: "stay on the server" in error_of_mailbox(desk))
        wait_for("only the large one is left", lambda: house.count(DESK) == 1)
        # Postfix delivers side by side, so the order among them is nobody's promise.
        assert titles(desk).count("Small and late") == 1
        assert "52428800 are accepted" in error_of_mailbox(desk)

        refused = ghiseu("mail-in", "--mailbox", "support", settings=desk.settings, stdin=LARGE)
        assert (refused.returncode, b"52428800" in refused.stderr) == (65, True)
        empty = ghiseu("mail-in", "--mailbox", "support", settings=desk.settings)
        assert (empty.returncode, b"empty" in empty.stderr) == (65, True)
        with (
            smtplib.LMTP("127.0.0.1", desk.lmtp_port, local_hostname="mx.site.example") as door,
            pytest.raises(smtplib.SMTPException, match=r"5\.3\.4 The mail is larger"),
        ):
            door.sendmail(VERA, [DESK], LARGE)
        assert len(titles(desk)) == 3


def test_a_server_that_says_no_is_shown_on_the_open_ticket(house: MailHouse, home: Path, chromium: Browser) -> None:
    question = EmailMessage()
    question["From"], question["To"], question["Subject"] = VERA, DESK, "Please write to my brother too"
    question.set_content("His address is brother@site.example.")
    with open_desk(home, house) as desk:
        agent = AgentAtWork(chromium, desk)
        agent.sign_in()
        house.send(question)
        agent.see_in_list("Please write to my brother too")
        agent.open_ticket("Please write to my brother too")

        agent.write("r", "Done for both of you.", to=f"{VERA}, brother@site.example")

        refusal = agent.ticket.locator(".delivery--failed", has_text="brother@site.example")
        refusal.get_by_text("550 5.1.1 <brother@site.example>: Recipient address rejected").wait_for()
        wait_for("the other has it", lambda: house.count(VERA) == 1)
        agent.ticket.locator(".delivery--sent", has_text=VERA).wait_for()
        assert agent.complaints == []
        agent.close()


def test_a_mail_server_that_is_away_is_waited_for(house: MailHouse, home: Path, chromium: Browser) -> None:
    question = EmailMessage()
    question["From"], question["To"], question["Subject"] = VERA, DESK, "Are you there?"
    question.set_content("Nobody answers.")
    with open_desk(home, house) as desk:
        agent = AgentAtWork(chromium, desk)
        agent.sign_in()
        house.send(question)
        agent.see_in_list("Are you there?")
        agent.open_ticket("Are you there?")
        house.stop_postfix()

        agent.write("r", "We are here.")
        agent.ticket.locator(".delivery--waiting", has_text="Connection refused").wait_for()
        house.start_postfix()

        wait_for("the answer arrives by itself", lambda: house.count(VERA) == 1)
        agent.ticket.locator(".delivery--sent", has_text=VERA).wait_for()
        agent.close()
