"""What is new in a mail: its text without quoted history, signature and device line.

The text is cut into lines of kinds - quoted, introduction of a quote, header block of an answered mail, plain - and
from their order follows what the writer did: answered above, below, or between the quoted lines. Answers between
keep the lines that they answer; what was forwarded stays; nothing is thrown away that would leave an empty text.
"""

import re
from dataclasses import dataclass

from ghiseu.lib.text import tidy
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading import quote_words as words

MAX_INTRODUCTION_LINES = 5
MAX_SIGNATURE_LINES = 14
MAX_INTRODUCTION_CHARACTERS = 400

_QUOTED = re.compile(r"^\s{0,3}(?:>|&gt;|＞|\|\s)")
_ONE_HEADER = re.compile(r"^[\s*_]{0,6}[\w][\w '’.-]{0,30}\s{0,3}\*{0,2}[:：]")


@dataclass(slots=True)
class _Line:
    text: str
    kind: str  # e(mpty) q(uoted) h(ead of a quote) b(lock of headers) o(riginal follows) f(orwarded) s(ignature) d(evice) t(ext)


def reply_text(text: str) -> str:
    """The new words of a mail; the whole text where nothing else would be left."""
    head, rest = text[: limits.MAX_SCAN_CHARACTERS], text[limits.MAX_SCAN_CHARACTERS :]
    lines = _kinds(head.split("\n"))
    end = _history_start(lines)
    kept = lines[:end]
    if end == len(lines) and rest and not any(line.kind == "q" for line in lines[-3:]):
        kept = kept + [_Line(line, "t") for line in rest.split("\n")]
    kept = _without_quotes(kept)
    kept = _without_signature(kept)
    reply = tidy("\n".join(line.text for line in kept if line.kind != "d"))
    if not reply.strip():
        reply = tidy("\n".join(line.text for line in kept))
    if not reply.strip():
        reply = tidy("\n".join(line.text for line in lines if line.kind not in "qhbod")) or tidy("\n".join(line.text for line in lines if line.kind not in "hb"))
    return reply if reply.strip() else text


# ------------------------------------------------------------ what each line is


def _kinds(raw: list[str]) -> list[_Line]:
    lines = [_Line(text, _plain_kind(text)) for text in raw]
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.kind == "t" and (length := _introduction(lines, index)):
            for introduced in lines[index : index + length]:
                introduced.kind = "h"
            index += length
        elif line.kind == "t" and (length := _header_block(lines, index)):
            for header in lines[index : index + length]:
                header.kind = "b"
            index += length
        elif line.kind == "f":
            for forwarded in lines[index + 1 :]:
                forwarded.kind = "e" if not forwarded.text.strip() else "t"
            break
        else:
            index += 1
    return lines


def _plain_kind(text: str) -> str:
    if not text.strip():
        return "e"
    if _QUOTED.match(text):
        return "q"
    if len(text) > limits.MAX_LINE_CHARACTERS:
        return "t"
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
    joined = ""
    for length in range(1, MAX_INTRODUCTION_LINES + 1):
        if start + length > len(lines):
            return 0
        line = lines[start + length - 1]
        # a mail program that wraps the line may leave one blank line, or a stray quotation mark, in the middle of it
        if line.kind not in ("t", "q") or (line.kind == "q" and (length == 1 or not re.match(r"^\s?>\s?(?:wrote|:|[\w ]{0,20}:)", line.text))):
            return 0
        joined = f"{joined} {line.text.strip()}".strip()
        if len(joined) > MAX_INTRODUCTION_CHARACTERS:
            return 0
        if _introduces(joined, followed_by_quote=_next_kind(lines, start + length) == "q"):
            return length
    return 0


def _next_kind(lines: list[_Line], start: int) -> str:
    return next((line.kind for line in lines[start : start + 4] if line.kind != "e"), "")


def _introduces(joined: str, *, followed_by_quote: bool) -> bool:
    text = joined.rstrip(" *_>")
    ends = text.endswith((":", "：")) or text.endswith("wrote")
    if not ends and not text.endswith((": -", ":-", "---")):
        return False
    if words.DATED_SENDER.match(text):
        return True
    wrote = words.WROTE.search(text)
    dated, addressed = words.DATE.search(text) is not None, words.ADDRESS.search(text) is not None
    if wrote is None:
        return followed_by_quote and dated and (addressed or text.count(" ") > 3) and len(text) < 200
    weak = wrote[0].lower() in ("sent", "said", "notified", "commented")
    if words.ON.match(text) and (dated or addressed) and not (weak and not followed_by_quote):
        return True
    if weak:
        return followed_by_quote and (dated or addressed)
    if addressed and len(text) < 300:
        return True
    return followed_by_quote and len(text) < 200 or dated and len(text) < 200 and len(text) - wrote.end() < 40


def _header_block(lines: list[_Line], start: int) -> int:
    """How many lines from here are the header of an answered mail (From, Sent, To, Subject); 0 if they are none."""
    first = lines[start].text
    if len(first) > 500 or not (words.HEADER_FROM.match(first) or words.HEADER_SENT.match(first) or words.HEADER_SUBJECT.match(first) or words.HEADER_TO.match(first)):
        return 0
    seen: set[str] = set()
    length = blanks = 0
    for line in lines[start : start + 24]:
        kinds = _header_kinds(line.text)
        if line.kind == "e":
            blanks += 1
            if blanks > 1 and len(seen) >= 3 or blanks > 5:
                break
        elif kinds:
            seen |= kinds
            length = lines.index(line, start) - start + 1 if blanks else length + 1
        elif length and not blanks and not _ONE_HEADER.match(line.text) and len(seen) < 5 and _continues(lines[start + length - 1].text, line.text):
            length += 1
        else:
            break
        if not blanks:
            continue
    enough = len(seen) >= 3 or (len(seen) == 2 and "from" in seen and (words.ADDRESS.search(first) is not None or "sent" in seen))
    return length if enough and "from" in seen and seen & {"sent", "to", "subject"} else 0


def _continues(header: str, line: str) -> bool:
    """Whether a line can be the rest of a long To or Cc."""
    return ("@" in line or header.rstrip().endswith((",", ";"))) and len(line) < 300


def _header_kinds(text: str) -> set[str]:
    kinds = set()
    if len(text) < 2_000:
        for name, pattern in (("from", words.HEADER_FROM), ("sent", words.HEADER_SENT), ("to", words.HEADER_TO), ("subject", words.HEADER_SUBJECT), ("other", words.HEADER_OTHER)):
            if pattern.match(text):
                kinds.add(name)
    return kinds


# ------------------------------------------------------------ where the history begins


def _history_start(lines: list[_Line]) -> int:
    """The index of the first line that belongs to history written without quotation marks."""
    for index, line in enumerate(lines):
        if line.kind == "f":
            return len(lines)
        if line.kind in "ob" and _has_words(lines[:index]):
            return index
        if line.kind == "h" and (index == 0 or lines[index - 1].kind != "h"):
            after = index
            while after < len(lines) and lines[after].kind in "he":
                after += 1
            following = lines[after].kind if after < len(lines) else ""
            if following != "q" and _has_words(lines[:index]):
                return index
    return len(lines)


def _has_words(lines: list[_Line]) -> bool:
    return any(line.kind == "t" and not words.RULE.match(line.text) for line in lines)


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
    blocks = 1 + sum(1 for left, right in zip(quoted, quoted[1:], strict=False) if _has_words(body[left + 1 : right]))
    between = blocks > 1 or (before and after)
    if blocks == 1 and not before and after and body[0].kind == "q" and not any(line.kind == "h" for line in body[: quoted[0] + 1]):
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
        if line.kind in "sd" or words.FOOTER.match(line.text) or (words.RULE.match(line.text) and line.kind == "t"):
            if not _has_words(lines[quoted + 1 : index]):
                return lines[:index]
            break
    return lines


# ------------------------------------------------------------ what stands below the words


def _without_signature(lines: list[_Line]) -> list[_Line]:
    for index, line in enumerate(lines):
        if line.kind == "f":
            return lines
        if line.kind == "s" and _has_words(lines[:index]) and not any(later.kind in "qf" for later in lines[index:]):
            return lines[:index]
        is_rule = line.kind == "t" and words.RULE.match(line.text) is not None
        if is_rule and _has_words(lines[:index]) and _is_signature(lines[index + 1 :]):
            return lines[:index]
    return lines


def _is_signature(lines: list[_Line]) -> bool:
    """Whether the lines under a rule are a footer or a short signature."""
    filled = [line for line in lines if line.kind != "e"]
    if not filled:
        return True
    if words.FOOTER.match(filled[0].text):
        return True
    return len(filled) <= MAX_SIGNATURE_LINES // 2 and all(line.kind in "td" and len(line.text) < 80 for line in filled) and not any(words.RULE.match(line.text) for line in filled)
