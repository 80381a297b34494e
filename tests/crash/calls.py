"""`python -m tests.crash.calls`: a kill at every single system call of one import and of one send.

A process is stopped just before the act, and `strace` is attached to it. Once it only writes down which calls the act
makes; then it kills at the first, second, third ... of each kind, until the act gets through unharmed. After each kill
the act is offered again, as its giver would, and the desk must hold one ticket and the recipient one mail. Needs
Debian's strace.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ghiseu.ops import embedded
from tests.ops.machine import environment, folder, free_port, ghiseu

if TYPE_CHECKING:
    from tests.crash.parts import Sink

MOST_CALLS = 5_000


@dataclass
class Tally:
    """What came of all the kills of one kind of act."""

    name: str
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    # The server had said yes when the kill came: SMTP cannot exclude the second copy, its Message-ID is the same.
    unavoidable: int = 0
    wrong: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.name}: killed at each of {self.kills} system calls: lost {self.lost}, doubled {self.doubled}"
            + (f", a second copy with the same Message-ID {self.unavoidable} times" if self.name == "send" else "")
            + (f" (in the turns {self.wrong[:20]})" if self.wrong else "")
        )


def calls_of(act: Callable[[], object]) -> list[str]:
    """The kinds of system call that the act makes, the most frequent last."""
    with tempfile.NamedTemporaryFile("r") as trace:
        _run_traced(act, ["-o", trace.name])
        kinds = Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", trace.read(), flags=re.MULTILINE))
    return sorted(kinds.keys() - {"exit_group"}, key=lambda kind: kinds[kind])


def killed_at(kind: str, number: int, act: Callable[[], object]) -> bool:
    """Run the act in a child that dies at its call `number` of this kind; False where it had fewer and came through."""
    status = _run_traced(act, ["-o", os.devnull, "-e", f"inject={kind}:signal=SIGKILL:when={number}"])
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
        raise AssertionError(f"the act failed by itself before {kind} {number}")
    return os.WIFSIGNALED(status)


def _run_traced(act: Callable[[], object], options: list[str]) -> int:
    """The wait status of a child that ran the act under strace."""
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            act()
        except BaseException as error:  # noqa: BLE001 -- a child never goes on as its parent
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
            os._exit(3)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(child), *options], stderr=subprocess.DEVNULL)
    while not _is_traced(child):
        time.sleep(0.002)
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    tracer.wait(timeout=10)
    return status


def _is_traced(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in lines)


def imports(tally: Tally) -> None:
    """A mail is offered, stored and filed; whoever offered it offers it again if the process died."""
    from django.db import connection

    from ghiseu.mail.inbound.receive import file_waiting
    from ghiseu.mail.inbound.store import keep
    from ghiseu.mail.models import InboundMail, Mailbox
    from ghiseu.tickets.models import Article

    mailbox = Mailbox.objects.get()

    def act(raw: bytes) -> None:
        keep(mailbox=mailbox, raw=raw, channel="pipe")
        file_waiting()

    def offer_and_kill(turn: int, kill: Callable[[Callable[[], object]], bool]) -> bool:
        raw = _mail(turn)
        connection.close()
        was_killed = kill(lambda: act(raw))
        InboundMail.objects.filter(state="received").update(next_try_at="2020-01-01T00:00:00Z")
        act(raw)
        _count(tally, turn, Article.objects.filter(subject=f"Call {turn}").count())
        return was_killed

    connection.close()
    _at_every_call(tally, calls_of(lambda: act(_mail(0))), offer_and_kill)


def sends(tally: Tally, sink: Sink) -> None:
    """An answer waits and is handed over; the worker tries again if the process died."""
    from django.db import connection

    from ghiseu.mail.models import OutboundMail
    from ghiseu.mail.outbound.reply import send_reply
    from ghiseu.mail.outbound.send import send_here
    from ghiseu.people.models import Agent
    from ghiseu.tickets.models import Ticket

    ticket, agent = Ticket.objects.earliest("pk"), Agent.objects.get()

    def hand_over_and_kill(turn: int, kill: Callable[[Callable[[], object]], bool]) -> bool:
        reply = send_reply(ticket, by=agent, text=f"Answer {turn}", to="vera@site.example")
        connection.close()
        was_killed = kill(send_here)
        OutboundMail.objects.filter(state="waiting").update(next_try_at="2020-01-01T00:00:00Z")
        send_here()
        copies = sink.arrived[reply.message_id, "vera@site.example"]
        if copies == 2 and was_killed:
            tally.unavoidable += 1
            copies = 1
        _count(tally, turn, copies if OutboundMail.objects.get(article=reply).state == "sent" else 0)
        return was_killed

    send_reply(ticket, by=agent, text="Answer 0", to="vera@site.example")
    connection.close()
    _at_every_call(tally, calls_of(send_here), hand_over_and_kill)


def _at_every_call(
    tally: Tally, kinds: list[str], attempt: Callable[[int, Callable[[Callable[[], object]], bool]], bool]
) -> None:
    """Attempt the act again and again, killed at each call of each kind in turn."""
    turn = 0
    for kind in kinds:
        for number in range(1, MOST_CALLS):
            turn += 1
            if not attempt(turn, partial(killed_at, kind, number)):
                break
            tally.kills += 1


def _count(tally: Tally, turn: int, found: int) -> None:
    tally.lost += found == 0
    tally.doubled += max(0, found - 1)
    if found != 1:
        tally.wrong.append(turn)


def _mail(turn: int) -> bytes:
    """With a file too large for a row, so that the disk is written to as well."""
    return (
        f"From: Vera <v{turn}@site.example>\r\nTo: support@desk.example\r\nSubject: Call {turn}\r\n"
        f"Message-ID: <{turn}@site.example>\r\n\r\n{f'Line of mail {turn}. ' * 2500}\r\n"
    ).encode()


def main() -> int:
    if shutil.which("strace") is None:
        print("strace is missing. Install it: apt-get install strace", file=sys.stderr)  # noqa: T201
        return 2
    began = time.monotonic()
    with ExitStack() as stack:
        tallies = _run(stack)
    for tally in tallies:
        print(tally)  # noqa: T201
    is_clean = not any(tally.lost or tally.doubled for tally in tallies)
    print(f"{time.monotonic() - began:.0f} s: {'clean' if is_clean else 'NOT CLEAN'}")  # noqa: T201
    return 0 if is_clean else 1


def _run(stack: ExitStack) -> list[Tally]:
    home = stack.enter_context(folder("calls"))
    port = free_port()
    settings = {
        "GHISEU_HOME": str(home),
        "GHISEU_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "GHISEU_MAIL_DOMAIN": "desk.example",
        "GHISEU_UNDO_SECONDS": "0",
        "GHISEU_LOG_LEVEL": "ERROR",
    }
    embedded.start(home)
    os.environ.clear()
    os.environ.update(environment(settings | {"DJANGO_SETTINGS_MODULE": "ghiseu.settings"}))
    prepared = ghiseu("prepare", settings=settings)
    if prepared.returncode != 0:
        raise SystemExit(prepared.stderr.decode())
    from ghiseu.ops import database, logs

    logs.set_up("ERROR", "calls")
    database.without_pool()
    import django

    django.setup()
    from tests.factories import make_agent, make_mailbox, make_queue

    make_mailbox(make_queue("Support", full=[make_agent("ana", "Ana Popescu")]))
    incoming, outgoing = Tally("import"), Tally("send")
    imports(incoming)
    with _sink_apart(port) as sink:
        sends(outgoing, sink)
    return [incoming, outgoing]


@contextmanager
def _sink_apart(port: int):  # type: ignore[no-untyped-def]  # yields a Sink, whose module needs no settings
    """The server that mail goes to. It listens in a thread, which a forked child does not inherit."""
    from tests.crash.parts import Sink

    sink = Sink()
    controller = sink.listen(port)
    try:
        yield sink
    finally:
        controller.stop()


if __name__ == "__main__":
    sys.exit(main())
