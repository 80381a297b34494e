"""A moment out of a date as mail programs write it: RFC 5322 sections 3.3 and 4.3, and the many ways of missing them.

Day, month and year are looked for in their usual orders (also with month names of our languages), then the time, then
the zone behind it. What has no zone is taken as UTC; what is no possible day is none.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ian янв січ sty gen ene tammi",
            "feb fév fev лют фев lut helmi",
            "mar mär мар бер maalis",
            "apr avr kwi abr апр кві huhti",
            "may mai maj mag мая май тра touko",
            "jun iun juin cze giu июн чер kesä",
            "jul iul juil lip lug июл лип heinä",
            "aug aoû aou sie ago авг сер elo",
            "sep wrz set сен вер syys",
            "oct okt paź ott out окт жов loka",
            "nov noi lis ноя лис marras",
            "dec dez déc gru dic дек гру joulu",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "cet": 1,
    "cest": 2,
    "met": 1,
    "mest": 2,
    "mez": 1,
    "mesz": 2,
    "eet": 2,
    "eest": 3,
    "wet": 0,
    "west": 1,
    "bst": 1,
    "msk": 3,
    "msd": 4,
    "jst": 9,
    "kst": 9,
    "hkt": 8,
    "sgt": 8,
    "aest": 10,
    "aedt": 11,
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
# In lower case, and not by IGNORECASE, for which a dotless ı is an i: then the name would be in no table.
_DAY_MONTH = re.compile(rf"(?<!\d)(\d{{1,2}})[\s.,-]{{1,3}}({_NAME})[^\W\d_]{{0,10}}[\s.,-]{{1,4}}(\d{{2,4}})(?!\d)")
_MONTH_DAY = re.compile(
    rf"(?<!\w)({_NAME})[^\W\d_]{{0,10}}[\s.]{{1,3}}(\d{{1,2}})(?!\d)(?:.{{0,30}}?\s(\d{{4}})(?!\d))"
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)")
_TIME = re.compile(
    r"(?<![\d.])(\d{1,2})[:.](\d{2}|\d(?=:\d))(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?(?![\d.])\s{0,2}([ap])?\.?(?:m\b)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(
    r"^\W{0,3}(?:gmt|utc?|z)?\s{0,2}([+-])(?:(\d{1,2}):?(\d{2})(?!\d)|(\d{1,2})(?![\d:]))", re.IGNORECASE
)
_ZONE_NAME = re.compile(r"^\W{0,4}([a-z]{3,4})\b", re.IGNORECASE)


def parse_date(value: str) -> datetime | None:
    """The moment in UTC, or None if the text (on one line, without encoded words) says no possible one."""
    value = value[:200]
    if compact := _COMPACT.search(value):
        return _moment([int(part) for part in compact.groups()], 0)
    value = value.lower()
    day = _day(value)
    if day is None:
        return None
    date, start, end = day
    time = _TIME.search(value, end) or _TIME.search(value[:start]) or _TIME.search(value, start)
    if time is None:
        return None
    hour = int(time[1])
    if time[4] and hour <= 12:
        hour = hour % 12 + (12 if time[4] == "p" else 0)
    return _moment([*date, hour, int(time[2]), int(time[3] or 0)], _offset_minutes(value[time.end() :]))


def _day(value: str) -> tuple[tuple[int, int, int], int, int] | None:
    """Year, month, day, and where they stand. Slashes are American, unless that gives no month."""
    if found := _DAY_MONTH.search(value):
        return (_year(found[3]), _MONTHS[found[2]], int(found[1])), found.start(), found.end()
    if found := _YEAR_FIRST.search(value):
        return (int(found[1]), int(found[2]), int(found[3])), found.start(), found.end()
    if found := _YEAR_LAST.search(value):
        first, second = int(found[1]), int(found[3])
        american = found[2] == "/" and first <= 12
        month, day = (first, second) if american else (second, first)
        return (int(found[4]), month, day), found.start(), found.end()
    if found := _MONTH_DAY.search(value):
        # the time may stand between day and year, as in the C library's format
        return (int(found[3]), _MONTHS[found[1]], int(found[2])), found.start(), found.end(2)
    return None


def _year(digits: str) -> int:
    """Two digits are of 1950 to 2049, three count from 1900 (RFC 5322 section 4.3)."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if len(digits) == 2 and year < 50 else 1900)


def _offset_minutes(rest: str) -> int:
    if offset := _OFFSET.match(rest):
        minutes = int(offset[2] or offset[4]) * 60 + int(offset[3] or 0)
        return 0 if minutes >= 24 * 60 else -minutes if offset[1] == "-" else minutes
    name = _ZONE_NAME.match(rest)
    return _ZONES.get(name[1].lower(), 0) * 60 if name else 0


def _moment(fields: list[int], offset_minutes: int) -> datetime | None:
    year, month, day, hour, minute, second = fields
    try:
        zone = timezone(timedelta(minutes=offset_minutes))
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
