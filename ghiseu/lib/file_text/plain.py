"""Plain text, HTML, and mails inside mails."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import Message

from ghiseu.lib.charsets import decode, decode_words
from ghiseu.lib.file_text.kinds import Unreadable, Why
from ghiseu.lib.html_text import page_text

# The longest form of a character in any charset we know.
_BYTES_OF_A_CHARACTER = 4
_MOST_PARTS = 200
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})|<\?xml[^>]{0,80}encoding=["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def plain_text(data: bytes, most: int) -> str:
    """The first `most` characters or some more. Raises Unreadable where it is no text at all."""
    head = data[: most * _BYTES_OF_A_CHARACTER]
    if b"\0" in head[:4_000] and not head.startswith(_WIDE):
        raise Unreadable(Why.DAMAGED)
    return decode(head)


def html_file_text(data: bytes, most: int) -> str:
    """The readable text of a page; markup takes room, so much more than `most` characters of it are looked at."""
    head = data[: most * _BYTES_OF_A_CHARACTER * 5]
    declared = _DECLARED.search(head[:2_000])
    charset = (declared[1] or declared[2]).decode("ascii", "replace") if declared else ""
    return page_text(decode(head, charset))


def mail_text(data: bytes, most: int) -> str:
    """Subject, sender and texts of a mail, those of mails inside it too, but not of files."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    out: list[str] = []
    count = 0
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS or count > most:
            break
        out += [decode_words(str(part[name])) for name in ("Subject", "From") if part[name]]
        out.append(_part_text(part, most - count))
        count += len(out[-1])
    return "\n".join(out)


def _part_text(part: Message, most: int) -> str:
    if part.get_content_maintype() != "text" or part.get_filename():
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    text = decode(payload[: most * _BYTES_OF_A_CHARACTER * 5], str(part.get_param("charset", "")))
    return page_text(text) if part.get_content_subtype() == "html" else text
