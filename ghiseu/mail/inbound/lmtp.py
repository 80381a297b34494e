"""The LMTP door (RFC 2033): a mail server on this machine hands mail over, and hears 250 only once it is stored.

Each recipient gets an answer of its own, because the mail may be stored for one and not for another. What is wrong with
the mail or the address is refused for good, here at the door, so that we never write a bounce (promise M7); whatever
trouble is ours is answered "try again", and the mail server keeps the mail (promise M1).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session, syntax
from django.conf import settings
from django.db import connection

from ghiseu.mail.errors import DoorTaken, EmptyMail, MailTooLarge
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 40
MOST_RECIPIENTS = 100
# Mails on their way into the database at the same time; each may be GHISEU_MAIL_MAX_BYTES large.
WRITERS = 4
# A mail that grows above this waits for its turn, so that many large ones at a time do not fill the memory.
LARGE_BYTES = 1_000_000
LARGE_AT_A_TIME = 3
IDLE_SECONDS = 300
LOOK_EVERY_SECONDS = 0.1
SECONDS_TO_FINISH = 3.0

STORED = "250 2.6.0 The mail is stored"
TRY_AGAIN = "451 4.3.0 The mail cannot be stored now. Nothing is lost; try again"
BUSY = b"421 4.3.2 Too many connections. Try again later\r\n"

_SIZE = re.compile(r"> .*\bSIZE=(\d{1,20})\b", re.IGNORECASE)

P = ParamSpec("P")
R = TypeVar("R")


def run(host: str, port: int, stop: threading.Event) -> None:
    """Take mail on `host` and `port` until `stop` is set; what is being stored then gets a few seconds to finish.

    Raises DoorTaken where the port cannot be had.
    """
    asyncio.run(_serve(host, port, stop))


async def _serve(host: str, port: int, stop: threading.Event) -> None:
    door = Door()
    try:
        server = await asyncio.get_running_loop().create_server(lambda: Conversation(door), host, port)
    except OSError as error:
        raise DoorTaken(host, port, error) from error
    log.info("lmtp_open", host=host, port=port)
    async with server:
        while not stop.is_set():  # noqa: ASYNC110 -- the event is one of threads and signals
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        server.close()
        await door.close()
    log.info("lmtp_closed", host=host, port=port)


class Door:
    """What the conversations share: their number, and the threads that speak to the database."""

    def __init__(self) -> None:
        self.open: set[Conversation] = set()
        self.at_work: set[asyncio.Future[Any]] = set()
        self.room_for_large = asyncio.Semaphore(LARGE_AT_A_TIME)
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="lmtp")

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work where it may wait; its database connection goes back to the pool afterwards."""
        call = functools.partial(_with_connection, functools.partial(work, *args, **kwargs))
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        self.at_work.add(future)
        future.add_done_callback(self.at_work.discard)
        return await future

    async def close(self) -> None:
        """Let what is being stored finish, and hang up."""
        if self.at_work:
            await asyncio.wait(self.at_work, timeout=SECONDS_TO_FINISH)
            # One more turn of the loop, so that the last answers leave before the line is cut.
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        for conversation in list(self.open):
            conversation.hang_up()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # What aiosmtpd asks its handler:

    async def handle_EHLO(  # noqa: N802 -- the name that aiosmtpd looks for
        self, _conversation: LMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, _conversation: LMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients. Send the others in another transaction"
        if await self.in_thread(mailbox_for, address) is None:
            shown = re.sub(r"[^!-~]", "?", address)[:254]
            return (
                f"550 5.1.1 <{shown}>: there is no active mailbox for this address. "
                "Write to one of the desk's addresses, or let its administrator add the mailbox"
            )
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient ok"

    async def handle_exception(self, error: Exception) -> str:
        log.error("lmtp_failed", exc_info=error)
        return TRY_AGAIN


class Conversation(LMTP):
    """One connection. Reads a mail in pieces of bounded size, however long its lines are."""

    # Only the reading buffer: a longer line comes in several pieces.
    line_length_limit = 65_536

    def __init__(self, door: Door) -> None:
        super().__init__(
            door,
            data_size_limit=settings.MAIL_MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=settings.MAIL_DOMAIN,
            ident="LMTP Ghiseu",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self.door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self.door.open) >= MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            transport.write(BUSY)
            transport.close()
        self.door.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.door.open.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """Refuse a mail that says itself that it is too large (RFC 1870 section 6.1)."""
        announced = _SIZE.search(arg or "")
        if announced and int(announced[1]) > settings.MAIL_MAX_BYTES:
            await self.push(too_large())
        else:
            await super().smtp_MAIL(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take the mail, and answer once for each recipient, in their order (RFC 2033 section 4.2)."""
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 No recipient was accepted before")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        recipients = list(self.envelope.rcpt_tos)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        async with contextlib.AsyncExitStack() as turn:
            raw = await self._read_mail(turn)
            self.envelope = self._create_envelope()
            for recipient in recipients:
                await self.push(too_large() if raw is None else await self.door.in_thread(store, recipient, raw))

    async def _read_mail(self, turn: contextlib.AsyncExitStack) -> bytes | None:
        """The mail up to the lone dot, without transparency dots (RFC 5321 section 4.5.2); None if it is too large."""
        raw, is_large, too_much, at_line_start = bytearray(), False, False, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as overrun:
                piece = await self._reader.readexactly(overrun.consumed)
            if at_line_start and piece == b".\r\n":
                return None if too_much else bytes(raw)
            dotted = at_line_start and piece.startswith(b".")
            at_line_start = piece.endswith(b"\r\n")
            if not too_much:
                raw += piece[1:] if dotted else piece
            if len(raw) > LARGE_BYTES and not is_large:
                is_large = True
                await turn.enter_async_context(self.door.room_for_large)
            if len(raw) > settings.MAIL_MAX_BYTES:
                too_much, raw = True, bytearray()


def _with_connection(work: Callable[[], R]) -> R:
    try:
        return work()
    finally:
        with contextlib.suppress(Exception):
            connection.close()


def mailbox_for(address: str) -> Mailbox | None:
    """The active mailbox that takes mail for the address; capital letters make no difference."""
    return Mailbox.objects.filter(address=address.lower(), is_active=True).first()


def store(recipient: str, raw: bytes) -> str:
    """Keep the mail for one recipient, and say what became of it. Positive only after the commit."""
    try:
        mailbox = mailbox_for(recipient)
        if mailbox is None:
            return TRY_AGAIN  # it was closed a moment ago; the next RCPT refuses in full words
        mail = keep(mailbox=mailbox, raw=raw, channel="lmtp")
    except EmptyMail as error:
        return f"550 5.6.0 {error}"
    except MailTooLarge:
        return too_large()
    except Exception as error:  # whatever it was: the mail server still has the mail
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        log.error("lmtp_not_stored", cause="disk full" if full else type(error).__name__, exc_info=error)
        return "452 4.3.1 The disk is full. Nothing is lost; try again" if full else TRY_AGAIN
    log.info("mail_stored", mail=mail.pk, mailbox=mailbox.name, channel="lmtp", bytes=len(raw))
    return STORED


def too_large() -> str:
    return (
        f"552 5.3.4 The mail is larger than the {settings.MAIL_MAX_BYTES} bytes that are accepted. "
        "Send large files by a link"
    )
