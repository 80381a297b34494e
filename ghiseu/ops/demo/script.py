"""What the demo is made of: people, letters, stories and their steps, read from `data/`."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
LANGUAGES = ("ro", "ru", "uk", "en")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes to the desk. `program` is the mail program, a name in `mails.PROGRAMS`."""

    name: str
    address: str
    language: str
    program: str
    site: str = ""
    second_address: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A matter people write about, with what is asked back, answered and noted; `{site}` and the like stand open."""

    mailbox: str
    language: str
    subjects: tuple[str, ...]
    text: str
    question: str = ""
    detail: str = ""
    note: str = ""
    answer: str = ""
    thanks: str = ""
    move: str = ""
    priority: str = ""
    attach: tuple[str, ...] = ()
    shape: str = ""
    uses: int = 2
    writer: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One act: a mail of the customer, or what the agent `by` does. `after` counts from the step before."""

    do: str
    after: dt.timedelta = dt.timedelta()
    by: str = ""
    text: str = ""
    to: str = ""
    attach: tuple[str, ...] = ()
    shape: str = ""
    second_address: bool = False
    until_hours: float = 0


@dataclass(frozen=True, slots=True)
class Story:
    """One ticket's life. `age` is how long before now its first step happens."""

    key: str
    person: Person
    mailbox: str
    subject: str
    age: dt.timedelta
    steps: tuple[Step, ...]

    def message_id(self, position: int) -> str:
        """The Message-ID of the customer's mail in step `position`: the same in every filling."""
        domain = self.person.address.rpartition("@")[2]
        return f"{self.key}.{position}@{domain}"


def read(name: str) -> dict[str, Any]:
    """One data file as plain values."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def customers() -> dict[str, list[Person]]:
    """The customers of each language."""
    data = read("customers")
    second = {row["address"]: row["second_address"] for row in data["known"]}
    people: dict[str, list[Person]] = {language: [] for language in LANGUAGES}
    for language in LANGUAGES:
        for line in data[language]:
            name, address, site, program = (part.strip() for part in line.split("|"))
            people[language].append(Person(name, address, language, program, site, second.get(address, "")))
    return people


def reporters() -> list[Person]:
    """People and machines that report websites."""
    rows = [[part.strip() for part in line.split("|")] for line in read("reports")["reporters"]]
    return [Person(name, address, language, program) for name, address, language, program in rows]


def letters(name: str, language: str = "") -> list[Letter]:
    """The letters of one data file; `language` where its letters do not say their own."""
    return [_letter(row, language) for row in read(name)["letter"]]


def _letter(row: dict[str, Any], language: str) -> Letter:
    row = {"language": language} | row
    shape = "form" if row.pop("form", False) else row.pop("machine", "")
    row["subjects"], row["attach"] = tuple(row["subjects"]), tuple(row.get("attach", ()))
    return Letter(shape=shape, **row)


def written_stories() -> list[Story]:
    """The stories told step by step in `stories.toml`."""
    known = {person.address: person for people in customers().values() for person in people}
    known |= {person.address: person for person in reporters()}
    return [_story(row, known) for row in read("stories")["story"]]


def _story(row: dict[str, Any], known: dict[str, Person]) -> Story:
    address = row["customer"]
    stranger = Person(row.get("customer_name", ""), address, "en", "thunderbird")
    return Story(
        key=row["key"],
        person=known.get(address, stranger),
        mailbox=row["mailbox"],
        subject=row["subject"],
        age=dt.timedelta(hours=row["age"]),
        steps=tuple(_step(step) for step in row["steps"]),
    )


def _step(row: dict[str, Any]) -> Step:
    after = dt.timedelta(minutes=row.get("after", 0))
    return Step(**(row | {"after": after, "attach": tuple(row.get("attach", ()))}))
