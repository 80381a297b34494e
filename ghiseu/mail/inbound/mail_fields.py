"""Everything that can be asked about a mail that is no ticket yet: one entry a field, with how it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from ghiseu.lib.addresses import Address
from ghiseu.lib.language import guess_language
from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.inbound.verdict import Verdict, verdict_on
from ghiseu.mail.models import Mailbox
from ghiseu.people.models import Language
from ghiseu.tickets.models import SenderSign
from ghiseu.tickets.query.fields import Family, Field, Kind, Vocabulary
from ghiseu.tickets.query.memory import FieldValue, Person

_OUTCOMES = ("pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror")
_LIST_FIELDS = frozenset({"list-id", "list-post", "mailing-list", "x-mailing-list"})
_HEADER = "header."


class MailSubject:
    """A mail as a subject of queries; what costs something is read when it is first asked for.

    `size` is that of the whole mail in bytes. Without it the text and the files are counted.
    """

    def __init__(
        self, parsed: ParsedMail, mailbox: Mailbox, *, size: int | None = None, verdict: Verdict | None = None
    ) -> None:
        self.parsed = parsed
        self.mailbox = mailbox
        self._size = size
        self._verdict = verdict

    def values(self, field: str) -> Collection[FieldValue]:
        if field.startswith(_HEADER):
            return self.headers.get(field.removeprefix(_HEADER), ())
        return tuple(_BY_NAME[field].read(self))

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """Every header field's values by its name in lower case."""
        found: dict[str, list[str]] = {}
        for name, value in self.parsed.headers:
            found.setdefault(name.lower(), []).append(value)
        return found

    @cached_property
    def verdict(self) -> Verdict:
        return self._verdict or verdict_on(self.parsed, self.mailbox.trusted_server)

    @property
    def size(self) -> int:
        if self._size is not None:
            return self._size
        return len(self.parsed.text.encode()) + sum(file.size for file in self.parsed.attachments)


@dataclass(frozen=True, slots=True)
class MailField:
    field: Field
    read: Callable[[MailSubject], Iterable[FieldValue]]


def _people(addresses: Iterable[Address]) -> list[FieldValue]:
    return [Person(one.name, one.address) for one in addresses]


def _sender(mail: MailSubject) -> list[FieldValue]:
    return _people([mail.parsed.sender] if mail.parsed.sender else [])


def _file_names(mail: MailSubject) -> list[FieldValue]:
    return [file.filename for file in mail.parsed.attachments if file.filename]


def _anything(mail: MailSubject) -> Iterable[FieldValue]:
    yield from (mail.parsed.subject, mail.parsed.text)
    if mail.parsed.sender:
        yield from (mail.parsed.sender.name, mail.parsed.sender.address)
    yield from _file_names(mail)


def _outcome(method: str) -> Callable[[MailSubject], list[FieldValue]]:
    return lambda mail: [mail.verdict.outcomes[method]] if method in mail.verdict.outcomes else []


_IS: dict[str, Callable[[MailSubject], bool]] = {
    "auto": lambda mail: mail.parsed.auto_submitted,
    "bounce": lambda mail: mail.parsed.bounce is not None,
    "report": lambda mail: mail.parsed.abuse_report is not None,
    "list": lambda mail: any(name in mail.headers for name in _LIST_FIELDS),
    "reply": lambda mail: bool(mail.parsed.in_reply_to or mail.parsed.references),
}
_HAS: dict[str, Callable[[MailSubject], bool]] = {
    # Pictures inside the text, such as those of signatures, are not what people mean.
    "attachment": lambda mail: any(not file.inline for file in mail.parsed.attachments),
    "html": lambda mail: mail.parsed.html is not None,
    "text": lambda mail: bool(mail.parsed.text.strip()),
}

_FIELDS: tuple[MailField, ...] = (
    MailField(Field("from", Kind.ADDRESS, _("who sends it: name, address, @domain")), _sender),
    MailField(
        Field("to", Kind.ADDRESS, _("to whom it goes: name, address, @domain")), lambda mail: _people(mail.parsed.to)
    ),
    MailField(
        Field("cc", Kind.ADDRESS, _("who gets a copy: name, address, @domain")), lambda mail: _people(mail.parsed.cc)
    ),
    MailField(
        Field("reply-to", Kind.ADDRESS, _("where answers shall go, if it says so")),
        lambda mail: _people(mail.parsed.reply_to),
    ),
    MailField(
        Field("subject", Kind.TEXT, _("words in the subject"), has_forms=True), lambda mail: [mail.parsed.subject]
    ),
    MailField(
        Field("text", Kind.TEXT, _("words in the text"), aliases=("body",), has_forms=True),
        lambda mail: [mail.parsed.text],
    ),
    MailField(
        Field("filename", Kind.TEXT, _("words in the name of a file"), aliases=("file",), has_forms=True), _file_names
    ),
    MailField(
        Field("files", Kind.NUMBER, _("how many files it has, pictures in the text not counted")),
        lambda mail: [sum(not file.inline for file in mail.parsed.attachments)],
    ),
    MailField(
        Field("size", Kind.NUMBER, _("how large the whole mail is, such as size>5MB"), is_in_bytes=True),
        lambda mail: [mail.size],
    ),
    MailField(
        Field("date", Kind.TIME, _("when it says it was written"), can_be_missing=True),
        lambda mail: [mail.parsed.date] if mail.parsed.date else [],
    ),
    MailField(
        Field("language", Kind.CHOICE, _("the language of its text, if it can be told"), choices=tuple(Language)),
        lambda mail: [guess_language(f"{mail.parsed.subject} {mail.parsed.text}")],
    ),
    MailField(
        Field("mailbox", Kind.CHOICE, _("the mailbox it came to: name or address"), values="mailbox"),
        lambda mail: [mail.mailbox.name, mail.mailbox.address],
    ),
    MailField(
        Field("sign", Kind.CHOICE, _("what is known of the sender's address"), choices=tuple(SenderSign)),
        lambda mail: [str(mail.verdict.sign)],
    ),
    *(
        MailField(
            Field(method, Kind.CHOICE, _("what the check of the sender found, such as pass"), choices=_OUTCOMES),
            _outcome(method),
        )
        for method in ("dkim", "dmarc", "spf")
    ),
    MailField(
        Field("is", Kind.FLAG, _("what it is, such as is:auto"), choices=tuple(_IS)),
        lambda mail: [name for name, holds in _IS.items() if holds(mail)],
    ),
    MailField(
        Field("has", Kind.FLAG, _("what it has, such as has:attachment"), choices=tuple(_HAS)),
        lambda mail: [name for name, holds in _HAS.items() if holds(mail)],
    ),
)

_ANYTHING = MailField(Field("anything", Kind.TEXT, _("words anywhere"), has_forms=True), _anything)
_BY_NAME = {one.field.name: one for one in (*_FIELDS, _ANYTHING)}
_HEADER_HELP = _("words in a header field, such as header.x-spam:yes")
MAILS = Vocabulary(
    "mails",
    [one.field for one in _FIELDS],
    anything=_ANYTHING.field,
    families=[Family(_HEADER, lambda name: Field(name, Kind.TEXT, _HEADER_HELP, can_be_missing=True), _HEADER_HELP)],
)
