"""Times, sizes and addresses as short words in the reader's language."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.formats import number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from markupsafe import Markup

from ghiseu.people.models import Customer
from ghiseu.tickets.models import Priority

_UNITS = ("kB", "MB", "GB")


def time_units() -> str:
    """The short units of `age`, for the script that keeps ages current: now, minute, hour, day."""
    return "|".join(_units(get_language() or ""))


@cache
def _units(_language: str) -> tuple[str, str, str, str]:
    # Kept for each language: a list asks for them a hundred times.
    return _("now"), pgettext("minutes", "min"), pgettext("hours", "h"), pgettext("days", "d")


def age(moment: dt.datetime) -> str:
    """How long ago, in one unit: `now`, `5 min`, `3 h`, `12 d`."""
    return _age(moment, timezone.now(), _units(get_language() or ""))


def ages(moments: Iterable[dt.datetime]) -> list[str]:
    """The ages of many, all told at one moment."""
    now, units = timezone.now(), _units(get_language() or "")
    return [_age(moment, now, units) for moment in moments]


def _age(moment: dt.datetime, present: dt.datetime, units: tuple[str, str, str, str]) -> str:
    now, minute, hour, day = units
    minutes = max(0, int((present - moment).total_seconds() // 60))
    if minutes < 1:
        return now
    if minutes < 60:
        return f"{minutes}\xa0{minute}"
    if minutes < 24 * 60:
        return f"{minutes // 60}\xa0{hour}"
    return f"{minutes // (24 * 60)}\xa0{day}"


def moment(value: dt.datetime) -> str:
    """The exact time by the reader's clock, `22 Nov 2026, 15:04`."""
    local = timezone.localtime(value)
    return f"{local.day} {_month(local.month, get_language())} {local.year}, {local:%H:%M}"


@cache
def _month(number: int, language: str | None) -> str:
    # Only English writes months with a capital letter; the words come in small letters for every language.
    name = str(MONTHS_3[number])
    return name.capitalize() if language == "en" else name


def time_stamp() -> str:
    """Now, in seconds since 1970, for the script that asks what has changed since the page was drawn."""
    return f"{time.time():.3f}"


def ago(value: dt.datetime) -> Markup:
    """The age as a `<time>` that a script keeps current and that tells the exact time when pointed at."""
    return stamped(value, age(value))


def stamped(value: dt.datetime, age: str) -> Markup:
    """The same for an age that was told already."""
    return Markup(f'<time class="age" datetime="{iso(value)}" title="{moment(value)}">{age}</time>')  # noqa: S704  # words of ours


def iso(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="seconds")


def file_size(size: int) -> str:
    """Bytes as people say them, `418 B`, `12 kB`, `3.4 MB`; powers of a thousand."""
    if size < 1000:
        return f"{size}\xa0B"
    value = float(size)
    for unit in _UNITS:
        value /= 1000
        if value < 999.5 or unit == _UNITS[-1]:
            break
    digits = 1 if value < 9.95 else 0
    return f"{number_format(round(value, digits), decimal_pos=digits)}\xa0{unit}"


def person(who: Mapping[str, str]) -> str:
    """One address as it is typed: `Vera Moraru <vera@site.example>`; a name with special characters is quoted."""
    name, address = who.get("name", ""), who.get("address", "")
    if not name or name == address:
        return address
    if any(character in name for character in ',;:<>@()[]\\"'):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def people(list_of: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(person(who) for who in list_of)


def customer_name(customer: Customer) -> str:
    """The name, or where nobody gave one the first address; the identities must be loaded beside the customer."""
    if customer.name:
        return customer.name
    return next((identity.value for identity in customer.identities.all()), str(customer))


def state_label(name: str) -> str:
    """The name of a state for reading; one that an administrator invented stays as it is."""
    return _(name) if name else ""


def priority_name(value: int) -> str:
    return str(Priority(value).label)
