"""Who writes which letter, what is answered, and how long everybody takes: stories out of letters.

Seeded, so that every demo tells the same; only the times count back from the moment of the filling.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from ghiseu.ops.demo import script
from ghiseu.ops.demo.script import Letter, Person, Step, Story

T = TypeVar("T")
SEED = 20261122
DAYS = 14
ABUSE_MAILBOXES = ("abuse", "report-form", "copyright")
# How far a letter's story has come; dealt out in turn, so that three of five tickets are closed.
COURSES = (
    "thanked", "closed", "new", "thanked", "answered", "closed", "thanked", "pending", "thanked", "closed",
    "taken", "thanked", "asked", "closed", "thanked", "answered", "closed", "new", "thanked", "closed",
)  # fmt: skip
GREETINGS = {
    "ro": ("Bună ziua,", "Bună ziua!", "Stimată echipă,", "Salut,"),
    "ru": ("Здравствуйте!", "Добрый день!", "Добрый вечер,", "Здравствуйте."),
    "uk": ("Добрий день!", "Вітаю!", "Доброго дня,"),
    "en": ("Hello,", "Hi there,", "Dear support team,", "Good morning,"),
}
CLOSINGS = {
    "ro": ("Cu respect,", "Mulțumesc,", "O zi bună,", "Cu stimă,"),
    "ru": ("С уважением,", "Спасибо,", "Заранее спасибо,"),
    "uk": ("З повагою,", "Дякую,", "Наперед дякую,"),
    "en": ("Best regards,", "Thanks,", "Kind regards,", "Many thanks,"),
}


@dataclass(frozen=True, slots=True)
class Role:
    """A part in a story: the letter, its writer, who answers, and the facts that fill the texts."""

    letter: Letter
    person: Person
    agent: str
    colleague: str
    course: str
    facts: dict[str, str]

    def fill(self, text: str) -> str:
        return text.format_map(self.facts)


def stories(now: dt.datetime) -> list[Story]:
    """All stories, as of `now`."""
    rng = random.Random(SEED)  # noqa: S311 -- picks names and delays, protects nothing
    told = script.written_stories()
    for number, role in enumerate(_roles(rng, now)):
        told.append(_story(role, f"letter-{number + 1}", rng))
    return told


def _roles(rng: random.Random, now: dt.datetime) -> Iterator[Role]:
    speakers = script.read("company")["speakers"]
    people = script.customers()
    pairs: list[tuple[Letter, Person, str]] = []
    for language in script.LANGUAGES:
        letters = script.letters(f"letters_{language}", language)
        writers = _dealt(people[language], rng)
        for letter in letters:
            chosen = [next(writers) for _ in range(letter.uses)]
            pairs += [(letter, person, person.site) for person in chosen]
    pairs += _reports(rng)
    rng.shuffle(pairs)
    for number, (letter, person, site) in enumerate(pairs):
        desk = speakers["Abuse" if letter.mailbox in ABUSE_MAILBOXES else "Support"][letter.language]
        agent = rng.choice(desk)
        colleague = rng.choice([login for login in desk if login != agent])
        yield Role(letter, person, agent, colleague, COURSES[number % len(COURSES)], _facts(site, rng, now))


def _reports(rng: random.Random) -> Iterator[tuple[Letter, Person, str]]:
    suspects = _dealt(script.read("reports")["suspects"], rng)
    letters = script.letters("reports")
    machines = {letter.writer for letter in letters}
    for letter in letters:
        fitting = [person for person in script.reporters() if person.language == letter.language]
        chosen = [person for person in fitting if person.address == letter.writer]
        speaking = _dealt(chosen or [person for person in fitting if person.address not in machines], rng)
        for _ in range(letter.uses):
            yield letter, next(speaking), next(suspects)


def _dealt(items: list[T], rng: random.Random) -> Iterator[T]:
    while True:
        yield from rng.sample(items, len(items))


def _facts(site: str, rng: random.Random, now: dt.datetime) -> dict[str, str]:
    network = rng.choice(("192.0.2", "198.51.100", "203.0.113"))
    return {
        "site": site,
        "invoice": f"PV-{rng.randrange(10_000, 99_999)}",
        "amount": str(rng.choice((240, 360, 480, 590, 720, 1180))),
        "ip": f"{network}.{rng.randrange(2, 250)}",
        "date": f"{now - dt.timedelta(days=rng.randrange(15, 26)):%d.%m.%Y}",
    }


def _story(role: Role, key: str, rng: random.Random) -> Story:
    steps = tuple(replace(step, text=role.fill(step.text)) for step in _steps(role, rng))
    lasts = sum((step.after for step in steps), dt.timedelta())
    hours = {"new": (0.3, 20), "taken": (0.5, 30), "asked": (2, 60), "answered": (1, 72), "pending": (3, 60)}
    youngest, oldest = hours.get(role.course, (0.5, DAYS * 24 - lasts / dt.timedelta(hours=1)))
    return Story(
        key=key,
        person=role.person,
        mailbox=role.letter.mailbox,
        subject=role.fill(rng.choice(role.letter.subjects)),
        age=lasts + dt.timedelta(hours=rng.uniform(youngest, max(oldest, youngest + 1))),
        steps=steps,
    )


def _steps(role: Role, rng: random.Random) -> Iterator[Step]:
    letter, agent = role.letter, role.agent
    yield Step("mail", text=_opening(role, rng), attach=letter.attach, shape=letter.shape)
    if role.course == "new":
        return
    if letter.priority:
        yield Step("priority", _minutes(rng, 2, 15), by=agent, to=letter.priority)
    if letter.move:
        yield Step("move", _minutes(rng, 2, 25), by=agent, to=letter.move)
    if role.course == "taken" or rng.random() < 0.3:
        yield Step("assign", _minutes(rng, 2, 20), by=role.colleague, to=agent)
    if role.course == "taken":
        return
    yield from _conversation(role, rng)
    if role.course == "pending":
        yield Step("pending", _minutes(rng, 1, 5), by=agent, until_hours=rng.uniform(70, 160))
    elif role.course in ("closed", "thanked"):
        yield Step("close", _minutes(rng, 1, 40), by=agent)


def _conversation(role: Role, rng: random.Random) -> Iterator[Step]:
    letter, agent = role.letter, role.agent
    urgent = letter.priority in ("high", "urgent")
    quick = (4, 35) if urgent else (10, 240)
    asks = bool(letter.question) and role.course != "closed"
    if asks:
        yield Step("reply", _minutes(rng, *quick), by=agent, text=letter.question)
        if role.course == "asked":
            return
        yield Step("mail", _minutes(rng, 15, 900), text=_short(role, letter.detail))
    if letter.note:
        yield Step("note", _minutes(rng, 5, 60), by=rng.choice((agent, role.colleague)), text=letter.note)
    if letter.answer:
        yield Step("reply", _minutes(rng, *quick), by=agent, text=letter.answer)
    if letter.thanks and role.course == "thanked":
        yield Step("mail", _minutes(rng, 10, 1100), text=_short(role, letter.thanks))


def _opening(role: Role, rng: random.Random) -> str:
    if role.letter.shape:
        return role.letter.text
    language = role.person.language
    greeting, closing = rng.choice(GREETINGS[language]), rng.choice(CLOSINGS[language])
    return f"{greeting}\n\n{role.letter.text}\n\n{closing}\n{role.person.name}"


def _short(role: Role, text: str) -> str:
    return f"{text}\n\n{role.person.name.split()[0]}"


def _minutes(rng: random.Random, least: float, most: float) -> dt.timedelta:
    """Mostly near the least, as at a desk where people sit and wait."""
    return dt.timedelta(minutes=rng.triangular(least, most, least))
