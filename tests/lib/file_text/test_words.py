"""What people find in the files they got: words in reading order, and nothing that is no word of the document."""

from __future__ import annotations

import pytest

from ghiseu.lib.file_text.apart import FileWords, Limits, read_apart
from ghiseu.lib.file_text.kinds import FileKind, kind_of
from tests import files


def words(data: bytes, kind: FileKind) -> str:
    return read_apart(data, kind).text


def test_a_pdf_is_read_page_by_page() -> None:
    assert words(files.pdf("Invoice 17 (hosting)", "Paid in full"), FileKind.PDF) == (
        "Invoice 17 (hosting)\nPaid in full"
    )


def test_a_pdf_in_romanian_and_russian() -> None:
    assert words(files.pdf("școlii să ж"), FileKind.PDF) == "școlii să ж"


def test_a_pdf_that_is_locked_against_changes_only_is_read() -> None:
    assert words(files.locked_pdf("Read me", user=""), FileKind.PDF) == "Read me"


def test_a_word_document_whose_words_are_cut_into_runs() -> None:
    data = files.docx("Conținut ilegal pe site", "Второй абзац", footnotes="A footnote", header1="Letterhead")

    assert words(data, FileKind.OFFICE).split("\n") == [
        "Conținut ilegal pe site",
        "Второй абзац",
        "A footnote",
        "Letterhead",
    ]


def test_a_sheet_gives_its_strings_and_its_numbers_but_not_its_references() -> None:
    assert words(files.xlsx(), FileKind.OFFICE).split() == ["Găzduire", "Domeniu", "417.5", "Total", "plată"]


def test_slides_come_in_their_order_also_after_the_ninth() -> None:
    data = files.pptx(*(f"slide {number}" for number in range(1, 12)))

    assert words(data, FileKind.OFFICE).split("\n") == [f"slide {number}" for number in range(1, 12)]


def test_an_open_document_without_what_was_deleted() -> None:
    assert words(files.odt("Первый абзац", "al doilea"), FileKind.OFFICE) == "Первый абзац\nal doilea"


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1251"])
def test_a_text_in_whatever_charset(charset: str) -> None:
    text = "Сайт не работает уже третий день, помогите пожалуйста. Спасибо за быстрый ответ."

    assert words(text.encode(charset), FileKind.TEXT) == text


def test_a_page_gives_what_a_reader_sees() -> None:
    page = "<html><head><meta charset='windows-1251'><style>p {}</style></head><p>Привет</p><script>x()</script></html>"

    assert words(page.encode("cp1251"), FileKind.HTML) == "Привет"


def test_a_mail_inside_a_mail() -> None:
    inner = (
        b"Subject: =?utf-8?q?Raport_de_abuz?=\r\nFrom: nic@x.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Pagina <b>falsa</b></p>"
    )

    assert words(inner, FileKind.MAIL) == "Raport de abuz\nnic@x.example\nPagina falsa"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert read_apart(b"abcdefgh " * 100, FileKind.TEXT, Limits(characters=20)) == FileWords(
        "abcdefgh abcdefgh ab", is_cut=True
    )


@pytest.mark.parametrize(
    ("filename", "content_type", "kind"),
    [
        ("invoice.pdf", "application/pdf", FileKind.PDF),
        ("invoice.pdf", "application/octet-stream", FileKind.PDF),
        ("FACTURA.PDF", "", FileKind.PDF),
        ("a", "application/pdf; name=a", FileKind.PDF),
        ("letter.docx", "application/zip", FileKind.OFFICE),
        ("a", "application/vnd.oasis.opendocument.text", FileKind.OFFICE),
        ("error.log", "application/octet-stream", FileKind.TEXT),
        ("a", "text/plain", FileKind.TEXT),
        ("a.htm", "text/plain", FileKind.HTML),
        ("a", "text/html", FileKind.HTML),
        ("mail.eml", "message/rfc822", FileKind.MAIL),
        ("key.asc", "text/plain", None),
        ("photo.jpg", "image/jpeg", None),
        ("photo.pdf", "image/jpeg", None),
        ("site.zip", "application/zip", None),
        ("program.exe", "application/octet-stream", None),
        ("", "", None),
    ],
)
def test_what_is_worth_reading(filename: str, content_type: str, kind: FileKind | None) -> None:
    assert kind_of(filename, content_type) == kind
