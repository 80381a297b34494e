"""A worker process of the mail measurement: it does on command what a worker does, and says what it cost."""

from __future__ import annotations

import email
import email.policy
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import psycopg

MAILBOX = "bench"
FLOOR_TABLE = "bench_floor"


@dataclass(frozen=True)
class Cost:
    """Of one step of one worker: seconds by the clock and of processor, the longest single mail, how many mails.

    Mails that are filed come in batches: there the longest is a whole batch.
    """

    seconds: float
    cpu: float
    slowest: float
    mails: int


def work(pipe: Connection) -> None:
    """Answer each `(step, raw mails)` with its Cost, until None comes."""
    os.environ["GHISEU_LOG_LEVEL"] = "INFO"
    from ghiseu.ops.start import start_django

    start_django("worker", pool=True)
    from django.conf import settings
    from django.db import connection

    from ghiseu.mail.inbound import parse, receive, store
    from ghiseu.mail.models import Mailbox
    from ghiseu.ops.database import connection_arguments

    moments = _listen_to_the_log()
    floor_connection = psycopg.connect(**connection_arguments(settings.DATABASES["default"]), autocommit=True)

    def keep(raws: list[bytes]) -> int:
        mailbox = Mailbox.objects.get(name=MAILBOX)
        for raw in raws:
            store.keep(mailbox=mailbox, raw=raw, channel="pipe")
            moments.append(time.perf_counter())
        return len(raws)

    def file(_raws: list[bytes]) -> int:
        filed = 0
        while done := receive.file_waiting():
            filed += done
            connection.close()
        return filed

    def parse_only(raws: list[bytes]) -> int:
        for raw in raws:
            parse.parse_mail(raw)
            moments.append(time.perf_counter())
        return len(raws)

    def floor(raws: list[bytes]) -> int:
        for raw in raws:
            read_by_standard_library(raw)
            floor_connection.execute(f"INSERT INTO {FLOOR_TABLE} (raw) VALUES (%s)", [raw])
            moments.append(time.perf_counter())
        return len(raws)

    steps: dict[str, Callable[[list[bytes]], int]] = {"keep": keep, "file": file, "parse": parse_only, "floor": floor}
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        step, raws = order
        pipe.send(_measured(steps[step], raws, moments))
        connection.close()


def _measured(step: Callable[[list[bytes]], int], raws: list[bytes], moments: list[float]) -> Cost:
    moments.clear()
    began, cpu = time.perf_counter(), time.process_time()
    mails = step(raws)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    slowest = max((after - before for before, after in zip([began, *moments], moments, strict=False)), default=0.0)
    return Cost(seconds, cpu, slowest, mails)


def _listen_to_the_log() -> list[float]:
    """The moments at which mails were filed: the log says so, one line each, when their batch is committed.

    The lines themselves go nowhere.
    """
    moments: list[float] = []

    class Listener(logging.StreamHandler[Any]):
        def emit(self, record: logging.LogRecord) -> None:
            super().emit(record)
            if isinstance(record.msg, dict) and record.msg.get("event") == "mail_filed":
                moments.append(time.perf_counter())

    root = logging.getLogger()
    listener = Listener(open(os.devnull, "w"))  # noqa: SIM115, PTH123  # open as long as the process
    listener.setFormatter(root.handlers[0].formatter)
    root.handlers = [listener]
    return moments


def read_by_standard_library(raw: bytes) -> None:
    """Every header and every part of the mail, decoded as the standard library does it best."""
    try:
        _read(raw, email.policy.default)
    except Exception:  # noqa: BLE001  # it raises whatever it likes on mail from the wild
        _read(raw, email.policy.compat32)


def _read(raw: bytes, policy: Any) -> None:
    message = email.message_from_bytes(raw, policy=policy)
    for part in message.walk():
        for value in part.values():
            str(value)
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        if part.get_content_maintype() == "text" and isinstance(data, bytes):
            data.decode(part.get_content_charset("utf-8"), "replace")
