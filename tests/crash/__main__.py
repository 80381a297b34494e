"""`python -m tests.crash`: the storm, on a desk of its own, on loopback; ends by itself with 0 or 1."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ghiseu.ops import embedded
from tests.ops.machine import environment, folder, free_port, ghiseu, is_open, wait_until

if TYPE_CHECKING:  # what asks for Django is imported when its settings stand
    from tests.crash.parts import Source
    from tests.crash.storm import Findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--imap", choices=("stub", "dovecot"), default="stub", help="the server that is fetched from")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    began = time.monotonic()
    with ExitStack() as stack:
        found = _run(stack, arguments)
    print(f"{found}\n{time.monotonic() - began:.0f} s: {'clean' if found.is_clean else 'NOT CLEAN'}")  # noqa: T201
    return 0 if found.is_clean else 1


def _run(stack: ExitStack, arguments: argparse.Namespace) -> Findings:
    home = stack.enter_context(folder("storm"))
    smtp_port, lmtp_port = free_port(), free_port()
    settings = {
        "GHISEU_HOME": str(home),
        "GHISEU_LMTP_PORT": str(lmtp_port),
        "GHISEU_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "GHISEU_MAIL_DOMAIN": "desk.example",
        "GHISEU_UNDO_SECONDS": "0",
        "GHISEU_AUTOMATIC_MAILS_PER_HOUR": "100000",
        "GHISEU_LOG_LEVEL": "WARNING",
    }
    embedded.start(home)
    os.environ.clear()
    os.environ.update(environment(settings | {"DJANGO_SETTINGS_MODULE": "ghiseu.settings"}))
    prepared = ghiseu("prepare", settings=settings)
    if prepared.returncode != 0:
        raise SystemExit(prepared.stderr.decode())
    from ghiseu.ops import database

    database.without_pool()
    import django

    django.setup()
    from tests.crash.ledger import Ledger
    from tests.crash.parts import Desk, Sink
    from tests.crash.storm import Plan, Storm, findings

    source, mailbox, trust = stack.enter_context(_source(arguments.imap))
    settings |= trust
    _company(mailbox)
    sink = Sink()
    stack.callback(sink.listen(smtp_port).stop)
    desk = Desk(home, settings, arguments.workers)
    stack.callback(desk.stop)
    desk.start()
    wait_until("the mail door opens", lambda: is_open(lmtp_port))
    plan = Plan(arguments.mails, arguments.kills, arguments.seed)
    storm = Storm(plan, desk, source, sink, Ledger(home / "ledger"), lmtp_port)
    storm.run()
    return findings(storm)


@contextmanager
def _source(kind: str) -> Iterator[tuple[Source, dict[str, Any], dict[str, str]]]:
    """The server to fetch from, and how the mailbox reaches it."""
    from tests.crash.parts import DovecotSource, StubSource

    if kind == "stub":
        from tests.mail.inbound.imap_stub import Account, serving

        account = Account()
        with serving(account) as port:
            way = {"host": "127.0.0.1", "port": port, "login": account.login, "password": account.password}
            yield StubSource(account), way | {"security": "plain"}, {}
    else:
        from tests.journeys.mailhouse import DESK, PASSWORD, open_house

        with open_house() as house:
            yield (
                DovecotSource(house.imap, DESK, PASSWORD),
                {"host": "localhost", "port": house.imap, "login": DESK, "password": PASSWORD, "security": "starttls"},
                {"SSL_CERT_FILE": str(house.certificate)},
            )


def _company(server: dict[str, Any]) -> None:
    """One queue that confirms what comes, one mailbox, one agent who may do everything."""
    from django.conf import settings

    from ghiseu.lib.sealing import seal
    from ghiseu.mail.models import AutoResponse
    from tests.factories import make_agent, make_mailbox, make_queue

    queue = make_queue("Support", full=[make_agent("ana", "Ana Popescu")])
    AutoResponse.objects.create(queue=queue, occasion="received", language="en", subject="Received", text="We have it.")
    make_mailbox(
        queue,
        protocol="imap",
        fetch_every_seconds=1,
        **(server | {"password": seal(str(server["password"]), key=settings.SECRET_KEY)}),
    )


if __name__ == "__main__":
    sys.exit(main())
