"""A help desk of the tests' own, as its administrator sets it up and as its agent uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page

from ghiseu.ops import embedded
from tests.journeys.mailhouse import DESK, PASSWORD, MailHouse
from tests.ops.machine import Serving, ghiseu, wait_until

POSTGRESQL_15 = Path("/usr/lib/postgresql/15/bin")
AGENT_PASSWORD = "window-for-ana-42"
SECONDS = 60
MILLISECONDS = SECONDS * 1000


@dataclass
class Desk(Serving):
    """A `ghiseu serve` with its settings, and ways to end it that nobody wishes for."""

    extra: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        return super().settings | self.extra

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self) -> None:
        self.start()
        self.wait_until_ready()

    def kill_parent(self) -> None:
        """kill -9 for the serving process alone: its children must notice and end."""
        self.send(signal.SIGKILL)

    def kill_everything(self) -> None:
        """kill -9 for all its processes at once, the database too: as a power cut, but for the disk's memory."""
        assert self.process is not None
        database = embedded.running_pid(embedded.locate(self.home))
        for pid in [self.process.pid, *self.children().values(), *([database] if database else [])]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # a child of one that is gone already
                continue
        self.process.wait(timeout=SECONDS)

    def run(self, *arguments: str, stdin: str = "") -> str:
        """One of the administrator's commands, which must succeed."""
        done = ghiseu(*arguments, settings=self.settings, stdin=stdin.encode())
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the database, past all our own code."""
        url = self.extra.get("DATABASE_URL") or embedded.locate(self.home).url()
        with psycopg.connect(url) as connection:
            return connection.execute(query, values).fetchall()

    def set_up(self, house: MailHouse, security: str) -> None:
        """A queue, an agent who may do everything in it, and a mailbox that is fetched from."""
        self.run("queue", "add", "Support", "--address", DESK, "--sender-name", "Ajutor")
        self.run("role", "grant", "Helpers", "full", "--queue", "Support")
        agent = ("agent", "add", "ana", "--name", "Ana Popescu", "--email", "ana@private.example", "--role", "Helpers")
        self.run(*agent, stdin=f"{AGENT_PASSWORD}\n")
        port = house.imaps if security == "tls" else house.imap
        server = ("--imap-host", "localhost", "--port", str(port), "--security", security)
        where = ("--address", DESK, "--queue", "Support", *server, "--login", DESK)
        self.run("mailbox", "add", "support", *where, stdin=f"{PASSWORD}\n")
        self.change("UPDATE mail_mailbox SET fetch_every_seconds = 1")

    def change(self, statement: str) -> None:
        url = self.extra.get("DATABASE_URL") or embedded.locate(self.home).url()
        with psycopg.connect(url) as connection:
            connection.execute(statement)


@contextmanager
def open_desk(home: Path, house: MailHouse, *, security: str = "tls", **extra: str) -> Iterator[Desk]:
    """A desk that is ready and set up; afterwards nothing of it runs."""
    settings = {
        "SSL_CERT_FILE": str(house.certificate),
        "GHISEU_SMTP_URL": house.smtp_url,
        "GHISEU_MAIL_DOMAIN": "desk.example",
        "GHISEU_UNDO_SECONDS": "0",
    }
    desk = Desk(home, extra=settings | extra)
    try:
        desk.restart()
        desk.set_up(house, security)
        yield desk
    except BaseException:
        print(desk.output[-8000:])  # noqa: T201 -- shown with the failed test
        raise
    finally:
        desk.end()


@contextmanager
def postgresql_15(folder: Path) -> Iterator[str]:
    """Debian's server as a company has it: started by us, in a folder of its own. Gives its address."""
    if not (POSTGRESQL_15 / "postgres").exists():
        raise AssertionError(f"The journeys need {POSTGRESQL_15}. See tests/journeys/README.md for what to install.")
    answer = folder / "database-answer"
    process = subprocess.Popen(
        [sys.executable, "-m", "ghiseu.ops.ephemeral", str(answer)],
        stdin=subprocess.PIPE,
        env=os.environ | {"TEST_POSTGRESQL_BIN": str(POSTGRESQL_15)},
        start_new_session=True,
    )
    try:
        wait_until("PostgreSQL 15 is ready", answer.exists)
        text = answer.read_text()
        assert text.startswith("ready: "), text
        url = text.removeprefix("ready: ").strip()
        with psycopg.connect(url) as connection:
            assert connection.info.server_version // 10000 == 15
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=SECONDS)


class AgentAtWork:
    """Ana in her browser: one tab with the list, one with the ticket; neither is ever loaded again by hand."""

    def __init__(self, browser: Browser, desk: Desk) -> None:
        self.desk = desk
        self.context = browser.new_context(locale="en-US")
        self.context.set_default_timeout(MILLISECONDS)
        self.complaints: list[str] = []
        self.list = self._tab()
        self.ticket = self._tab()

    def _tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def sign_in(self) -> None:
        self.list.goto(f"{self.desk.address}/sign-in/")
        self.list.fill("#login", "ana")
        self.list.fill("#password", AGENT_PASSWORD)
        self.list.click("form.sign-in button")
        self.list.wait_for_selector("#list")

    def see_in_list(self, title: str) -> None:
        """The ticket comes into the open list by itself."""
        self.list.locator(".ticket-row__title", has_text=title).first.wait_for()

    def open_ticket(self, title: str) -> None:
        link = self.list.locator(".ticket-row__title", has_text=title).first.get_attribute("href")
        self.ticket.goto(f"{self.desk.address}{link}")

    def see_in_ticket(self, text: str, kind: str) -> None:
        """A message comes into the open ticket by itself; `kind` is customer, agent or note."""
        self.ticket.locator(f".message--{kind}", has_text=text).first.wait_for()

    def write(self, key: str, text: str, *files: Path, to: str = "") -> None:
        """Answer (`r`) or note (`n`), until it stands in the conversation."""
        self.ticket.locator(f"a[data-key={key}]").first.click()
        self.ticket.locator("#box-text").fill(text)
        if to:
            self.ticket.locator("#box-to").fill(to)
        if files:
            self.ticket.locator("#box-files").set_input_files([str(file) for file in files])
        self.ticket.locator(".box__buttons .button--primary").click()
        self.see_in_ticket(text, "note" if key == "n" else "agent")

    def close(self) -> None:
        self.context.close()


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    wait_until(what, holds, seconds=SECONDS)
