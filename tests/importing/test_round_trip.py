"""What one has can be taken away, and put up again elsewhere: every table the same, whatever the ids."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from ghiseu.importing import schema
from ghiseu.importing.errors import CannotExport
from ghiseu.importing.export import Wishes, export
from ghiseu.importing.loading import Options, load
from ghiseu.importing.ndjson import Source
from ghiseu.importing.output import DESK_FILE, written_to
from ghiseu.importing.report import Report
from ghiseu.mail.models import InboundMail, OutboundMail
from ghiseu.ops.demo import company
from ghiseu.tickets.blobs import compact, keep_bytes
from ghiseu.tickets.models import Article, Blob, State, Ticket
from tests.factories import make_agent, make_mailbox, make_queue, make_ticket
from tests.importing.lines import a_ticket, an_answer, an_article, take
from tests.importing.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)


def leave(path: Path, *, with_secrets: bool = True) -> None:
    with written_to(path) as output:
        export(output, Wishes(with_secrets=with_secrets), lambda _done, _total: None)


def arrive(path: Path) -> tuple[Report, list[str]]:
    said: list[str] = []
    report = Report(tell=lambda problem: said.append(f"{problem.where}: {problem.reason}"))
    lines = path / DESK_FILE if path.is_dir() else path
    with lines.open("rb") as file:
        source = Source(file, lines.parent)
        load(source.found(), report, Options(counter=lambda: source.counter))
    return report, said


def empty_desk() -> None:
    """Nothing but what a new desk has."""
    states = list(State.objects.order_by("pk").values())
    ours = [model._meta.db_table for config in apps.get_app_configs() for model in config.get_models()]
    kept = ("django_", "auth_")
    tables = ", ".join(f'"{name}"' for name in ours if not name.startswith(kept))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        # So that nothing is right by having kept its id.
        cursor.execute("SELECT setval('tickets_ticket_id_seq', 5000), setval('tickets_article_id_seq', 9000)")
    for state in sorted(states, key=lambda one: one["name"]):
        State.objects.create(name=state["name"], type=state["type"], is_active=state["is_active"])


def travels(path: Path) -> None:
    before = picture()
    leave(path)
    empty_desk()

    report, said = arrive(path)

    assert said == []
    assert report.is_complete
    after = picture()
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}


def at_rest() -> None:
    """What waits to be sent or filed is changed by an import on purpose; here nothing waits."""
    OutboundMail.objects.filter(state="waiting").update(state="cancelled")
    InboundMail.objects.filter(state="received").update(state="ignored")


def test_the_demo_company_travels_whole(tmp_path: Path) -> None:
    company.fill(lambda _step: None)
    at_rest()
    keep_what_blobs_can_be()

    travels(tmp_path / "desk")


def keep_what_blobs_can_be() -> None:
    """Small and large, plain and compressed, and erased."""
    for times in (100, 10_000):
        compact(keep_bytes(b"the same again, " * times).pk)
    for size in (0, 20_000, 100_000):
        keep_bytes(random.Random(size).randbytes(size))
    erased = keep_bytes(b"personal")
    Blob.objects.filter(pk=erased.pk).update(data=None, erased_at=timezone.now())


@pytest.mark.parametrize(("seed", "name"), [(1, "desk"), (2, "desk.ndjson")])
def test_any_tickets_travel_whole(tmp_path: Path, seed: int, name: str) -> None:
    keep_what_blobs_can_be()
    chance = random.Random(seed)
    defined = {"record": "custom_field", "name": "plan", "label": "Plan", "kind": "text"}
    _report, said = take(defined, *(any_ticket(chance, number) for number in range(60)))
    assert said == []

    travels(tmp_path / name)


def any_ticket(chance: random.Random, number: int) -> dict[str, Any]:
    """A ticket with any of what a ticket can have."""
    may: Callable[[], bool] = lambda: chance.random() < 0.5  # noqa: E731
    state = chance.choice(["new", "open", "pending reminder", "closed unsuccessful", "merged"])
    is_open = state in ("new", "open", "pending reminder")
    ticket = a_ticket(
        f"R-{number}",
        queue=chance.choice(["Support", "Abuse::Malware", "Ă::Ț"]),
        title=any_text(chance, 80) or "-",
        state=state,
        priority=chance.choice(["low", "normal", "high", "urgent"]),
        owner=chance.choice([None, "ana", "ion.rusu"]),
        customer_email=f"c{chance.randrange(20)}@site.example",
        customer_name=any_text(chance, 30),
        articles=[any_article(chance, position) for position in range(chance.randrange(6))],
    )
    if may():
        del ticket["customer_email"]
        ticket["customer"] = f"login:user{chance.randrange(5)}"
    extras: dict[str, Any] = {
        "type": "Incident",
        "service": "Hosting",
        "tags": ["vip", "späť"],
        "fields": {"plan": any_text(chance, 20)},
        "domain": "site.example",
        "customer_company": f"Company {chance.randrange(3)}",
        "changed_at": "2025-01-01T00:00:00.123456Z",
        "waiting_since": None,
        "first_answered_at": "2024-05-01T00:00:00+03:00",
        "related": f"R-{chance.randrange(60)}",
        "last_words": any_text(chance, 50),
        "participants": [{"address": "x@y.example", "created_at": "2024-05-01T00:00:00Z"}],
        "events": [
            {
                "kind": "created",
                "actor": "system",
                "data": {"queue": "Old", "related": ""},
                "at": "2024-05-01T00:00:00Z",
            }
        ],
    }
    extras |= (
        {"answer_due_at": "2026-01-01T00:00:00Z", "locked_by": "ana"}
        if is_open
        else {"archived_at": "2025-02-01T00:00:00Z", "closed_at": "2024-06-01T00:00:00Z"}
    )
    ticket |= {key: value for key, value in extras.items() if may()}
    if state == "pending reminder":
        ticket["pending_until"] = "2030-01-01T00:00:00Z"
    return ticket


def any_article(chance: random.Random, position: int) -> dict[str, Any]:
    article = chance.choice([an_article, an_answer])(
        message_id=f"<{chance.randrange(10**9)}@x>",
        body=any_text(chance, 300),
        subject=any_text(chance, 40),
        created_at=f"2024-04-{position + 1:02}T09:00:00Z",
    )
    if chance.random() < 0.3:
        article |= {"direction": "note", "agent": "ion"}
    if chance.random() < 0.2:
        del article["direction"]
        article |= {"sender_type": "third_party", "channel": "email", "is_visible_to_customer": False}
    extras: dict[str, Any] = {
        "reply_text": any_text(chance, 30),
        "html": "<p>One &amp; <b>two</b></p><script>x</script>",
        "written_at": None,
        "sender_sign": "proven",
        "is_verified": False,
        "cc": [{"name": any_text(chance, 10), "address": "CC@x.example"}, "Who <who@x.example>"],
        "customer": "other@x.example",
        "raw": {"data": "RnJvbTogeA0KDQp4"},
        "attachments": [
            {"filename": "ș.bin", "content_type": "a/b", "content": {"data": "QUJD" * chance.choice([1, 20_000])}},
            {"filename": "b", "content_type": "", "content": {"data": ""}, "inline": True, "content_id": "c"},
        ],
    }
    return article | {key: value for key, value in extras.items() if chance.random() < 0.4}


def any_text(chance: random.Random, most: int) -> str:
    letters = "abc ȘțĂîё їґ\n\t\\\"'{}[]<>&%\u200b\x7f\x1b\U0001f600\u2028\\N\\."
    return "".join(chance.choice(letters) for _ in range(chance.randrange(most))).strip()


def test_two_equal_exports_are_equal_but_for_their_time(tmp_path: Path) -> None:
    take(a_ticket("1"), a_ticket("2"))

    for name in ("one.ndjson", "two.ndjson"):
        leave(tmp_path / name)

    one, two = ((tmp_path / name).read_bytes().splitlines()[1:] for name in ("one.ndjson", "two.ndjson"))
    assert one == two


def test_what_comes_back_to_the_same_desk_is_known(tmp_path: Path) -> None:
    chance = random.Random(7)
    take({"record": "custom_field", "name": "plan", "label": "Plan", "kind": "text"})
    take(*(any_ticket(chance, number) for number in range(40)))
    make_ticket(make_queue("Here"))
    before = picture()
    leave(tmp_path / "desk")

    report, said = arrive(tmp_path / "desk")

    assert said == []
    assert (report.tickets, report.records, report.refused) == (0, 0, 0)
    assert report.known > Ticket.objects.count()
    assert picture() == before


def test_every_table_and_secret_that_is_named_is_there() -> None:
    labels = {model._meta.label for config in apps.get_app_configs() for model in config.get_models()}
    fields = {f"{model._meta.label}.{field.name}" for model in schema.tables() for field in model._meta.get_fields()}

    assert set(schema.LEFT_OUT) - labels == set()
    assert (schema.SECRETS | set(schema.IDS_IN_JSON) | schema.KEPT_BY_US) - fields == set()


def test_every_column_can_be_said_and_none_looks_like_a_forgotten_secret() -> None:
    columns = [column for model in schema.tables() for column in schema.table_of(model).columns.values()]
    suspicious = ("password", "secret", "token", "api_key", "private")
    harmless = {"mail.OAuthAccess.token_endpoint"}

    assert {column.key for column in columns} & {"record", "key"} == set()
    assert {
        column.label for column in columns if any(word in column.label.lower() for word in suspicious)
    } - schema.SECRETS - harmless == set()


def test_secrets_stay_here_unless_somebody_asks_for_them(tmp_path: Path) -> None:
    make_mailbox(make_queue(full=[make_agent("ana", "Ana Popescu")]), password="sealed")

    leave(tmp_path / "desk.ndjson", with_secrets=False)
    text = (tmp_path / "desk.ndjson").read_text(encoding="utf-8")

    assert '"password":' not in text
    assert "people.Agent.password" in text.splitlines()[0]


def test_a_stopped_export_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    take(*(a_ticket(str(number)) for number in range(300)))
    stop = threading.Event()
    stop.set()

    with pytest.raises(CannotExport, match="stopped"), written_to(tmp_path / "desk") as output:
        export(output, Wishes(stop=stop), lambda _done, _total: None)

    assert [path.name for path in tmp_path.iterdir()] == ["desk.unfinished"]
    report, said = arrive(tmp_path / "desk.unfinished")
    assert not report.is_complete
    assert said[-1] == "the end: the last line of the export is missing: it was cut off, or never finished"


def test_an_export_never_writes_over_something(tmp_path: Path) -> None:
    (tmp_path / "desk.ndjson").write_text("mine")

    with pytest.raises(CannotExport, match="is there already"):
        leave(tmp_path / "desk.ndjson")

    assert (tmp_path / "desk.ndjson").read_text() == "mine"


def test_an_export_shows_one_moment_however_long_it_takes(tmp_path: Path) -> None:
    take(*(a_ticket(str(number)) for number in range(400)))

    def meanwhile(_done: int, _total: int) -> None:
        Ticket.objects.update(title="Changed meanwhile")

    with written_to(tmp_path / "desk") as output:
        export(output, Wishes(), meanwhile)

    assert "Changed meanwhile" not in (tmp_path / "desk" / DESK_FILE).read_text()
    assert Ticket.objects.filter(title="Changed meanwhile").count() == 400


def test_every_key_of_a_ticket_and_of_an_article_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating" / "import.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`(\w+)`", page))
    left_to_other_words = {"from_name", "from_address"}
    keys = {key for model in (Ticket, Article) for key in (*schema.table_of(model).columns, *schema.inside(model))}

    assert keys - {"ticket"} - left_to_other_words - described == set()
