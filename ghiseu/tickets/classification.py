"""Tags and the values of the desk's own fields: what is allowed, and in which form it is kept."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Iterable

from django.utils.translation import gettext as _

from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import CustomField

MOST_TAGS = 30
MOST_TAG_CHARS = 40
MOST_TEXT_CHARS = 1000
# What would make a tag unreadable in a list of tags or in a query.
_NOT_IN_TAGS = frozenset(',;"()')

FieldValue = str | int | float | bool

_YES, _NO = frozenset({"yes", "true", "1", "on"}), frozenset({"no", "false", "0", "off"})


def clean_tags(tags: Iterable[str]) -> list[str]:
    """The tags as they are kept: lower case, blanks as hyphens, each once, sorted. Raises InvalidInput."""
    cleaned = sorted({tag for text in tags if (tag := clean_tag(text))})
    if len(cleaned) > MOST_TAGS:
        raise InvalidInput(_("A ticket has at most %(most)d tags. Take some off first.") % {"most": MOST_TAGS})
    return cleaned


def clean_tag(text: str) -> str:
    """One tag as it is kept; empty where nothing is left. Raises InvalidInput for what cannot be a tag."""
    tag = "-".join(unicodedata.normalize("NFC", text).lower().split()).strip("#-")
    if len(tag) > MOST_TAG_CHARS:
        raise InvalidInput(_("A tag has at most %(most)d letters. Shorten it.") % {"most": MOST_TAG_CHARS})
    if any(letter in _NOT_IN_TAGS or unicodedata.category(letter)[0] == "C" for letter in tag):
        raise InvalidInput(_("“%(tag)s” cannot be a tag. Use letters, digits and hyphens.") % {"tag": tag})
    return tag


def typed_value(definition: CustomField, value: FieldValue | None) -> FieldValue | None:
    """The value as the field keeps it, read from text where need be; None for nothing. Raises InvalidInput."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    match CustomField.Kind(definition.kind):
        case CustomField.Kind.TEXT:
            return _text(definition, str(value))
        case CustomField.Kind.NUMBER:
            return _number(definition, value)
        case CustomField.Kind.DATE:
            return _date(definition, str(value))
        case CustomField.Kind.YES_NO:
            return _yes_or_no(definition, value)
        case CustomField.Kind.CHOICE:
            return _choice(definition, str(value))


def in_words(value: FieldValue | None) -> str:
    """For the history, in the form that a query takes."""
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _text(definition: CustomField, text: str) -> str:
    cleaned = unicodedata.normalize("NFC", text.strip().replace("\x00", ""))
    if len(cleaned) > MOST_TEXT_CHARS:
        raise InvalidInput(
            _("“%(field)s” has at most %(most)d letters.") % {"field": definition, "most": MOST_TEXT_CHARS}
        )
    return cleaned


def _number(definition: CustomField, value: FieldValue) -> FieldValue:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > 1e15:
        raise InvalidInput(_("“%(field)s” is a number. Write it as 12 or 12.5.") % {"field": definition})
    return int(number) if number.is_integer() else number


def _date(definition: CustomField, text: str) -> str:
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise InvalidInput(_("“%(field)s” is a day. Write it as 2026-11-22.") % {"field": definition}) from error


def _yes_or_no(definition: CustomField, value: FieldValue) -> bool:
    text = str(value).strip().lower()
    if text not in _YES | _NO:
        raise InvalidInput(_("“%(field)s” is yes or no.") % {"field": definition})
    return text in _YES


def _choice(definition: CustomField, text: str) -> str:
    if text not in definition.choices:
        known = {"field": definition, "choices": ", ".join(definition.choices)}
        raise InvalidInput(_("“%(field)s” is one of: %(choices)s.") % known)
    return text
