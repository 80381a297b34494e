"""Plain text made safe to store: no NUL, no lone surrogates, one kind of line end."""

import re

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff]")  # and what Unicode calls noncharacters
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")
_MANY_BLANK_LINES = re.compile(r"\n[ \t\xa0]*\n(?:[ \t\xa0]*\n)+")


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 refuses: controls and noncharacters go, surrogates become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def unix_lines(text: str) -> str:
    """The same text with `\\n` as its only line end."""
    return _LINE_END.sub("\n", text)


def one_line(text: str) -> str:
    """Everything on one line, blanks collapsed: for subjects, names and file names."""
    return _BLANKS.sub(" ", storable(text)).strip()


def tidy(text: str) -> str:
    """Readable body text: no trailing blanks, never more than one blank line in a row, none at the ends."""
    lines = "\n".join(map(str.rstrip, unix_lines(text).split("\n")))
    return _MANY_BLANK_LINES.sub("\n\n", lines).strip("\n")
