"""A structured header value and its parameters: RFC 2045 section 5.1, RFC 2183, RFC 2231 (continuations, charsets).

What programs do instead is read too: encoded words inside quotes, unquoted names with blanks, raw 8-bit names.
"""

import re
from urllib.parse import unquote_to_bytes

from ghiseu.lib.charsets import decode, decode_words

MAX_PARAMETERS = 200

_PARAMETER = re.compile(
    r"""[;\s]*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.){0,20000})"|"?([^;"\r\n]{0,20000}))""", re.DOTALL
)
_SECTION = re.compile(r"^(.+?)\*(\d{1,4})?(\*)?$")


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The leading word in lower case, and the parameters by lower-case name, decoded. The first of a name wins."""
    head, _, rest = _without_comments(value).partition(";")
    head = head.strip()
    if "=" in head and "/" not in head.partition("=")[0]:
        head, rest = "", value
    if " " in head and "=" in head:  # a missing semicolon: text/html charset=utf-8
        head, _, more = head.partition(" ")
        rest = more + ";" + rest
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    position = 0
    for _ in range(MAX_PARAMETERS):
        found = _PARAMETER.match(rest, position)
        if not found:
            position = rest.find(";", position) + 1
            if position <= 0:
                break
            continue
        position = found.end()
        name = found[1].lower()
        text = re.sub(r"\\([\"\\])", r"\1", found[2]) if found[2] is not None else found[3].strip()
        if section := _SECTION.match(name):
            encoded = bool(section[3]) or section[2] is None
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (text, encoded))
        else:
            plain.setdefault(name, decode_words(text))
    for name, pieces in sections.items():
        plain[name] = _joined(pieces)
    return head.lower(), plain


def _without_comments(value: str) -> str:
    """Without a comment behind the leading word, or where a parameter should begin."""
    if "(" not in value:
        return value
    return re.sub(r";\s{0,20}\([^()\"]{0,500}\)", "; ", re.sub(r"^([^\"();]{0,200})\([^()]{0,500}\)", r"\1", value))


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """The sections in order (RFC 2231 section 3), percent signs decoded where a section says so (section 4.1)."""
    charset, data = "", b""
    for number in sorted(pieces):
        text, encoded = pieces[number]
        if encoded:
            if number == min(pieces) and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)
            data += unquote_to_bytes(text)
        else:
            data += decode_words(text).encode("utf-8", "replace")
    return decode(data, charset)
