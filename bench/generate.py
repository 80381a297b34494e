"""A made-up desk to measure with: the history of its tickets, and mail that comes in.

    python bench/generate.py tickets --tickets 3300 --seed 1     one JSON object a line, oldest ticket first
    python bench/generate.py mbox --messages 2000 --seed 2       raw mail in mbox format
    python bench/generate.py directory                           its queues and agents, as JSON

Needs nothing but Python. Output is streamed; the same arguments give the same bytes. What the desk talks about stands
in `words.toml`. All domains end in .example, all addresses are of the blocks for documentation (RFC 5737).
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import functools
import json
import quopri
import random
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import Any

WORDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
LANGUAGES = ("ro", "ru", "uk", "en")
SHARES = [WORDS[language]["share"] for language in LANGUAGES]
DESK = "lindenhost.example"
BEGIN, END = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LONGEST_BODY = 1500
Ticket = dict[str, Any]


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


# ---------------------------------------------------------------------------------------------- the history of tickets


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


def busy_number(rng: random.Random, count: int) -> int:
    """Few customers write often, many once: the first of 330,000 tickets' customers has close to a thousand."""
    return int(0.45 * count * rng.betavariate(0.5, 1))


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


# ------------------------------------------------------------------------------------------------- mail that comes in


@dataclass(frozen=True)
class Thread:
    """A mail that may be answered later."""

    message_id: str
    subject: str
    who: Person
    topic: str


def incoming(count: int, seed: int) -> Iterator[tuple[str, dt.datetime, bytes]]:
    """Envelope sender, moment and bytes of each mail.

    Three of ten answer an earlier one: In-Reply-To names it, and the subject carries `[#@@TICKET:<its id>@@]`, which
    whoever files them may replace by the number of the ticket that the earlier mail became.
    """
    rng = random.Random(f"{seed} mail")
    moment, threads = END, list[Thread]()
    for serial in range(count):
        moment += dt.timedelta(seconds=rng.randint(15, 350))
        kind = rng.choices(("plain", "vacation", "bounce", "complaint"), (93, 3, 2, 2))[0]
        if kind in ("bounce", "complaint"):
            yield notice(rng, kind, serial, moment, person(seed, rng.randrange(5 * count)))
            continue
        earlier = rng.choice(threads) if threads and rng.random() < 0.31 else None
        who = earlier.who if earlier else person(seed, busy_number(rng, 10 * count))
        mail = letter(rng, kind, serial, moment, who, earlier)
        if kind == "plain":
            threads.append(mail[1])
            # Nobody answers what lies more than two thousand mails back.
            del threads[:-2000]
        yield who.address, moment, mail[0]


def letter(
    rng: random.Random, kind: str, serial: int, moment: dt.datetime, who: Person, earlier: Thread | None
) -> tuple[bytes, Thread]:
    words = WORDS[who.language]
    charset = rng.choice(words["charsets"])
    topic = earlier.topic if earlier else rng.choices(("web", "post", "bills", "reports"), (50, 20, 15, 15))[0]
    filling = details(rng, who.site, moment.date())
    text = customer_text(rng, who, topic, filling)
    if earlier and rng.random() < 0.6:
        agent = rng.choice(list(WORDS["agents"].values()))
        text += quoted(who.language, agent_text(rng, who.language, agent, filling), agent, filling["day"])
    subject = earlier.subject if earlier else rng.choice(words[topic]["titles"]).format_map(filling)
    message_id = f"<{serial}-{rng.randrange(16**9):09x}@{who.address.partition('@')[2]}>"
    fields = [
        *envelope(rng, who.address, moment),
        ("From", f"{encoded(who.name, charset)} <{who.address}>"),
        ("To", f"Lindenhost <help@{DESK}>"),
        (
            "Subject",
            f"Re: [#@@TICKET:{earlier.message_id}@@]\n {encoded(subject, charset)}"
            if earlier
            else encoded(subject, charset),
        ),
        ("Date", format_datetime(moment)),
        ("Message-ID", message_id),
    ]
    if earlier:
        fields += [("In-Reply-To", earlier.message_id), ("References", earlier.message_id)]
    if kind == "vacation":
        fields += [("Auto-Submitted", "auto-replied"), ("Precedence", "bulk")]
    part = body_part(rng, text, charset, f"b{serial}")
    raw = fields_as_bytes([*fields, ("MIME-Version", "1.0"), *part[0]]) + b"\n" + part[1]
    return raw, Thread(earlier.message_id if earlier else message_id, subject, who, topic)


Part = tuple[list[tuple[str, str]], bytes]


def body_part(rng: random.Random, text: str, charset: str, boundary: str) -> Part:
    """Plain text or both forms, and with every tenth mail a file."""
    part = text_part(rng, text, "plain", charset)
    if rng.random() < 0.5:
        part = multipart("alternative", f"{boundary}-a", [part, text_part(rng, as_html(text), "html", charset)])
    if rng.random() < 0.107:
        part = multipart("mixed", f"{boundary}-m", [part, file_part(rng)])
    return part


def text_part(rng: random.Random, text: str, subtype: str, charset: str) -> Part:
    data = text.encode(charset, "replace") + b"\n"
    transfer = "7bit" if data.isascii() else rng.choice(("quoted-printable", "base64", "8bit"))
    coded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(transfer, bytes)(data)
    return [("Content-Type", f'text/{subtype}; charset="{charset}"'), ("Content-Transfer-Encoding", transfer)], coded


def as_html(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    paragraphs = (one.replace("\n", "<br>\n") for one in safe.split("\n\n"))
    body = "".join(f'<p class="MsoNormal" style="margin:0">{one}</p>\n' for one in paragraphs)
    return f"<html><head><title>-</title></head><body>\n{body}</body></html>"


FILES = (
    ("application/pdf", "filename=bill.pdf"),
    ("image/jpeg", "filename=IMG_0412.jpg"),
    ("text/x-log", "filename=access.log"),
    ("application/zip", "filename*=utf-8''%D0%B0%D1%80%D1%85%D1%96%D0%B2.zip"),
    ("image/png", "filename*=utf-8''captur%C4%83.png"),
)


def file_part(rng: random.Random) -> Part:
    content_type, name = rng.choice(FILES)
    data = rng.randbytes(int(rng.lognormvariate(10.7, 1)) % 300_000 + 4_000)
    fields = [
        ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"attachment; {name}"),
    ]
    return fields, base64.encodebytes(data)


def multipart(subtype: str, boundary: str, parts: list[Part], **parameters: str) -> Part:
    more = "".join(f"; {name}={value}" for name, value in parameters.items())
    whole = b"".join(
        f"--{boundary}\n".encode() + fields_as_bytes(fields) + b"\n" + body + b"\n" for fields, body in parts
    )
    return [("Content-Type", f'multipart/{subtype}; boundary="{boundary}"{more}')], whole + f"--{boundary}--\n".encode()


def notice(
    rng: random.Random, kind: str, serial: int, moment: dt.datetime, who: Person
) -> tuple[str, dt.datetime, bytes]:
    """A delivery notice, or a complaint about a site."""
    make = delivery_notice if kind == "bounce" else complaint
    sender, subject, (fields, body) = make(rng, serial, who)
    head = [
        *envelope(rng, sender, moment, "<>" if kind == "bounce" else ""),
        ("From", sender),
        ("To", f"help@{DESK}"),
        ("Subject", subject),
        ("Date", format_datetime(moment)),
        ("Message-ID", f"<{serial}-{rng.randrange(16**9):09x}@{sender.partition('@')[2]}>"),
        ("MIME-Version", "1.0"),
    ]
    return sender, moment, fields_as_bytes(head + fields) + b"\n" + body


def delivery_notice(rng: random.Random, serial: int, who: Person) -> tuple[str, str, Part]:
    """RFC 3464: one recipient, a full mailbox, the fields of the message that came back."""
    facts = f"""Reporting-MTA: dns; mx.{who.site}

Final-Recipient: rfc822; {who.address}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox of {who.address} is full
"""
    original = f"""From: help@{DESK}
To: {who.address}
Subject: Re: LH{rng.randrange(10**8):08d}
Message-ID: <{serial}.{rng.randrange(10**9)}@{DESK}>
"""
    parts: list[Part] = [
        ([("Content-Type", "text/plain")], f"Your message could not be handed over to {who.address}.\n".encode()),
        ([("Content-Type", "message/delivery-status")], facts.encode()),
        ([("Content-Type", "text/rfc822-headers")], original.encode()),
    ]
    whole = multipart("report", f"b{serial}-r", parts, **{"report-type": "delivery-status"})
    return f"MAILER-DAEMON@mx.{who.site}", "Undeliverable mail", whole


def complaint(rng: random.Random, serial: int, who: Person) -> tuple[str, str, Part]:
    """The Abuse Reporting Format (RFC 5965), with the mail that a reader complained about."""
    source = f"203.0.113.{rng.randrange(256)}"
    facts = f"""Feedback-Type: abuse
User-Agent: Loop/2
Version: 1
Source-IP: {source}
Reported-Domain: {who.site}
Reported-URI: http://{who.site}/win
"""
    original = f"""From: news@{who.site}
To: reader@post1.example
Subject: You win
Message-ID: <{serial}.{rng.randrange(10**9)}@{who.site}>

See http://{who.site}/win
"""
    parts: list[Part] = [
        ([("Content-Type", "text/plain")], f"A reader complained about mail from {source}.\n".encode()),
        ([("Content-Type", "message/feedback-report")], facts.encode()),
        ([("Content-Type", "message/rfc822")], original.encode()),
    ]
    whole = multipart("report", f"b{serial}-r", parts, **{"report-type": "feedback-report"})
    return "complaints@loop.example", f"Complaint about {source}", whole


def envelope(rng: random.Random, sender: str, moment: dt.datetime, path: str = "") -> list[tuple[str, str]]:
    host = f"out{rng.randrange(9)}.{sender.partition('@')[2]}"
    when = format_datetime(moment)
    gate = f"by in.{DESK} (Gate) with ESMTPS id {rng.randrange(16**8):08X}"
    hop = f"from {host} ({host} [192.0.2.{rng.randrange(256)}])\n {gate};\n {when}"
    return [("Return-Path", path or f"<{sender}>"), ("Received", hop), ("X-Gate-Score", f"{rng.gauss(1, 1.5):.2f}")]


def encoded(text: str, charset: str) -> str:
    """The text as encoded words of at most 75 characters (RFC 2047 section 2)."""
    if text.isascii():
        return text
    pieces, step = [], 10
    for start in range(0, len(text), step):
        data = base64.b64encode(text[start : start + step].encode(charset, "replace")).decode()
        pieces.append(f"=?{charset}?B?{data}?=")
    return "\n ".join(pieces)


def fields_as_bytes(fields: list[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in fields).encode()


# --------------------------------------------------------------------------------------------------------------- output


def write_tickets(count: int, seed: int) -> None:
    for ticket in tickets(count, seed):
        sys.stdout.write(json.dumps(ticket, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_mbox(count: int, seed: int) -> None:
    out = sys.stdout.buffer
    for sender, moment, raw in incoming(count, seed):
        out.write(f"From {sender} {moment:%a %b %d %H:%M:%S %Y}\n".encode())
        # A line that begins like the line between two mails is marked, as mboxo does.
        out.write(
            b"\n".join(b">" + line if line.startswith(b"From ") else line for line in raw.rstrip(b"\n").split(b"\n"))
        )
        out.write(b"\n\n")


def write_directory() -> None:
    queues = [{"name": place.name, "language": place.language or None} for place in places()]
    agents = [{"login": login, "name": name} for login, name in WORDS["agents"].items()]
    sys.stdout.write(json.dumps({"queues": queues, "agents": agents}, ensure_ascii=False, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A made-up desk to measure with.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, noun, default, seed in (("tickets", "tickets", 3300, 1), ("mbox", "messages", 2000, 2)):
        command = kinds.add_parser(kind)
        command.add_argument(f"--{noun}", type=int, default=default, dest="count")
        command.add_argument("--seed", type=int, default=seed)
    kinds.add_parser("directory")
    given = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if given.kind == "tickets":
        write_tickets(given.count, given.seed)
    elif given.kind == "mbox":
        write_mbox(given.count, given.seed)
    else:
        write_directory()


if __name__ == "__main__":
    main()
