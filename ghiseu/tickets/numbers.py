"""Ticket numbers: the day, a counter, a check digit, `20261122` `00042` `7`.

The counter is a PostgreSQL sequence that never turns back: a number is unique whatever the clock says, across
midnight, deletion and restore, and two writers never wait for each other (promise W2). The check digit catches every
wrong digit and every swapped pair, so that a mistyped number does not find somebody else's ticket.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from ghiseu.tickets.writing import draw

# The sequence behind the numbers.
COUNTER = "tickets_number"
_COUNTER_DIGITS = 5
# A totally anti-symmetric quasigroup of order 10 (H. Michael Damm, 2004).
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
# Eight digits of a day, five or more of the counter, the check digit; standing alone, as in `[#20261122000427]`.
_NUMBER = re.compile(r"(?<![\d.])((?:19|20)\d{6}\d{5,11}\d)(?!\d)")
# A number that another desk gave before the ticket was imported, as that desk wrote it into its subjects:
# `[Ticket#2024030110000017]`, `Ticket#: 67001`, `[example.com #4711]`. Bare short numbers are orders and invoices.
_FORMER_NUMBER = re.compile(
    r"(?:(?:ticket|tichet|тикет|заявка|case)\s{0,2}[#№:]{1,2}\s{0,2}|\[[^\[\]#]{1,60} #|#(?=\d{10}))"
    r"([0-9A-Za-z][0-9A-Za-z-]{0,31})(?![0-9A-Za-z-])",
    re.IGNORECASE,
)


def next_number(at: dt.datetime | None = None) -> str:
    """A number never given before, with the desk's own day at that time, by default now."""
    day = timezone.localdate(at, timezone=ZoneInfo(settings.TIME_ZONE))
    digits = f"{day:%Y%m%d}{draw(COUNTER):0{_COUNTER_DIGITS}d}"
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and check_digit(text[:-1]) == text[-1]


def numbers_in(text: str, *, at_most: int = 5) -> list[str]:
    """Ticket numbers named in a text, in order, each once; a wrong check digit is no number."""
    found = [number for number in _NUMBER.findall(text[:2000]) if check_digit(number[:-1]) == number[-1]]
    return list(dict.fromkeys(found))[:at_most]


def named_numbers(text: str) -> list[str]:
    """What may be ticket numbers in a subject, in order, each once: our own, then those of a former desk."""
    former = _FORMER_NUMBER.findall(text[:2000])[:5]
    return list(dict.fromkeys((*numbers_in(text), *former)))
