"""Lines of JSON out of a file of any size: one at a time, however long, however broken.

Nothing that a line may hold stops the next one: each is an object, or a reason why not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ghiseu.importing.errors import Refused

# What one line may take in memory; larger files stand beside the lines, not in them.
MOST_LINE_BYTES = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# What no text in the database may hold; in UTF-8 both can only stand as escapes.
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """Line `number` of the file (from 1), which ends `end` bytes behind its beginning.

    `problem` says why there is no `value`. `was_cleaned`: NUL or half characters stood in
    it, which no text may hold; U+FFFD stands there now.
    """

    number: int
    end: int
    size: int
    value: dict[str, Any] | None = None
    problem: str = ""
    was_cleaned: bool = False


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Every line that is not empty, in order. Raises OSError where the file cannot be read."""
    position = number = 0
    while raw := file.readline(MOST_LINE_BYTES + 1):
        number += 1
        size = len(raw)
        is_whole = raw.endswith(b"\n")
        if not is_whole and size > MOST_LINE_BYTES:
            size += _skip(file)
            position += size
            yield Line(number, position, size, problem=_too_long(size))
            continue
        position += size
        raw = raw.removeprefix(_BOM) if number == 1 else raw
        if raw.strip():
            yield _line(raw, number, position, is_whole=is_whole)


def _skip(file: BinaryIO) -> int:
    """Read to the end of the line without keeping it; returns how much that was."""
    size = 0
    while piece := file.readline(_PIECE):
        size += len(piece)
        if piece.endswith(b"\n"):
            break
    return size


def _too_long(size: int) -> str:
    most = MOST_LINE_BYTES // 1024 // 1024
    return f"the line has {size:,} bytes; it takes {most} MiB. Let large files lie beside it, see the import format"


def _line(raw: bytes, number: int, position: int, *, is_whole: bool) -> Line:
    try:
        value = given = _parsed(raw)
        if _SUSPICIOUS.search(raw):
            value = _cleaned(given)
    except Refused as error:
        torn = "" if is_whole else "; the file ends within this line"
        return Line(number, position, len(raw), problem=f"{error}{torn}")
    except RecursionError:
        return Line(number, position, len(raw), problem="it is nested too deeply")
    return Line(number, position, len(raw), value=value, was_cleaned=value is not given and value != given)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Refused(f"it is not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise Refused(f"it is not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError:
        raise Refused("it holds a number that is too long") from None
    if not isinstance(value, dict):
        raise Refused("it is no JSON object, {...}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        doubled = next(key for key, _value in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refused(f"the key {doubled} stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise Refused(f"{name} is no number of JSON")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    return value
