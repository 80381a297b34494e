"""The made-up desk: the same each time, and in the shape that `ghiseu import` and the measurements rely on."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bench import workload
from bench.made_up.mails import incoming
from bench.made_up.tickets import tickets
from bench.workload import NoWorkload

TICKET_KEYS = [
    *("number", "queue", "title", "state", "priority", "owner", "customer_email", "customer_name", "created_at"),
    *("closed_at", "domain", "language", "articles"),
]
ARTICLE_KEYS = ["direction", "from", "to", "subject", "message_id", "in_reply_to", "created_at", "body"]


def test_the_same_seed_gives_the_same_tickets() -> None:
    assert list(tickets(30, 1)) == list(tickets(30, 1))
    assert list(tickets(30, 1)) != list(tickets(30, 2))


def test_the_same_seed_gives_the_same_mails() -> None:
    assert list(incoming(30, 1)) == list(incoming(30, 1))
    assert list(incoming(30, 1)) != list(incoming(30, 2))


def test_tickets_have_the_shape_of_the_import_format() -> None:
    found = list(tickets(300, 1))

    assert {tuple(ticket) for ticket in found} == {tuple(TICKET_KEYS)}
    assert {tuple(article) for ticket in found for article in ticket["articles"]} == {tuple(ARTICLE_KEYS)}
    assert len({ticket["number"] for ticket in found}) == 300
    assert [ticket["created_at"] for ticket in found] == sorted(ticket["created_at"] for ticket in found)
    assert {ticket["queue"] for ticket in found} <= set(workload.directory().queues)
    assert {ticket["owner"] for ticket in found} - {None} <= set(workload.directory().agents)


def test_a_closed_ticket_says_when_and_an_open_one_does_not() -> None:
    assert {(ticket["state"] == "closed") == (ticket["closed_at"] is not None) for ticket in tickets(300, 1)} == {True}


def test_the_desk_has_as_many_queues_as_the_promises_speak_of() -> None:
    assert len(workload.directory().queues) == 47


def test_an_answer_names_a_mail_that_came_before() -> None:
    seen: set[str] = set()
    answers = 0
    for _sender, _moment, raw in incoming(300, 1):
        message = email.message_from_bytes(raw, policy=email.policy.default)
        if token := re.search(r"\[#@@TICKET:(<.*>)@@\]", message["Subject"]):
            assert token[1] in seen
            assert message["In-Reply-To"] == token[1]
            answers += 1
        seen.add(message["Message-ID"])

    assert 50 < answers < 130


def test_mails_come_in_every_form() -> None:
    messages = [email.message_from_bytes(raw) for _sender, _moment, raw in incoming(600, 1)]
    types = Counter(message.get_content_type() for message in messages)
    charsets = {part.get_content_charset() for message in messages for part in message.walk()} - {None}

    assert set(types) == {"text/plain", "multipart/alternative", "multipart/mixed", "multipart/report"}
    assert charsets >= {"utf-8", "koi8-r", "windows-1251", "us-ascii", "iso-8859-16"}
    assert sum(message["Auto-Submitted"] == "auto-replied" for message in messages) > 5


def test_mails_come_back_out_of_the_mbox_as_they_were_made() -> None:
    made = [raw.rstrip(b"\n") for _sender, _moment, raw in incoming(40, 3)]

    assert [raw.rstrip(b"\n").replace(b"\n>From ", b"\nFrom ") for raw in workload.mails(40, seed=3)] == made


def test_another_generator_may_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"queues": [{"name": "Theirs"}], "agents": [{"login": "a", "name": "A"}]})
    (tmp_path / "generate.py").write_text(f"print({answer!r})")
    monkeypatch.setenv("WORKLOAD", str(tmp_path))

    assert workload.directory() == workload.Directory(["Theirs"], {"a": "A"})


def test_a_workload_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKLOAD", str(tmp_path))

    with pytest.raises(NoWorkload, match=r"takes a folder with a generate\.py"):
        workload.directory()
