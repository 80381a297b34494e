"""Mails by three ways, agents who answer, a hand that pulls the plug; then the ledger is held against the desk."""

from __future__ import annotations

import queue
import random
import smtplib
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from ghiseu.ops import embedded
from tests.crash.ledger import Ledger, mail_of
from tests.crash.parts import Desk, Sink, Source
from tests.ops.machine import GHISEU, environment

TEMPORARY = 75


@dataclass(frozen=True)
class Plan:
    mails: int
    kills: int
    seed: int
    offerers: int = 6
    pipe_share: float = 0.05
    imap_share: float = 0.4
    again_share: float = 0.03
    reply_share: float = 0.1
    seconds_between_kills: tuple[float, float] = (0.3, 1.5)
    seconds_to_settle: float = 240.0


@dataclass
class Storm:
    plan: Plan
    desk: Desk
    source: Source
    sink: Sink
    ledger: Ledger
    lmtp_port: int
    todo: queue.SimpleQueue[tuple[str, bytes, str]] = field(default_factory=queue.SimpleQueue)
    calm: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        """Everything at once, until all is offered and all kills are done; then wait for the desk to settle."""
        self._deal()
        threads = [self._thread(self._offer) for _ in range(self.plan.offerers)]
        storm = self._thread(self._kill)
        agent = self._thread(self._answer)
        for thread in threads:
            thread.join()
        storm.join()
        self.calm.set()
        agent.join()
        if self.failures:
            raise self.failures[0]
        self._settle()

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 -- told by the thread that waits
                self.failures.append(error)
                self.calm.set()

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def _deal(self) -> None:
        chance = random.Random(self.plan.seed)
        for number in range(self.plan.mails):
            key, draw = f"{self.plan.seed}x{number}", chance.random()
            raw = mail_of(key, chance)
            channel = "pipe" if draw < self.plan.pipe_share else "lmtp"
            if self.plan.pipe_share <= draw < self.plan.pipe_share + self.plan.imap_share:
                channel = "imap"
            self.todo.put((key, raw, channel))
            if chance.random() < self.plan.again_share:
                self.todo.put((key, raw, "lmtp"))

    def _offer(self) -> None:
        ways = {"lmtp": self._by_lmtp, "pipe": self._by_pipe, "imap": self._by_imap}
        while True:
            try:
                key, raw, channel = self.todo.get_nowait()
            except queue.Empty:
                return
            while True:  # a mail server tries until somebody says yes
                self.ledger.offer(key, channel)
                if ways[channel](raw):
                    break
                if self.failures:
                    return
                time.sleep(0.1)
            self.ledger.accept(key)

    def _by_lmtp(self, raw: bytes) -> bool:
        try:
            with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=30) as door:
                return not door.sendmail("a@site.example", ["support@desk.example"], raw)
        except (OSError, smtplib.SMTPException):
            return False

    def _by_pipe(self, raw: bytes) -> bool:
        command = [*GHISEU, "mail-in", "--mailbox", "support"]
        done = subprocess.run(
            command, input=raw, capture_output=True, env=environment(self.desk.settings), timeout=120, check=False
        )
        if done.returncode not in (0, TEMPORARY):
            raise AssertionError(f"mail-in ended with {done.returncode}: {done.stderr.decode()}")
        return done.returncode == 0

    def _by_imap(self, raw: bytes) -> bool:
        self.source.put(raw)
        return True

    def _kill(self) -> None:
        chance = random.Random(self.plan.seed + 1)
        for _ in range(self.plan.kills):
            time.sleep(chance.uniform(*self.plan.seconds_between_kills))
            self.desk.kill_one(chance)

    def _answer(self) -> None:
        """An agent who answers ticket after ticket, and looks before doing so again where the desk broke down."""
        from django.db import Error, connection

        from ghiseu.mail.outbound.reply import send_reply
        from ghiseu.people.models import Agent
        from ghiseu.tickets.models import Article, Ticket

        wanted = int(self.plan.mails * self.plan.reply_share)
        while len(self.ledger.replies) < wanted and not self.failures:
            try:
                ticket = Ticket.objects.filter(owner__isnull=True).order_by("?").first()
                if ticket is None:
                    time.sleep(0.2)
                    continue
                sign = f"answer to {ticket.number}"
                if not Article.objects.filter(ticket=ticket, text=sign).exists():
                    to = f"c{ticket.title.split()[-1]}@site.example"
                    send_reply(ticket, by=Agent.objects.get(), text=sign, to=to)
                self.ledger.reply(Article.objects.get(ticket=ticket, text=sign).message_id)
            except Error:
                connection.close()
                time.sleep(0.2)

    def _settle(self) -> None:
        deadline = time.monotonic() + self.plan.seconds_to_settle
        while time.monotonic() < deadline:
            waiting = self.count("mail_inboundmail WHERE state = 'received'")
            unsent = self.count("mail_outboundmail WHERE state = 'waiting'")
            if not (waiting or unsent or self.source.left()):
                return
            time.sleep(0.5)

    def count(self, what: str) -> int:
        return int(str(self.ask(f"SELECT count(*) FROM {what}")[0][0]))  # noqa: S608 -- our own words

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(embedded.locate(self.desk.home).url(), autocommit=True) as connection:
            return connection.execute(query).fetchall()


@dataclass
class Findings:
    """The ledger against the desk. The first group must be all zeros."""

    lost: int
    doubled: int
    unexpected: int
    quarantined: int
    left_on_server: int
    replies_missing: int
    # The sink said yes and the worker died before writing it down: SMTP cannot exclude it, the Message-ID is the same.
    replies_twice: int
    offered: int
    offers: int
    replies: int
    automatic: int
    kills: Counter[str]

    @property
    def is_clean(self) -> bool:
        bad = (self.lost, self.doubled, self.unexpected, self.quarantined, self.left_on_server, self.replies_missing)
        return not any(bad)

    def __str__(self) -> str:
        kills = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        return (
            f"{self.offered} mails in {self.offers} offers, {sum(self.kills.values())} kills ({kills})\n"
            f"lost {self.lost}, doubled {self.doubled}, unexpected {self.unexpected}, quarantined {self.quarantined}, "
            f"left on the server {self.left_on_server}\n"
            f"answers written {self.replies}, automatic {self.automatic}, missing {self.replies_missing}, "
            f"arrived twice with one Message-ID {self.replies_twice} (which SMTP cannot exclude)"
        )


def findings(storm: Storm) -> Findings:
    seen = Counter(
        str(subject).removeprefix("Crash ")
        for (subject,) in storm.ask("SELECT subject FROM tickets_article WHERE sender_type = 'customer'")
    )
    sent = {
        (str(a), str(b))
        for a, b in storm.ask(
            "SELECT a.message_id, m.recipient FROM mail_outboundmail m JOIN tickets_article a ON a.id = m.article_id"
        )
    }
    arrived = storm.sink.arrived
    named = {message_id for message_id, _ in arrived}
    return Findings(
        lost=len(storm.ledger.accepted - set(seen)),
        doubled=sum(count - 1 for count in seen.values()),
        unexpected=len(set(seen) - set(storm.ledger.offered)) + len(set(arrived) - sent),
        quarantined=storm.count("mail_inboundmail WHERE state NOT IN ('received', 'filed')"),
        left_on_server=storm.source.left(),
        replies_missing=len(storm.ledger.replies - named) + len(sent - set(arrived)),
        replies_twice=sum(count - 1 for count in arrived.values()),
        offered=len(storm.ledger.offered),
        offers=sum(storm.ledger.offered.values()),
        replies=len(storm.ledger.replies),
        automatic=storm.count("mail_automaticmail"),
        kills=storm.desk.kills,
    )
