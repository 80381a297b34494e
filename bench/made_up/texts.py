"""Who and what the made-up desk talks about, from `words.toml`. All domains end in .example."""

from __future__ import annotations

import datetime as dt
import functools
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
LANGUAGES = ("ro", "ru", "uk", "en")
SHARES = [WORDS[language]["share"] for language in LANGUAGES]
DESK = "lindenhost.example"
BEGIN, END = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Person:
    name: str
    address: str
    site: str
    language: str


@dataclass(frozen=True)
class Place:
    """A queue: `language` is empty where it takes every one."""

    name: str
    topic: str
    language: str
    weight: float


@functools.cache
def places() -> tuple[Place, ...]:
    found = []
    for group in WORDS["queues"]:
        tongues = LANGUAGES if group.get("by_language") else ("",)
        weight = group["weight"] / len(group["names"])
        for name in group["names"]:
            for tongue in tongues:
                share = SHARES[LANGUAGES.index(tongue)] / 100 if tongue else 1
                found.append(
                    Place(f"{name}::{tongue.upper()}" if tongue else name, group["topic"], tongue, weight * share)
                )
    return tuple(found)


@functools.cache
def places_for(language: str) -> tuple[list[Place], list[float]]:
    suitable = [place for place in places() if place.language in (language, "")]
    # A queue of one language is chosen among its own speakers only.
    weights = [place.weight * (100 / SHARES[LANGUAGES.index(language)] if place.language else 1) for place in suitable]
    return suitable, weights


# Latin spellings for addresses; what is missing falls away.
_LATIN = str.maketrans("абвгдежзийклмнопрстуфхцчшщыьэюяіїєґăâîșțşţ", "abvgdejziiklmnoprstufhccssyyeuaiieg" + "aaistst")


def person(seed: int, serial: int) -> Person:
    """The customer with this number: always the same, and nowhere remembered."""
    rng = random.Random(f"{seed} person {serial}")
    language = rng.choices(LANGUAGES, SHARES)[0]
    words = WORDS[language]
    first, last = rng.choice(words["first"]), rng.choice(words["last"])
    site = f"{rng.choice(SITE_BEGINNINGS)}{rng.choice(SITE_ENDINGS)}{serial % 977}.example"
    host = site if rng.random() < 0.4 else f"post{rng.randrange(12)}.example"
    latin = "".join(filter(str.isascii, f"{first}.{last}".lower().translate(_LATIN))).replace("'", "")
    return Person(f"{first} {last}", f"{latin}{serial}@{host}", site, language)


SITE_BEGINNINGS = (
    "alba",
    "brad",
    "codru",
    "dune",
    "frag",
    "gran",
    "lumen",
    "mesto",
    "nord",
    "orbi",
    "prim",
    "solar",
    "tisa",
    "vega",
)
SITE_ENDINGS = ("art", "bau", "cafe", "design", "med", "mob", "print", "shop", "tour", "video")


def details(rng: random.Random, site: str, day: dt.date) -> dict[str, str]:
    """What the sentences of one matter are filled with."""
    return {
        "site": site,
        "order": f"LH{rng.randrange(10**8):08d}",
        "case": f"CASE{rng.randrange(16**8):08x}",
        # The first products are named more often than the last ones.
        "product": WORDS["products"][int(len(WORDS["products"]) * rng.betavariate(0.8, 1.4))],
        "fault": rng.choice(WORDS["faults"]),
        "day": f"{day:%d.%m.%Y}",
    }


def sentences(rng: random.Random, lines: list[str], most: int, filling: dict[str, str]) -> str:
    return " ".join(line.format_map(filling) for line in rng.sample(lines, min(len(lines), rng.randint(1, most))))


def customer_text(rng: random.Random, who: Person, topic: str, filling: dict[str, str]) -> str:
    words = WORDS[who.language]
    paragraphs = [sentences(rng, words[topic]["lines"], 6, filling)]
    if rng.random() < 0.35:
        paragraphs.append(sentences(rng, words[rng.choice(("web", "post", "bills"))]["lines"], 4, filling))
    if rng.random() < 0.1:
        paragraphs.append(log_lines(rng, filling))
    if rng.random() < 0.75:
        paragraphs.insert(0, rng.choice(words["hello"]))
    if rng.random() < 0.75:
        paragraphs.append(f"{rng.choice(words['bye'])}\n{who.name}")
    return "\n\n".join(paragraphs)


def log_lines(rng: random.Random, filling: dict[str, str]) -> str:
    rows = (
        f"{filling['day']} 198.51.100.{rng.randrange(256)} {filling['site']} {rng.choice(WORDS['faults'])}"
        for _ in range(rng.randint(3, 8))
    )
    return "\n".join(rows)


def agent_text(rng: random.Random, language: str, agent: str, filling: dict[str, str]) -> str:
    words = WORDS[language]
    answer = sentences(rng, words["answers"], 4, filling)
    signature = WORDS["signature"].format(agent=agent)
    return f"{rng.choice(words['hello'])}\n\n{answer}\n\n{rng.choice(words['bye'])}\n{signature}"


def quoted(language: str, text: str, name: str, day: str) -> str:
    line = WORDS[language]["wrote"].format(day=day, name=name)
    return f"\n\n{line}\n" + "\n".join(f"> {one}" for one in text.splitlines())


def busy_number(rng: random.Random, count: int) -> int:
    """Few customers write often, many once: the first of 330,000 tickets' customers has close to a thousand."""
    return int(0.45 * count * rng.betavariate(0.5, 1))
