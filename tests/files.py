"""Files that people send, and files that nobody should: made here, byte by byte."""

from __future__ import annotations

import io
import zipfile
import zlib

WORD_SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE_SPACE = "http://schemas.openxmlformats.org/drawingml/2006/main"
ODF_TEXT_SPACE = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
# Codes of our own for letters that no standard encoding of PDF has.
_LETTERS = {"ș": (128, "scommaaccent"), "ț": (129, "tcommaaccent"), "ă": (130, "abreve"), "ж": (131, "afii10072")}


def pdf(*pages: str) -> bytes:
    """A document of these pages, a line each."""
    differences = " ".join(f"{code} /{name}" for code, name in _LETTERS.values())
    font = f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [{differences}] >> >>"
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font.encode(),
    ]
    for number, words in enumerate(pages):
        codes = words.translate({ord(letter): chr(code) for letter, (code, _name) in _LETTERS.items()})
        shown = codes.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(stream(b"BT /F1 12 Tf 72 720 Td (" + shown + b") Tj ET"))
    return pdf_of(objects)


def stream(data: bytes, *, packed: bool = False) -> bytes:
    extra = b" /Filter /FlateDecode" if packed else b""
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def pdf_of(objects: list[bytes]) -> bytes:
    """A file of these objects, the first of them its catalog."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def locked_pdf(words: str, *, user: str, owner: str = "owner") -> bytes:
    """`user` is the password for reading; an empty one lets everybody read."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(words))))
    writer.encrypt(user_password=user, owner_password=owner, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_bomb(unpacked_bytes: int) -> bytes:
    """A page whose content is so many blanks."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(unpacked_bytes // 1_000_000)) + packer.flush()
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            stream(packed, packed=True),
        ]
    )


def recursive_pdf() -> bytes:
    """Pages that are their own children, a form that draws itself."""
    itself = b"/Resources << /XObject << /X 4 0 R >> >>"
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] %s /Contents 5 0 R >>" % itself,
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] %s /Length 5 >>\nstream\n/X Do\nendstream" % itself,
            stream(b"/X Do"),
        ]
    )


def zipped(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(*paragraphs: str, **more: str) -> bytes:
    """A document of Word; `more` are parts beside the text, such as `footnotes`."""
    parts: dict[str, str | bytes] = {"[Content_Types].xml": "<Types/>", "word/document.xml": word_part(*paragraphs)}
    parts |= {f"word/{name}.xml": word_part(text) for name, text in more.items()}
    return zipped(parts)


def word_part(*paragraphs: str) -> str:
    """Each word of a paragraph in a run of its own, as Word likes to do."""
    lines = "".join(
        "<w:p>" + "<w:r><w:t xml:space='preserve'> </w:t></w:r>".join(_run(word) for word in text.split()) + "</w:p>"
        for text in paragraphs
    )
    return f'<?xml version="1.0"?><w:document xmlns:w="{WORD_SPACE}"><w:body>{lines}</w:body></w:document>'


def _run(word: str) -> str:
    half = len(word) // 2
    return f"<w:r><w:t>{word[:half]}</w:t></w:r><w:r><w:rPr/><w:t>{word[half:]}</w:t></w:r>"


def xlsx() -> bytes:
    shared = f'<sst xmlns="{SHEET_SPACE}"><si><t>Găzduire</t></si><si><r><t>Dom</t></r><r><t>eniu</t></r></si></sst>'
    rows = (
        '<row><c t="s"><v>0</v></c><c><v>417.5</v></c></row><row><c t="inlineStr"><is><t>Total plată</t></is></c></row>'
    )
    sheet = f'<worksheet xmlns="{SHEET_SPACE}"><sheetData>{rows}</sheetData></worksheet>'
    return zipped({"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet})


def pptx(*slides: str) -> bytes:
    return zipped(
        {
            f"ppt/slides/slide{number}.xml": f'<s xmlns:a="{SLIDE_SPACE}"><a:p><a:r><a:t>{words}</a:t></a:r></a:p></s>'
            for number, words in enumerate(slides, 1)
        }
    )


def odt(*paragraphs: str) -> bytes:
    lines = "".join(f"<t:p><t:span>{text}</t:span></t:p>" for text in paragraphs)
    gone = "<t:tracked-changes><t:p>deleted words</t:p></t:tracked-changes>"
    return zipped({"content.xml": f'<o xmlns:t="{ODF_TEXT_SPACE}">{gone}{lines}</o>'})


def laughing_docx() -> bytes:
    """Ten entities, each ten times the one before: a word a thousand million times."""
    entities = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10)
    )
    text = f'<w:d xmlns:w="{WORD_SPACE}"><w:p><w:t>before &l9; after</w:t></w:p></w:d>'
    return zipped({"word/document.xml": f"<!DOCTYPE d [{entities}]>{text}"})


def spying_docx(path: str) -> bytes:
    """Asks for a file of the machine that reads it."""
    text = f'<w:d xmlns:w="{WORD_SPACE}"><w:p><w:t>before &spy; after</w:t></w:p></w:d>'
    return zipped({"word/document.xml": f'<!DOCTYPE d [<!ENTITY spy SYSTEM "file://{path}">]>{text}'})


def docx_bomb(unpacked_bytes: int) -> bytes:
    """A paragraph of so many blanks between two tags, a thousandth of that in the file."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        part.write(f'<w:d xmlns:w="{WORD_SPACE}">'.encode())
        for _number in range(unpacked_bytes // 1_000_000):
            part.write(b" " * 1_000_000)
    return out.getvalue()
