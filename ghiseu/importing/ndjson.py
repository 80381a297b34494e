"""Our own format, a JSON object a line: lines in, checked rows out. docs/operating/import.md describes it for people.

Reading needs no database but the models' description of themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ghiseu.importing.content import content_of
from ghiseu.importing.errors import Refused
from ghiseu.importing.fingerprints import fingerprint_of
from ghiseu.importing.incoming import Found, Incoming, IncomingRecord, IncomingTicket, Problem, Row
from ghiseu.importing.lines import Line, read_lines
from ghiseu.importing.people_keys import address_key, customer_key, person_of, persons_of
from ghiseu.importing.schema import Model, in_order, inside, is_blob, kind_of, table_of
from ghiseu.importing.values import shown, text
from ghiseu.lib.html import clean_html, html_to_text
from ghiseu.people.models import Company, Customer
from ghiseu.tickets.models import Article, Blob, Channel, Priority, SenderType, Ticket

RECORD = "record"
HEADER, END = "export", "end"
FORMAT = 1
MOST_COUNTED = 100_000_000
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,32}")
# sender type, channel, visible to the customer
DIRECTIONS = {
    "in": (SenderType.CUSTOMER.value, Channel.EMAIL.value, True),
    "out": (SenderType.AGENT.value, Channel.EMAIL.value, True),
    "note": (SenderType.AGENT.value, Channel.NOTE.value, False),
}
_DIRECTION_KEYS = ("sender_type", "channel", "is_visible_to_customer")
_MESSAGE_IDS = ("message_id", "in_reply_to")
_PRIORITIES = {priority.name.lower(): priority.value for priority in Priority}
_CLEANED = "NUL or half characters stood in a text; U+FFFD stands there now"


@dataclass
class Source:
    """A file in our format. `folder` is where the files lie that its lines name; `position` how far it is read.

    After the last line, `header` holds the first line of an export, and `ending` its last one.
    """

    file: BinaryIO
    folder: Path
    position: int = 0
    header: dict[str, Any] = field(default_factory=dict)
    ending: dict[str, Any] = field(default_factory=dict)
    lines: int = 0

    @property
    def counter(self) -> int:
        """How far the desk that wrote the export had counted its ticket numbers."""
        counter = self.header.get("counter", 0)
        return counter if isinstance(counter, int) and 0 <= counter < MOST_COUNTED else 0

    def found(self) -> Iterator[tuple[Found, int]]:
        """What each line holds, with the bytes of the file read so far, in order."""
        for line in read_lines(self.file):
            self.position = line.end
            where = f"line {line.number}"
            if line.was_cleaned:
                yield Problem(where, _CLEANED, is_refused=False), line.end
            try:
                found = self._understood(line, where)
            except Refused as error:
                found = Problem(where, str(error))
            self.lines += 1
            if found is not None:
                yield found, line.end
        if self.header and not self.ending:
            yield Problem("the end", "the last line of the export is missing: it was cut off, or never finished"), 0

    def _understood(self, line: Line, where: str) -> Found | None:
        if line.value is None:
            raise Refused(line.problem)
        if self.ending:
            raise Refused("it stands behind the end of the export")
        record = line.value.get(RECORD)
        if record == HEADER:
            self.header = self._checked_header(line.value)
            return None
        if record == END:
            self.ending = line.value
            return self._checked_end(where)
        found = read_ticket(line.value, self.folder) if record is None else read_record(line.value, self.folder)
        found.where, found.size = where, line.size
        return found

    def _checked_header(self, value: dict[str, Any]) -> dict[str, Any]:
        if self.lines:
            raise Refused("the beginning of an export stands in the middle of the file")
        if value.get("format") != FORMAT:
            raise Refused(
                f"format {shown(value.get('format'))} was written by another release; this one reads {FORMAT}"
            )
        return value

    def _checked_end(self, where: str) -> Problem | None:
        if self.ending.get("lines") == self.lines:
            return None
        said = shown(self.ending.get("lines"))
        return Problem(where, f"the export had {said} lines before its end, and here are {self.lines}")


def read_ticket(document: dict[str, Any], folder: Path) -> IncomingTicket:
    """A ticket with its articles and what hangs on them. Raises Refused, naming key and reason."""
    fingerprint = fingerprint_of(document)
    document = dict(document)
    articles = _pop_list(document, "articles")
    name = text(document.pop("customer_name", None) or "")
    company = text(document.pop("customer_company", None) or "")
    if company:
        _within("customer_company", _name_of, Company, company)
    row: Row = {"customer": _customer(document)}
    row["fields"] = _within("fields", _object, document.pop("fields", None) or {})
    if (domain := document.pop("domain", None)) is not None:
        row["fields"] = {"domain": _within("domain", text, domain)} | row["fields"]
    if (priority := document.pop("priority", None)) is not None:
        row["priority"] = _priority(priority)
    children, rest = _split(document, Ticket, folder, len(articles))
    row |= _row(Ticket, rest, folder, given=("customer", "changed_at", "fields"))
    if not _NUMBER.fullmatch(row["number"]):
        raise Refused(f"{shown(row['number'])} is not 1 to 32 letters, digits and hyphens", "number")
    read = [_within(f"articles[{position}]", read_article, one, folder) for position, one in enumerate(articles)]
    return IncomingTicket("", row, children, fingerprint, articles=read, customer_name=name, company=company)


def _customer(document: dict[str, Any]) -> str:
    if "customer" in document and "customer_email" in document:
        raise Refused("give either this or customer_email", "customer")
    if "customer" in document:
        return str(_within("customer", customer_key, document.pop("customer")))
    if "customer_email" not in document:
        raise Refused("customer_email is missing")
    return str(_within("customer_email", address_key, document.pop("customer_email")))


def _priority(value: Any) -> int:
    if not isinstance(value, str) or value not in _PRIORITIES:
        raise Refused(f"{shown(value)} is none of {', '.join(_PRIORITIES)}", "priority")
    return _PRIORITIES[value]


def read_article(document: Any, folder: Path) -> Incoming:
    """A message or note. Raises Refused."""
    document = _object(document)
    row: Row = dict(zip(_DIRECTION_KEYS, _direction(document), strict=False))
    if "from" in document:
        row["from_name"], row["from_address"] = _within("from", person_of, document.pop("from"))
    for key in ("to", "cc", "reply_to"):
        if key in document:
            document[key] = _within(key, persons_of, document[key])
    for key in _MESSAGE_IDS:
        if document.get(key, "") is None:
            document[key] = ""
    children, rest = _split(document, Article, folder, 0)
    row |= _row(Article, rest, folder, given=("ticket", *row))
    for key in _MESSAGE_IDS:
        if key in row:
            row[key] = row[key].removeprefix("<").removesuffix(">")
    if row.get("html"):
        # Whoever wrote the file may be a stranger to this desk.
        row["html"] = clean_html(row["html"])
        row.setdefault("body", html_to_text(row["html"]))
    return Incoming("", row, children)


def _direction(document: dict[str, Any]) -> tuple[Any, ...]:
    """Sender type, channel and visibility; nothing where the document gives them one by one."""
    if "direction" not in document:
        if "sender_type" not in document:
            raise Refused("direction is missing")
        return ()
    direction = document.pop("direction")
    if not isinstance(direction, str) or direction not in DIRECTIONS:
        raise Refused(f"{shown(direction)} is none of {', '.join(DIRECTIONS)}", "direction")
    return DIRECTIONS[direction]


def read_record(document: dict[str, Any], folder: Path) -> IncomingRecord:
    """A row of another table, `{"record": "queue", ...}`. Raises Refused."""
    document = dict(document)
    kind = document.pop(RECORD)
    model = _models().get(kind) if isinstance(kind, str) else None
    if model is None:
        raise Refused(f"{shown(kind)} is none that this release knows", "record")
    key = text(document.pop("key", ""))
    children, rest = _split(document, model, folder, 0) if model is Customer else ({}, document)
    if model is Blob:
        row = _row(Blob, rest, folder) if "erased_at" in rest else {"content": content_of(rest, folder)}
        return IncomingRecord("", row, record=kind, key=key)
    return IncomingRecord("", _row(model, rest, folder), children, record=kind, key=key)


def _models() -> dict[str, Model]:
    return {kind_of(model): model for model in in_order() if model is not Ticket}


def _split(
    document: dict[str, Any], owner: Model, folder: Path, articles: int
) -> tuple[dict[str, list[Incoming]], dict[str, Any]]:
    """Part what hangs on a row from its own values."""
    children: dict[str, list[Incoming]] = {}
    known = inside(owner)
    for key in [key for key in document if key in known]:
        model, by = known[key].model, known[key].by.key
        children[key] = []
        for position, one in enumerate(_pop_list(document, key)):
            row = _within(f"{key}[{position}]", _child, model, one, folder, by, articles)
            children[key].append(Incoming("", row))
    return children, document


def _child(model: Model, document: Any, folder: Path, by: str, articles: int) -> Row:
    row = _row(model, _object(document), folder, given=(by,))
    for column in table_of(model).columns.values():
        if column.target is Article and column.key != by and row.get(column.key) is not None:
            position = row[column.key]
            if not isinstance(position, int) or not 0 <= position < articles:
                raise Refused(f"{shown(position)} is the position of no article", column.key)
    return row


def _row(model: Model, document: dict[str, Any], folder: Path, given: tuple[str, ...] = ()) -> Row:
    """The checked values of a row; `given` need not stand in the document. Raises Refused."""
    table = table_of(model)
    row: Row = {}
    for key, value in document.items():
        column = table.column(key)
        if is_blob(column) and value is not None:
            row[key] = _within(key, content_of, value, folder)
        elif column.target is Customer and value is not None:
            row[key] = _within(key, customer_key, value)
        else:
            row[key] = column.read(value)
            if column.target and isinstance(value, str):
                _within(key, _name_of, column.target, value)
    for key in table.required:
        if key not in row and key not in given:
            raise Refused(f"{key} is missing")
    return row


def _name_of(target: Model, value: str) -> None:
    """Whether a row of that table can be called so: it may have to be made."""
    natural = table_of(target).natural
    if not value:
        raise Refused("it names nothing")
    if len(natural) == 1:
        table_of(target).columns[natural[0]].check(value)


def _within(place: str, read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except Refused as error:
        raise error.within(place) from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"{shown(value)} is not an object")
    return dict(value)


def _pop_list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.pop(key, [])
    if not isinstance(value, list):
        raise Refused(f"{shown(value)} is not a list", key)
    return value
