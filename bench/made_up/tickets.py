"""The history of the made-up desk: its tickets with their articles."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from bench.made_up.texts import (
    BEGIN,
    DESK,
    END,
    WORDS,
    Person,
    Place,
    agent_text,
    busy_number,
    customer_text,
    details,
    person,
    places_for,
    quoted,
    sentences,
)

LONGEST_BODY = 1500
Ticket = dict[str, Any]


def tickets(count: int, seed: int) -> Iterator[Ticket]:
    """The tickets of six years in order of creation; about three articles each, almost all closed."""
    rng = random.Random(f"{seed} tickets")
    day, serial = BEGIN.date(), 0
    for position in range(count):
        # Evenly over the years, with some chance inside each step.
        created = BEGIN + (END - BEGIN) * ((position + rng.random()) / count)
        created = created.replace(microsecond=0)
        serial = serial + 1 if created.date() == day else 1
        day = created.date()
        yield one_ticket(rng, f"{day:%Y%m%d}77{serial:05d}", created, person(seed, busy_number(rng, count)))


def one_ticket(rng: random.Random, number: str, created: dt.datetime, who: Person) -> Ticket:
    suitable, weights = places_for(who.language)
    place = rng.choices(suitable, weights)[0]
    site = person(0, rng.randrange(10**6)).site if place.topic == "reports" else who.site
    filling = details(rng, site, created.date())
    login = list(WORDS["agents"])[int(len(WORDS["agents"]) * rng.betavariate(1, 1.6))]
    title = rng.choice(WORDS[who.language][place.topic]["titles"]).format_map(filling)
    articles = conversation(rng, number, title, place, who, WORDS["agents"][login], created, filling)
    is_recent = created > END - dt.timedelta(days=90)
    if rng.random() < (0.36 if is_recent else 0.011):
        state = "new" if len(articles) == 1 else rng.choices(("open", "pending"), (3, 1))[0]
        closed_at = None
    else:
        last = dt.datetime.fromisoformat(articles[-1]["created_at"])
        state, closed_at = "closed", stamp(min(END, last + dt.timedelta(minutes=rng.expovariate(1 / 600))))
    return {
        "number": number,
        "queue": place.name,
        "title": title,
        "state": state,
        "priority": rng.choices(("low", "normal", "high", "urgent"), (5, 83, 10, 2))[0],
        "owner": None if state == "new" and rng.random() < 0.75 else login,
        "customer_email": who.address,
        "customer_name": who.name,
        "created_at": stamp(created),
        "closed_at": closed_at,
        "domain": site if place.topic == "reports" or rng.random() < 0.5 else None,
        "language": who.language,
        "articles": articles,
    }


def conversation(
    rng: random.Random,
    number: str,
    title: str,
    place: Place,
    who: Person,
    agent: str,
    created: dt.datetime,
    filling: dict[str, str],
) -> list[dict[str, Any]]:
    desk = f"{place.name.split('::')[0].lower().replace(chr(39), '')}@{DESK}"
    theirs, ours = f'"{who.name}" <{who.address}>', f'"{agent}" <{desk}>'
    articles: list[dict[str, Any]] = []
    # Most matters take one to four messages, some a dozen, a few up to forty.
    wanted = rng.choices((rng.randint(1, 4), rng.randint(5, 10), rng.randint(11, 40)), (90, 8.7, 1.3))[0]
    moment, direction = created, "in" if rng.random() < 0.95 else "out"
    for position in range(wanted):
        sender, receiver = {"in": (theirs, desk), "out": (ours, theirs), "note": (ours, desk)}[direction]
        if direction == "in":
            body = customer_text(rng, who, place.topic, filling)
        elif direction == "out":
            body = agent_text(rng, who.language, agent, filling)
        else:
            body = sentences(rng, WORDS[who.language]["notes"], 2, filling)
        if articles and direction != "note" and rng.random() < 0.4:
            name = who.name if articles[-1]["direction"] == "in" else agent
            body += quoted(who.language, articles[-1]["body"], name, filling["day"])
        host = who.address.partition("@")[2] if direction == "in" else DESK
        answers = articles[-1]["message_id"] if articles and direction != "note" else None
        articles.append(
            {
                "direction": direction,
                "from": sender,
                "to": receiver,
                "subject": f"Re: {title}" if position else title,
                "message_id": f"<{rng.randrange(16**12):012x}.{number}.{position}@{host}>",
                "in_reply_to": answers,
                "created_at": stamp(moment),
                "body": body[:LONGEST_BODY],
            }
        )
        moment = min(END, moment + dt.timedelta(minutes=2 + rng.expovariate(1 / 400)))
        direction = rng.choices(("in", "out", "note"), (14, 74, 12) if direction == "in" else (56, 31, 13))[0]
    return articles


def stamp(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
