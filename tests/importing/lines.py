"""Lines for the tests, dull by default, and a desk that takes them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from ghiseu.importing.incoming import Problem
from ghiseu.importing.loading import Options, load
from ghiseu.importing.ndjson import Source
from ghiseu.importing.report import Report

CREATED, ANSWERED = "2024-03-01T09:00:00Z", "2024-03-01T10:30:00Z"


def an_article(**values: Any) -> dict[str, Any]:
    return {
        "direction": "in",
        "from": '"Vera Moraru" <vera@site.example>',
        "to": "support@desk.example",
        "subject": "Site down",
        "message_id": "<first@site.example>",
        "in_reply_to": None,
        "created_at": CREATED,
        "body": "My site is down.",
    } | values


def an_answer(**values: Any) -> dict[str, Any]:
    return (
        an_article()
        | {
            "direction": "out",
            "from": '"Ana Popescu" <support@desk.example>',
            "to": '"Vera Moraru" <vera@site.example>',
            "message_id": "<second@desk.example>",
            "in_reply_to": "<first@site.example>",
            "created_at": ANSWERED,
            "body": "It is up again.",
        }
        | values
    )


def a_ticket(number: str = "202403011000001", **values: Any) -> dict[str, Any]:
    return {
        "number": number,
        "queue": "Support",
        "title": "Site down",
        "state": "open",
        "priority": "high",
        "owner": None,
        "customer_email": "vera@site.example",
        "customer_name": "Vera Moraru",
        "created_at": CREATED,
        "closed_at": None,
        "domain": None,
        "language": "ro",
        "articles": [an_article()],
    } | values


def as_bytes(*documents: Any) -> bytes:
    """Lines of a file; what is bytes already stays as it is."""
    return b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in documents)


def take(*documents: Any, folder: Path = Path(), is_dry: bool = False) -> tuple[Report, list[str]]:
    """Import the lines; what is said of them comes back as `line 3: reason`."""
    said: list[str] = []

    def tell(problem: Problem) -> None:
        said.append(f"{problem.where}: {problem.reason}")

    report = Report(tell=tell)
    source = Source(io.BytesIO(as_bytes(*documents)), folder)
    load(source.found(), report, Options(is_dry=is_dry, counter=lambda: source.counter))
    return report, said
