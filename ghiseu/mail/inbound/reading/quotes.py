"""What is new in a mail: its text without quoted history, signature and device line.

The text is cut into lines of kinds - quoted, introduction of a quote, header block of an answered mail, plain - and
from their order follows what the writer did: answered above, below, or between the quoted lines. Answers between
keep the lines that they answer; what was forwarded stays; nothing is thrown away that would leave an empty text.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ghiseu.lib.text import tidy
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading import quote_words as words

MAX_LINES = 5_000  # below them nothing is looked for
MAX_INTRODUCTION_LINES = 5
MAX_HEADER_LINES = 24
MAX_SIGNATURE_LINES = 14
MAX_SIGNATURE_CHARACTERS = 700
MAX_INTRODUCTION_CHARACTERS = 400

_QUOTED = re.compile(r"^\s{0,3}(?:>|&gt;|＞)")
_INITIALS = re.compile(r"^\s{0,2}([^\W\d_]{1,3})>{1,5}(?:\s|$)")
_WRAPPED_END = re.compile(r"^\s?>\s?(?:wrote|:|[\w ]{0,20}:)")  # Gmail wraps "<somebody@example.com\\n> wrote:"
_INVISIBLE = dict.fromkeys(
    (0x200B, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0x2063, 0xFEFF)
)


# The kinds of lines: (e)mpty, (q)uoted, (h)ead of a quote, (b)lock of header fields, (o)riginal follows, (f)orwarded
# follows, (s)ignature follows, (d)evice, (c)ode, (t)ext.


@dataclass(slots=True)
class _Line:
    text: str
    kind: str  # one of the letters below


def reply_text(text: str) -> str:
    """The new words of a mail; the whole text where nothing else would be left."""
    raw = text.split("\n")
    lines = _kinds(raw[:MAX_LINES])
    end = _history_start(lines)
    kept = lines[:end]
    if end == len(lines) and not any(line.kind == "q" for line in lines[-3:]):
        kept = kept + [_Line(line, "t") for line in raw[MAX_LINES:]]
    kept = _without_quotes(kept)
    kept = _without_signature(kept)
    reply = tidy("\n".join(line.text for line in kept if line.kind != "d"))
    if not reply.strip():
        reply = tidy("\n".join(line.text for line in kept))
    if not reply.strip():
        reply = tidy("\n".join(line.text for line in lines if line.kind not in "qhbod")) or tidy(
            "\n".join(line.text for line in lines if line.kind not in "hb")
        )
    return reply if reply.strip() else text


# ------------------------------------------------------------ what each line is


def _kinds(raw: list[str]) -> list[_Line]:
    lines: list[_Line] = []
    fenced = False
    initials = _initials(raw)
    for text in raw:
        fence = text.lstrip().startswith("```")
        fenced = fenced != fence
        if fenced or fence:
            lines.append(_Line(text, "c"))
        else:
            lines += [_Line(piece, _plain_kind(piece)) for piece in _shared_line(text)]
            if initials and lines[-1].kind == "t" and _INITIALS.match(text):
                lines[-1].kind = "q"
    _mark_wrapped_quotes(lines)
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.kind == "t" and (length := _introduction(lines, index)):
            _mark(lines, index, length, "h")
            index += length
        elif line.kind == "t" and (length := _header_block(lines, index)):
            _mark(lines, index, length, "b")
            index += length
        elif line.kind == "f":
            for forwarded in lines[index + 1 :]:
                forwarded.kind = "e" if not forwarded.text.strip() else "t"
            break
        else:
            index += 1
    return lines


def _initials(raw: list[str]) -> bool:
    """Whether quoted lines begin with the initials of who wrote them, as The Bat! does it: several lines, few names."""
    found = [match[1] for match in map(_INITIALS.match, raw) if match]
    return len(found) > 1 and len(set(found)) <= max(1, len(found) // 2)


def _mark(lines: list[_Line], start: int, length: int, kind: str) -> None:
    for line in lines[start : start + length]:
        line.kind = kind


def _shared_line(text: str) -> list[str]:
    """A line cut in two where the introduction of a quote follows other words on the same line."""
    if (
        len(text) < 600
        and text.rstrip().endswith(":")
        and (shared := words.SHARED.search(text))
        and shared.start() > 0
        and text[: shared.start()].strip(' >*_-"')
    ):
        return [text[: shared.start()].rstrip(" -"), text[shared.start() :].lstrip(" -")]
    return [text]


def _mark_wrapped_quotes(lines: list[_Line]) -> None:
    """A piece of a quoted line that a program wrapped without repeating the mark belongs to the quote."""
    for before, line, after in zip(lines, lines[1:], [*lines[2:], _Line("", "e")], strict=False):
        if line.kind == "t" and before.kind == "q" and after.kind in "qe":
            quoted = before.text.rstrip()
            begins_low = not line.text[:1].isupper() and not line.text[:1].isdigit()
            if after.kind == "q" and begins_low and len(quoted) > 35 and quoted[-1:] not in ".?!:;…>":
                line.kind = "q"


def _plain_kind(text: str) -> str:
    if not text.strip():
        return "e"
    if _QUOTED.match(text):
        return "q"
    if len(text) > limits.MAX_LINE_CHARACTERS:
        return "t"
    text = text.translate(_INVISIBLE)
    if words.FORWARDED.match(text):
        return "f"
    if words.ORIGINAL.match(text) or words.ZOHO.match(text) or words.REPLY_LINE.match(text):
        return "o"
    if words.DASHES.match(text):
        return "s"
    if len(text) < 160 and words.DEVICE.match(text):
        return "d"
    return "t"


def _introduction(lines: list[_Line], start: int) -> int:
    """How many lines from here introduce a quote ("On ... wrote:"); 0 if they do not."""
    near = lines[start : start + MAX_INTRODUCTION_LINES]
    if not any(":" in line.text or "：" in line.text or "wrote" in line.text or "@" in line.text for line in near):
        return 0
    joined = ""
    for length in range(1, MAX_INTRODUCTION_LINES + 1):
        if start + length > len(lines):
            return 0
        line = lines[start + length - 1]
        if line.kind == "e" and length > 1 and _next_text(lines, start + length).startswith("<"):
            continue  # Polymail puts the address on lines of its own
        if line.kind not in "tq" or (line.kind == "q" and (length == 1 or not _WRAPPED_END.match(line.text))):
            return 0
        joined = f"{joined} {line.text.translate(_INVISIBLE).strip()}".strip()
        if len(joined) > MAX_INTRODUCTION_CHARACTERS:
            return 0
        if _introduces(joined, followed_by_quote=_next_kind(lines, start + length) == "q"):
            return length if _begins_here(lines[start : start + length]) else 0
    return 0


def _begins_here(lines: list[_Line]) -> bool:
    """Whether an introduction of several lines begins with the first of them, and not with a later one."""
    first, *later = (line.text.translate(_INVISIBLE) for line in lines)
    if not later:
        return True
    if any(words.ON.match(line) and words.DATE.search(line) for line in later):
        return words.ON.match(first) is not None and words.DATE.search(first) is not None
    return (
        words.ON.match(first) is not None
        or words.DATE.search(first) is not None
        or "@" in first
        or first.rstrip().endswith("<")
    )


def _next_text(lines: list[_Line], start: int) -> str:
    return lines[start].text.strip() if start < len(lines) else ""


def _next_kind(lines: list[_Line], start: int) -> str:
    return next((line.kind for line in lines[start : start + 4] if line.kind != "e"), "")


def _introduces(joined: str, *, followed_by_quote: bool) -> bool:
    text = joined.rstrip(" *_>")
    if not text.endswith((":", "：", "wrote", ": -", ":-", "---")):
        return words.BARE_DATED_SENDER.match(joined) is not None
    if words.DATED_SENDER.match(text) or words.QUOTING.match(text):
        return True
    wrote = words.WROTE.search(text)
    dated, addressed = words.DATE.search(text) is not None, words.ADDRESS.search(text) is not None
    if wrote is None:
        return dated and len(text) <= 200 and (addressed or (followed_by_quote and text.count(" ") > 3))
    weak = wrote[0].lower() in ("sent", "said", "notified", "commented")
    if words.ON.match(text) and (dated or addressed) and not (weak and not followed_by_quote):
        return True
    if weak:
        return followed_by_quote and (dated or addressed)
    if addressed and len(text) < 300:
        return True
    return (followed_by_quote and len(text) < 200) or (dated and len(text) < 200 and len(text) - wrote.end() < 40)


def _header_block(lines: list[_Line], start: int) -> int:
    """How many lines from here are the header of an answered mail (From, Sent, To, Subject); 0 if they are none."""
    first = lines[start].text.translate(_INVISIBLE)
    if len(first) > 500 or not _header_kinds(first) - {"other"}:
        return 0
    seen: set[str] = set()
    length = 0
    for offset, line in enumerate(lines[start : start + MAX_HEADER_LINES]):
        kinds = _header_kinds(line.text.translate(_INVISIBLE))
        if kinds and line.kind in "tod":
            if "from" in seen and "from" in kinds and offset > 1 and len(seen) >= 3:
                break
            seen |= kinds
            length = offset + 1
        elif line.kind == "e":
            if offset + 1 - length > 2:
                break
        elif length == offset and _continues(lines[start + offset - 1].text, line.text):
            length = offset + 1
        else:
            break
    enough = len(seen) >= 3 or (
        len(seen) == 2 and "from" in seen and (words.ADDRESS.search(first) is not None or "sent" in seen)
    )
    return length if enough and "from" in seen and seen & {"sent", "to", "subject"} else 0


def _continues(header: str, line: str) -> bool:
    """Whether a line can be the rest of a long To or Cc."""
    return ("@" in line or header.rstrip().endswith((",", ";"))) and len(line) < 300


@lru_cache(maxsize=4 * MAX_HEADER_LINES)
def _header_kinds(text: str) -> frozenset[str]:
    kinds: set[str] = set()
    if ":" in text[:60] or "：" in text[:60]:
        for name, pattern in (
            ("from", words.HEADER_FROM),
            ("sent", words.HEADER_SENT),
            ("to", words.HEADER_TO),
            ("subject", words.HEADER_SUBJECT),
            ("other", words.HEADER_OTHER),
        ):
            if pattern.match(text):
                kinds.add(name)
    return frozenset(kinds)


# ------------------------------------------------------------ where the history begins


def _history_start(lines: list[_Line]) -> int:
    """The index of the first line that belongs to history written without quotation marks."""
    first_words = _first_words(lines)
    for index, line in enumerate(lines):
        if line.kind == "f":
            return len(lines)
        if index <= first_words:
            continue
        if line.kind in "ob":
            return index
        if line.kind == "h" and lines[index - 1].kind != "h":
            after = index
            while after < len(lines) and lines[after].kind in "he":
                after += 1
            if after == len(lines) or lines[after].kind != "q":
                return index
    return len(lines)


def _first_words(lines: list[_Line]) -> int:
    """The index of the first line that says something, or the number of lines."""
    return next((index for index, line in enumerate(lines) if _says_something(line)), len(lines))


def _says_something(line: _Line) -> bool:
    return (line.kind == "t" and not words.RULE.match(line.text)) or (line.kind == "c" and bool(line.text.strip()))


def _has_words(lines: list[_Line]) -> bool:
    return any(_says_something(line) for line in lines)


def _without_quotes(lines: list[_Line]) -> list[_Line]:
    """Answers below or above lose the quote; answers between the quoted lines keep what they answer."""
    if not any(line.kind == "q" for line in lines):
        return [line for line in lines if line.kind not in "hbo"]
    body = _without_footer(lines)
    quoted = [index for index, line in enumerate(body) if line.kind == "q"]
    if not quoted:
        return [line for line in body if line.kind not in "hbo"]
    before = _has_words(body[: quoted[0]])
    after = _has_words(body[quoted[-1] + 1 :])
    blocks = 1 + sum(1 for left, right in pairwise(quoted) if _has_words(body[left + 1 : right]))
    between = blocks > 1 or (before and after)
    if (
        blocks == 1
        and not before
        and after
        and body[0].kind == "q"
        and not any(line.kind == "h" for line in body[: quoted[0] + 1])
    ):
        between = True
    if between and (after or blocks > 1):
        last = quoted[-1] + 1 if not after else len(body)
        kept = body[:last] if after else body[: _start_of_last_block(body, quoted)]
        return [line for line in kept if line.kind not in "hbo"]
    return [line for line in body if line.kind not in "hboq"]


def _start_of_last_block(body: list[_Line], quoted: list[int]) -> int:
    """Where the quote that nobody answered begins."""
    start = quoted[-1]
    while start > 0 and body[start - 1].kind in "qeh":
        start -= 1
    return start


def _without_footer(lines: list[_Line]) -> list[_Line]:
    """Without what a list, a virus scanner or a signature leaves below the last quote."""
    quoted = max((index for index, line in enumerate(lines) if line.kind == "q"), default=-1)
    for index in range(quoted + 1, len(lines)):
        line = lines[index]
        if line.kind in "sd" or words.FOOTER.match(line.text) or (line.kind == "t" and words.RULE.match(line.text)):
            return lines[:index]
        if _says_something(line):
            break
    return lines


# ------------------------------------------------------------ what stands below the words


def _without_signature(lines: list[_Line]) -> list[_Line]:
    """Up to the first signature after the words; nothing is cut above a kept quote, or from what is forwarded."""
    first_words = _first_words(lines)
    last_kept = max((index for index, line in enumerate(lines) if line.kind in "qf"), default=-1)
    for index in range(max(first_words, last_kept) + 1, len(lines)):
        line = lines[index]
        if line.kind in "sd":
            return lines[:index]
        if line.kind == "t" and words.RULE.match(line.text) and _is_signature(lines, index + 1):
            return lines[:index]
    return lines


def _is_signature(lines: list[_Line], start: int) -> bool:
    """Whether the lines under a rule are a footer or a short signature; a log or a list under a rule is neither."""
    filled = [line for line in lines[start : start + 4 * MAX_SIGNATURE_LINES] if line.kind != "e"]
    if len(lines) - start > 4 * MAX_SIGNATURE_LINES and not (filled and words.FOOTER.match(filled[0].text)):
        return False
    if not filled or words.FOOTER.match(filled[0].text):
        return True
    if len(filled) > MAX_SIGNATURE_LINES or sum(len(line.text) for line in filled) > MAX_SIGNATURE_CHARACTERS:
        return False
    if not all(line.kind in "td" and len(line.text) < 140 and not words.RULE.match(line.text) for line in filled):
        return False
    return any(words.CONTACT.search(line.text) for line in filled)
