"""Mail that comes in at the made-up desk. Addresses of machines are of the blocks for documentation (RFC 5737)."""

from __future__ import annotations

import base64
import datetime as dt
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime

from bench.made_up.texts import (
    DESK,
    END,
    WORDS,
    Person,
    agent_text,
    busy_number,
    customer_text,
    details,
    person,
    quoted,
)


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
