"""What is broken is refused with its line and the reason, and what is whole is taken: nothing goes in half."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ghiseu.importing import lines as reading
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models import Article, Blob, Queue, Ticket
from tests.importing.lines import a_ticket, an_answer, an_article, as_bytes, take

pytestmark = pytest.mark.django_db

NO_ZONE = "has no time zone; write 2026-11-22T09:30:00Z or +02:00 behind it"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{torn", "it is not JSON: Expecting property name enclosed in double quotes at character 2"),
        (b"[1]", "it is no JSON object, {...}"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it holds a number that is too long"),
        (b'{"a": ' + b"[" * 200_000, "it is nested too deeply"),
        (b'{"a": "\xff\xfe"}', "it is not UTF-8 at byte 8"),
        (b'{"a": "\x00"}', "it is not JSON: Invalid control character at at character 8"),
        ('{"a": 1}'.encode("utf-16"), "it is not UTF-8 at byte 1"),
        (b'{"number": "1", "title": "a", "title": "b"}', "the key title stands twice in one object"),
        (b'{"record": "nonsense"}', 'record: "nonsense" is none that this release knows'),
        (b'{"record": ["queue"]}', 'record: ["queue"] is none that this release knows'),
        (b'{"record": "queue"}', "name is missing"),
        (b'{"record": "queue", "name": "A", "adress": "x"}', "adress is no key of a queue"),
        (b'{"record": "queue", "name": "A", "calendar": "none"}', 'calendar: "none" is no calendar that is here'),
    ],
)
def test_a_broken_line_is_refused_and_the_next_one_taken(line: bytes, reason: str) -> None:
    report, said = take(line + b"\n", a_ticket())

    assert said == [f"line 1: {reason}"]
    assert (report.refused, report.tickets) == (1, 1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"titel": "x"}, "titel is no key of a ticket"),
        ({"title": 7}, "title: 7 is not a text"),
        ({"title": None}, "title: null is not a text"),
        ({"title": "x" * 501}, "title: a text of 501 characters; it takes 500"),
        ({"queue": ""}, "queue: it names nothing"),
        ({"owner": "o" * 101}, "owner: a text of 101 characters; it takes 100"),
        ({"customer_company": "c" * 201}, "customer_company: a text of 201 characters; it takes 200"),
        ({"queue": "q" * 201}, "queue: a text of 201 characters; it takes 200"),
        ({"number": ""}, 'number: "" is not 1 to 32 letters, digits and hyphens'),
        ({"number": "../etc"}, 'number: "../etc" is not 1 to 32 letters, digits and hyphens'),
        ({"number": 20240301}, "number: 20240301 is not a text"),
        ({"created_at": "2024-03-01T09:00:00"}, f'created_at: "2024-03-01T09:00:00" {NO_ZONE}'),
        ({"created_at": "2024-03-01"}, f'created_at: "2024-03-01" {NO_ZONE}'),
        ({"created_at": "yesterday"}, 'created_at: "yesterday" is not a time such as 2026-11-22T09:30:00Z'),
        ({"created_at": 1709283600}, "created_at: 1709283600 is not a time such as 2026-11-22T09:30:00Z"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "is not a time such as 2026-11-22T09:30:00Z"),
        ({"created_at": "9999-01-01T00:00:00Z"}, 'created_at: "9999-01-01T00:00:00Z" is not between 1970 and 2200'),
        ({"priority": "very"}, 'priority: "very" is none of low, normal, high, urgent'),
        ({"priority": 3}, "priority: 3 is none of low, normal, high, urgent"),
        ({"language": "xx"}, 'language: "xx" is none of'),
        ({"state": "half open"}, 'state: "half open" is none of'),
        ({"customer_email": "nobody"}, 'customer_email: "nobody" is not a mail address'),
        ({"customer_email": None}, "customer_email: null is not a text"),
        ({"customer": "#17", "customer_email": None}, "customer: give either this or customer_email"),
        ({"articles": [an_article(titel="x")]}, "articles[0]: titel is no key of an article"),
        ({"articles": [an_article(customer="a:b")]}, 'articles[0].customer: "a:b" is not a mail address'),
        ({"articles": {}}, "articles: {} is not a list"),
        ({"articles": ["x"]}, 'articles[0]: "x" is not an object'),
        (
            {"articles": [an_article(), an_article(created_at="2024-01-01")]},
            f'articles[1].created_at: "2024-01-01" {NO_ZONE}',
        ),
        ({"articles": [an_article(direction="up")]}, 'articles[0].direction: "up" is none of in, out, note'),
        ({"articles": [{"body": "x"}]}, "articles[0]: direction is missing"),
        ({"articles": [an_article(to=[7])]}, "articles[0].to: 7 is not a text"),
        ({"articles": [an_answer(**{"from": ""})]}, "agent: an article of an agent names neither agent nor from"),
        ({"articles": [an_article(raw={"data": "%"})]}, "articles[0].raw: it is not base64"),
        (
            {"articles": [an_article(raw={"sha256": "0" * 64})]},
            "line 1: raw: the bytes 000000000000… are neither given nor in",
        ),
        ({"state": "open", "closed_at": "2024-04-01T00:00:00Z"}, "closed_at: a ticket that is open has none"),
        ({"state": "closed", "answer_due_at": "2024-04-01T00:00:00Z"}, "answer_due_at: a ticket that is closed"),
        ({"archived_at": "2024-04-01T00:00:00Z"}, "archived_at: a ticket that is open is not in the archive"),
        ({"locked_until": "2024-04-01T00:00:00Z"}, "locked_until: nobody holds the lock"),
        ({"fields": {"nonsense": "x"}}, 'fields: this desk has no field "nonsense"'),
        ({"fields": ["x"]}, 'fields: ["x"] is not an object'),
        ({"tags": "vip"}, 'tags: "vip" is not a list'),
        ({"tags": ["a,b"]}, "cannot be a tag"),
        ({"events": [{"kind": "danced", "actor": "agent", "at": "2024-04-01T00:00:00Z"}]}, 'events[0].kind: "danced"'),
        (
            {"events": [{"kind": "created", "actor": "agent", "at": "2024-04-01T00:00:00Z", "article": 1}]},
            "events[0].article: 1 is the position of no article",
        ),
    ],
)
def test_a_ticket_that_cannot_be_as_it_says_is_refused_whole(values: dict[str, Any], reason: str) -> None:
    report, said = take(a_ticket("1") | values, a_ticket("2"))

    assert len(said) == 1
    assert said[0].startswith("line 1: ")
    assert reason in said[0]
    assert (report.refused, report.tickets) == (1, 1)
    assert list(Ticket.objects.values_list("number", flat=True)) == ["2"]
    assert Article.objects.count() == 1


def test_what_no_text_may_hold_is_replaced_and_said() -> None:
    line = as_bytes(a_ticket()).replace(b"My site is down.", rb"My \u0000site\ud800 is \ud83d\ude00.")

    report, said = take(line)

    assert said == ["line 1: NUL or half characters stood in a text; U+FFFD stands there now"]
    assert Article.objects.get().text == "My \ufffdsite\ufffd is \U0001f600."
    assert report.is_complete


def test_a_last_line_that_is_torn_is_refused_and_one_that_only_lacks_its_end_is_taken() -> None:
    whole = as_bytes(a_ticket("2")).rstrip(b"\n")

    _report, said = take(a_ticket("1"), whole[:-20])
    report, nothing = take(whole)

    assert said[0].startswith("line 2: it is not JSON")
    assert said[0].endswith("; the file ends within this line")
    assert (nothing, report.tickets) == ([], 1)


def test_empty_lines_windows_lines_and_a_byte_order_mark_do_no_harm() -> None:
    line = as_bytes(a_ticket()).replace(b"\n", b"\r\n")

    report, said = take(b"\xef\xbb\xbf" + line + b"\r\n  \n\n")

    assert (said, report.tickets) == ([], 1)


def test_a_huge_line_is_passed_over_without_being_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_LINE_BYTES", 2 * 1024 * 1024)
    huge = as_bytes(a_ticket("1", title="x" * 5_000_000))

    report, said = take(huge, a_ticket("2"))

    assert said[0].startswith(f"line 1: the line has {len(huge):,} bytes; it takes 2 MiB.")
    assert report.tickets == 1


def test_files_lie_beside_the_lines_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "import"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    said = []
    for name in ("../secret", "/etc/passwd", "link", "missing", "."):
        content = {"filename": "f", "content_type": "", "content": {"file": name}}
        said += take(a_ticket(articles=[an_article(attachments=[content])]), folder=folder)[1]

    assert [line.split(": ")[-1].split('" ')[-1] for line in said[:3]] == ["does not lie beside the import file"] * 3
    assert len(said) == 5
    assert not Ticket.objects.exists()
    assert not Blob.objects.exists()


def test_bytes_must_be_what_they_say() -> None:
    content = {"data": base64.b64encode(b"one").decode(), "sha256": "ab" * 32}

    _report, said = take(a_ticket(articles=[an_article(raw=content)]))

    assert "sha256: the bytes have 7692c3ad" in said[0]
    assert not Ticket.objects.exists()


def test_what_only_the_database_knows_costs_one_line_and_not_its_thousand() -> None:
    """A name that is taken in a way that no line says: the batch is tried again in halves, to the one line."""
    taken = {"record": "queue", "name": "First", "address": "desk@desk.example"}
    double = {"record": "queue", "name": "Second", "address": "desk@desk.example"}

    report, said = take(taken, double, *({"record": "queue", "name": f"Q{number}"} for number in range(20)))

    assert len(said) == 1
    assert said[0].startswith("line 2: the database refuses it: ")
    assert report.records == 21
    assert Queue.objects.count() == 21


def test_a_line_that_differs_from_what_is_here_changes_nothing() -> None:
    first = {"record": "queue", "name": "Sales", "signature": "Yours"}
    take(first)

    report, said = take(first, first | {"signature": "Mine"}, {"record": "queue", "name": "Sales"})

    assert said == ['line 2: queue "Sales" is here with another content; nothing was changed']
    assert (report.known, report.conflicts) == (2, 1)
    assert Queue.objects.get().signature == "Yours"


def test_a_customer_who_is_here_otherwise_is_left_as_they_are() -> None:
    vera = {"record": "customer", "name": "Vera", "identities": [{"kind": "email", "value": "vera@site.example"}]}
    take(vera)

    report, said = take(vera, vera | {"name": "Vera M."}, vera | {"identities": []})

    assert said == ["line 2: customer vera@site.example is here otherwise; nothing was changed"]
    assert (report.known, report.records) == (1, 1)
    assert set(Customer.objects.values_list("name", flat=True)) == {"Vera"}


def test_an_export_in_the_middle_of_a_file_or_of_another_release_is_refused() -> None:
    _report, said = take(a_ticket(), {"record": "export", "format": 1})
    _report, other = take({"record": "export", "format": 99})

    assert said == ["line 2: the beginning of an export stands in the middle of the file"]
    assert other == ["line 1: format 99 was written by another release; this one reads 1"]


def test_an_agent_line_makes_nobody_who_can_sign_in() -> None:
    _report, said = take({"record": "agent", "login": "ana", "name": "Ana", "email": "ana@desk.example"})

    assert said == []
    assert not Agent.objects.get().has_usable_password()
