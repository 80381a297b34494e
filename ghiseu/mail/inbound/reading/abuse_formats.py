"""Reports of abuse written for machines.

ARF: RFC 5965, with RFC 6591 (authentication failures) and RFC 6650. XARF: versions 1 to 4 in JSON, version 0.x as
`report.txt`. ACNS 2.0: XML between marks or attached. Feeds: pages and machines in XML or CSV, packed or not.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ghiseu.lib.charsets import decode
from ghiseu.lib.text import one_line, storable, unix_lines
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.indicators import Indicator, find_indicators, from_value
from ghiseu.mail.inbound.reading.mime import Part

MAX_JSON_CHARACTERS = 20_000_000
MAX_UNPACKED_BYTES = 5_000_000
MAX_JSON_VALUES = 20_000
MAX_JSON_DEPTH = 20

_NOT_REPORTED_KEY = re.compile(
    r"report(?:er|ing)|^sender|contact|complainant|behalf|dest|dst|victim|target(?!_url)|attacked|honeypot|"
    r"recipient|rcpt|schema|^evidence$|payload|user.?agent|"
    r"sample|notes|hash|^tags$|remediation|reference|advisory|mitre|\bcve|affected|local|org|provider|"
    r"software|message_id|from_header|legal|policy|tos\b|license",
    re.IGNORECASE,
)
_HIDDEN_KEY = re.compile(
    r"report(?:er|ing)|^sender$|contact|complainant|behalf|dest|dst|victim|attacked|schema", re.IGNORECASE
)
_KEY_VALUE = re.compile(r"^\s{0,10}['\"]?([A-Za-z][\w -]{1,40}?)['\"]?\s{0,10}:[ \t]{0,20}(.*)$", re.MULTILINE)
_ACNS_FIELD = re.compile(
    r"<(ip_address|url|dns_name|uri|domain(?:_name)?|URLBase|"
    r"FTP_Base)\b[^>]{0,300}>\s{0,50}([^<]{1,2000}?)\s{0,50}</",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Structured:
    """What a machine-readable report says: its format, and what must not be mistaken for the thing reported."""

    format: str
    feedback_type: str | None = None
    reported: list[Indicator] = field(default_factory=list)
    seen: list[Indicator] = field(default_factory=list)
    hidden: list[Indicator] = field(default_factory=list)
    source: str | None = None


def read_structured(root: Part, text: str) -> Structured | None:
    """The machine-readable report inside a mail, or None; formats in order of how much they say."""
    files = list(_text_files(root))
    return (
        _xarf_json(files, text)
        or _xarf_text(files, root)
        or _arf(root)
        or _acns(files, text)
        or _safe_browsing(files, text)
    )


def _text_files(root: Part) -> Iterator[tuple[str, str]]:
    """Name and text of the parts that may hold a report, unpacked."""
    budget = MAX_JSON_CHARACTERS
    for part in root.walk():
        if part.children or part.main_type in ("image", "audio", "video", "multipart", "message"):
            continue
        name = (part.disposition()[1].get("filename") or part.parameters.get("name") or "").lower()
        named = name.endswith((".json", ".xml", ".csv", ".txt", ".xarf", ".arf"))
        if part is not root and (
            named
            or part.content_type in ("application/json", "application/xml", "text/xml", "text/csv", "text/json")
            or "xarf" in part.content_type
        ):
            content = part.decoded()[:budget]
            budget -= len(content)
            yield name or part.content_type, storable(decode(content, part.parameters.get("charset", "")))
        elif name.endswith(".zip") or part.content_type in ("application/zip", "application/x-zip-compressed"):
            yield from unpack(part.decoded())


def unpack(data: bytes) -> Iterator[tuple[str, str]]:
    """Name and text of the tables and reports inside a zip archive, within limits; nothing if it is broken."""
    budget = MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:20]:
                if entry.filename.lower().endswith((".csv", ".txt", ".json", ".xml")) and not entry.flag_bits & 1:
                    with archive.open(entry) as stream:
                        content = stream.read(budget)
                    budget -= len(content)
                    yield entry.filename.lower(), storable(decode(content))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        return  # a broken or locked archive stays an attachment like any other


# ------------------------------------------------------------ XARF in JSON


def _xarf_json(files: list[tuple[str, str]], text: str) -> Structured | None:
    candidates = [content for name, content in files if name.endswith(("json", ".txt", ".xarf", ".arf"))]
    if text.lstrip()[:1] == "{":
        candidates.append(text)
    for content in candidates:
        start = content.find("{")
        if start < 0 or not re.search(
            r"\"(?:xarf_version|ReporterInfo|ReportClass|ReportType|Reporter|source_identifier)\"", content[:2_000_000]
        ):
            continue
        try:
            document, _ = json.JSONDecoder().raw_decode(content[start:])
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict) and (report := _from_document(document)):
            return report
    return None


def _from_document(document: dict[str, Any]) -> Structured | None:
    inner = document.get("Report")
    if "xarf_version" in document or ("category" in document and "source_identifier" in document):
        kind = str(document.get("type") or document.get("category") or "")
        reporter = document.get("reporter")
    elif isinstance(inner, dict) or "ReportType" in document:
        kind = str((inner if isinstance(inner, dict) else document).get("ReportType") or "")
        reporter = document.get("ReporterInfo") or document.get("Reporter")
    else:
        return None
    report = Structured("xarf", one_line(kind).lower()[:80] or None)
    if isinstance(reporter, dict):
        told = [
            value
            for key, value in reporter.items()
            if isinstance(value, str) and re.search(r"(?:domain|org|email|contact)$", key, re.IGNORECASE)
        ]
        report.source = one_line(told[0])[:200] if told else None
    _collect(document, report)
    return report


def _collect(document: dict[str, Any], report: Structured) -> None:
    """Sort the values of a document by the keys that they stand under."""
    waiting: list[tuple[Any, bool, bool, int]] = [(document, True, False, 0)]
    for _ in range(MAX_JSON_VALUES):
        if not waiting:
            return
        value, reported, hidden, depth = waiting.pop()
        if isinstance(value, dict) and depth < MAX_JSON_DEPTH:
            for key, entry in reversed(value.items()):
                is_hidden = hidden or _HIDDEN_KEY.search(key) is not None
                waiting.append(
                    (entry, reported and not is_hidden and not _NOT_REPORTED_KEY.search(key), is_hidden, depth + 1)
                )
        elif isinstance(value, list) and depth < MAX_JSON_DEPTH:
            waiting.extend((entry, reported, hidden, depth + 1) for entry in reversed(value))
        elif isinstance(value, str):
            whole = from_value(value) if len(value) <= 4_000 else None
            if hidden:
                report.hidden += [whole] if whole else find_indicators(value[:4_000])
            elif reported and whole:
                report.reported.append(whole)
            else:
                report.seen += [whole] if whole else find_indicators(value[:20_000])


# ------------------------------------------------------------ XARF 0.x


def _xarf_text(files: list[tuple[str, str]], root: Part) -> Structured | None:
    """`report.txt`: lines of `Key: value`, in a mail that says X-XARF or has a report with its keys."""
    announced = root.raw("x-arf") is not None or root.raw("x-xarf") is not None
    for name, content in files:
        if not name.endswith((".txt", ".yaml", ".yml")):
            continue
        fields = {
            key.strip().lower(): value.strip().strip("'\"") for key, value in _KEY_VALUE.findall(content[:50_000])
        }
        if not (
            ("schema-url" in fields or announced or "reported-from" in fields)
            and ("source" in fields or "report-type" in fields)
        ):
            continue
        report = Structured(
            "xarf", one_line(fields.get("report-type") or fields.get("category") or "").lower()[:80] or None
        )
        report.source = one_line(fields.get("reported-from", ""))[:200] or None
        for key, value in fields.items():
            if (found := from_value(value)) is None:
                continue
            hidden = _HIDDEN_KEY.search(key.replace("report-", "")) or key in (
                "reported-from",
                "report-id",
                "user-agent",
            )
            is_source = (
                key in ("source", "domain", "ip", "host")
                or key.endswith(("link", "url", "uri"))
                or key.startswith("source")
            )
            (report.hidden if hidden else report.reported if is_source else report.seen).append(found)
        return report
    return None


# ------------------------------------------------------------ ARF


def _arf(root: Part) -> Structured | None:
    """RFC 5965: a message/feedback-report part, or a multipart/report that says it is one."""
    for part in root.walk():
        if part.content_type == "message/feedback-report":
            return _from_feedback(decode(part.decoded()[: limits.MAX_SCAN_CHARACTERS]), root)
    if root.content_type == "multipart/report" and root.parameters.get("report-type", "").lower() == "feedback-report":
        plain = next((part for part in root.walk() if part.main_type == "text"), root)
        return _from_feedback(decode(plain.decoded()[: limits.MAX_SCAN_CHARACTERS]), root)
    return None


def _from_feedback(report_text: str, root: Part) -> Structured:
    fields = [
        (key.strip().lower(), value.strip())
        for key, value in _KEY_VALUE.findall(re.sub(r"\n[ \t]+", " ", unix_lines(report_text)))
    ]
    kind = next((value for key, value in fields if key == "feedback-type"), "")
    report = Structured("arf", one_line(kind).lower()[:80] or None)
    report.source = next(
        (one_line(value)[:200] for key, value in fields if key in ("reporting-mta", "user-agent")), None
    )
    for key, value in fields:
        found = from_value(value.split(";")[-1].strip() if key in ("reporting-mta", "reported-uri") else value)
        if found is None:
            continue
        if key in (
            "source-ip",
            "reported-uri",
            "reported-domain",
            "dkim-domain",
            "spf-dns-domain",
            "source",
            "reported-url",
            "original-mail-from",
            "dkim-identity",
            "identity",
        ):
            report.reported.append(found)
        elif key in ("original-rcpt-to", "removal-recipient", "reporting-mta"):
            report.hidden.append(found)
    _add_complained_mail(root, report)
    return report


def _add_complained_mail(root: Part, report: Structured) -> None:
    """What the mail complained about contains: seen, not reported; its recipients are the victims."""
    for part in root.walk():
        if part.content_type in ("message/rfc822", "text/rfc822-headers") and part is not root:
            text = decode(part.decoded()[:100_000])
            header = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
            for line in re.findall(
                r"^(?:to|cc|delivered-to|x-original-to):(.{0,2000})$", header, re.IGNORECASE | re.MULTILINE
            ):
                report.hidden += [found for found in find_indicators(line) if found.kind == "email"]
            report.seen += [found for found in find_indicators(text[len(header) :]) if found.kind == "url"]
            return


# ------------------------------------------------------------ ACNS and feeds in XML


def _acns(files: list[tuple[str, str]], text: str) -> Structured | None:
    for content in (text, *(content for _, content in files)):
        for infringement in _elements(content[: limits.MAX_SCAN_CHARACTERS * 2], "infringement"):
            return _from_infringement(infringement)
    return None


def _elements(xml: str, name: str) -> Iterator[str]:
    """The elements of that name in an XML text, which may be broken elsewhere; nested ones are not expected."""
    lower = xml.lower()
    start = lower.find(f"<{name}")
    while start >= 0:
        end = lower.find(f"</{name}>", start)
        if end < 0:
            return
        yield xml[start : end + len(name) + 3]
        start = lower.find(f"<{name}", end)


def _from_infringement(xml: str) -> Structured:
    report = Structured("acns", "copyright")
    others = [*_elements(xml, "complainant"), *_elements(xml, "service_provider")]
    for other in others:
        report.hidden += [found for found in find_indicators(other) if found.kind in ("email", "domain")]
        xml = xml.replace(other, "")
    for source in list(_elements(xml, "source"))[:100] or [xml]:
        for _, value in _ACNS_FIELD.findall(source):
            if found := from_value(value.replace("&amp;", "&")):
                report.reported.append(found)
    if entity := next(_elements("".join(others), "entity"), None):
        report.source = one_line(re.sub(r"<[^<>]*>", "", entity))[:200]
    return report


def _safe_browsing(files: list[tuple[str, str]], text: str) -> Structured | None:
    """A `<notification_message>` with a `<url_info>` for each page."""
    for content in (text, *(content for _, content in files)):
        if "<url_info" in content:
            report = Structured("feed", "malware")
            for value in re.findall(r"\b(?:url|ip)=\"([^\"]{1,2000})\"", content[: limits.MAX_SCAN_CHARACTERS * 4])[
                : limits.MAX_INDICATORS
            ]:
                if found := from_value(value.replace("&amp;", "&")):
                    report.reported.append(found)
            return report
    return None


# ------------------------------------------------------------ tables


def table_indicators(root: Part) -> Iterator[Indicator]:
    """What stands in attached tables and logs, cells under destination and reporter columns left out."""
    for name, content in _text_files(root):
        if name.endswith(".csv") or "csv" in name:
            yield from _from_table(content)
        elif not name.endswith("json"):
            yield from find_indicators(content)


def _from_table(content: str) -> Iterator[Indicator]:
    import csv

    rows = csv.reader(io.StringIO(content[: limits.MAX_SCAN_CHARACTERS * 4].replace("\0", "")))
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
        skipped = {
            index
            for index, cell in enumerate(head)
            if re.search(r"dst|dest|^cc(?:_|$)|target|victim|report|notifier|agent|asn|geo|naics|sector", cell)
        }
        for number, row in enumerate(rows):
            if number >= limits.MAX_INDICATORS:
                return
            for index, cell in enumerate(row):
                if (
                    index not in skipped
                    and (found := from_value(cell[:2_000])) is not None
                    and (found.kind != "domain" or "." in found.value)
                ):
                    yield found
    except csv.Error:
        return  # a torn table: what was read so far counts
