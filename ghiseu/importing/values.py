"""Values between a document and a column: what each kind of column takes from JSON, and how it is said in JSON.

A check gets a value out of JSON and returns what COPY writes; it raises Refused with the reason alone, and its caller
names the place. A saying turns what the database returns into JSON.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ghiseu.importing.errors import Refused

Check = Callable[[Any], Any]
Say = Callable[[Any], Any]

EARLIEST, LATEST = 1970, 2200
_SHOWN = 40


def shown(value: Any) -> str:
    """A wrong value for a sentence, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def same(value: Any) -> Any:
    return value


def text(value: Any, most: int | None = None) -> str:
    if not isinstance(value, str):
        raise Refused(f"{shown(value)} is not a text")
    if most is not None and len(value) > most:
        raise Refused(f"a text of {len(value)} characters; it takes {most}")
    return value


def time(value: Any) -> dt.datetime:
    """An aware time out of ISO 8601 (RFC 3339): a time without a zone could be any of 24 hours."""
    if not isinstance(value, str):
        raise Refused(f"{shown(value)} is not a time such as 2026-11-22T09:30:00Z")
    try:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            # A zone may carry the first or the last day out of the calendar.
            moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{shown(value)} is not a time such as 2026-11-22T09:30:00Z") from None
    if moment.tzinfo is None:
        raise Refused(f"{shown(value)} has no time zone; write 2026-11-22T09:30:00Z or +02:00 behind it")
    if not EARLIEST <= moment.year <= LATEST:
        raise Refused(f"{shown(value)} is not between {EARLIEST} and {LATEST}")
    return moment


def say_time(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def day(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(f"{shown(value)} is not a day such as 2026-11-22") from None


def time_of_day(value: Any) -> dt.time:
    try:
        return dt.time.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(f"{shown(value)} is not a time of day such as 09:30") from None


def yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{shown(value)} is neither true nor false")
    return value


def whole(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refused(f"{shown(value)} is not a whole number from {least} to {most}")
    return value


def number(value: Any) -> Decimal:
    try:
        return Decimal("not a number" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        raise Refused(f"{shown(value)} is not a number") from None


def seconds(value: Any) -> dt.timedelta:
    try:
        return dt.timedelta(seconds=float(number(value)))
    except OverflowError:
        raise Refused(f"{shown(value)} is not a number of seconds") from None


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def say_json(value: Any) -> Any:
    """Django leaves the text of a JSON column to its fields; we read it past them."""
    return json.loads(value) if isinstance(value, str) else value


def from_base64(value: Any) -> bytes:
    try:
        return base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("it is not base64") from None


def to_base64(value: bytes | memoryview | None) -> str | None:
    return None if value is None else base64.b64encode(bytes(value)).decode()


def listed(value: Any, each: Check) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(f"{shown(value)} is not a list")
    return [each(one) for one in value]


def one_of(value: Any, choices: frozenset[Any]) -> Any:
    if not isinstance(value, str | int) or value not in choices:
        raise Refused(f"{shown(value)} is none of {', '.join(map(str, sorted(choices)))}")
    return value


def codec_of(field: models.Field[Any, Any]) -> tuple[Check, Say]:
    """How a plain column is checked and said. Raises TypeError for a kind of column that no document can hold."""
    check, say = _plain_codec(field)
    if field.choices:
        allowed = frozenset(choice for choice, _label in field.flatchoices) | ({""} if field.blank else set())
        return lambda value: one_of(check(value), allowed), say
    return check, say


def _plain_codec(field: models.Field[Any, Any]) -> tuple[Check, Say]:
    if isinstance(field, models.CharField | models.TextField):
        most = field.max_length
        return (lambda value: text(value, most)), same
    if isinstance(field, ArrayField):
        each, say_each = codec_of(field.base_field)
        return (lambda value: listed(value, each)), (lambda value: value and [say_each(one) for one in value])
    if isinstance(field, models.IntegerField):
        least, most_number = _bounds(field)
        return (lambda value: whole(value, least, most_number)), same
    for kind, codec in _CODECS:
        if isinstance(field, kind):
            return codec
    raise TypeError(f"{field} cannot be said in a document; see ghiseu.importing.schema.LEFT_OUT")


def _bounds(field: models.IntegerField[Any, Any]) -> tuple[int, int]:
    name = type(field).__name__
    most = 2 ** {"SmallIntegerField": 15, "BigIntegerField": 63}.get(name.removeprefix("Positive"), 31) - 1
    return (0 if name.startswith("Positive") else -most - 1), most


# A day-and-time is also a day for `isinstance`, so it stands first.
_CODECS: tuple[tuple[type, tuple[Check, Say]], ...] = (
    (models.DateTimeField, (time, say_time)),
    (models.DateField, (day, lambda value: value and value.isoformat())),
    (models.TimeField, (time_of_day, lambda value: None if value is None else value.isoformat())),
    (models.BooleanField, (yes_no, same)),
    (models.DurationField, (seconds, lambda value: None if value is None else value.total_seconds())),
    (models.DecimalField, (number, lambda value: None if value is None else str(value))),
    (models.FloatField, (lambda value: float(number(value)), same)),
    (models.JSONField, (as_json, say_json)),
    (models.BinaryField, (from_base64, to_base64)),
    (models.UUIDField, (text, lambda value: value and str(value))),
    (models.GenericIPAddressField, (text, lambda value: value and str(value))),
)
