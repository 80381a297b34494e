"""Pictures and papers to attach, drawn here: nothing in the demo comes from elsewhere."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

Rectangle = tuple[int, int, int, int, int]  # left, top, width, height, place in the palette

_PALETTE = bytes.fromhex("ffffff e8ebf0 3b6ea5 c2453a 9aa4b2 2f8f6b f3c969")
_SCREENSHOT: tuple[Rectangle, ...] = (
    (0, 0, 640, 44, 1), (16, 14, 16, 16, 3), (40, 14, 16, 16, 6), (64, 14, 16, 16, 5), (110, 10, 480, 24, 0),
    (210, 120, 220, 120, 1), (232, 142, 176, 14, 3), (232, 172, 140, 8, 4), (232, 190, 156, 8, 4), (232, 208, 92, 8, 4),
)  # fmt: skip
_LOGO: tuple[Rectangle, ...] = (
    (0, 0, 160, 48, 2),
    (12, 10, 28, 28, 0),
    (20, 18, 12, 20, 2),
    (54, 16, 90, 6, 0),
    (54, 28, 60, 6, 6),
)
_INVOICE = (
    "Payment confirmation",
    "",
    "Beneficiary: Pridvor SRL",
    "Reference: see subject",
    "Amount: as stated",
    "Status: executed",
)
_NOTICE = (
    "Notice of copyright infringement", "", "Works: five photographs (list overleaf)", "1. /gallery/1.jpg",
    "2. /gallery/2.jpg", "3. /gallery/old/3.jpg", "4. /gallery/old/4.jpg", "5. /gallery/5.jpg", "",
    "I have a good faith belief that this use is not authorised.", "Signed electronically.",
)  # fmt: skip
_HEADERS = """\
Received: from out1.shop-module.example (out1.shop-module.example [192.0.2.44])
\tby mx.post.example with ESMTPS id 7B21A; Fri, 20 Nov 2026 09:14:02 +0200
Received: from panel.pridvor.example (panel.pridvor.example [198.51.100.8])
\tby mx.post.example with ESMTPS id 7B22C; Fri, 20 Nov 2026 09:15:01 +0200
X-Job: cart-reminder
"""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file that customers attach; `content_id` where the mail's HTML shows it."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


_NAMES = {
    "ro": {"screenshot": "captură-ecran.png", "invoice": "confirmare plată.pdf", "headers": "anteturi.txt"},
    "ru": {"screenshot": "снимок экрана.png", "invoice": "платёжное поручение.pdf", "headers": "заголовки.txt"},
    "uk": {"screenshot": "знімок екрана.png", "invoice": "платіжна інструкція.pdf", "headers": "заголовки.txt"},
    "en": {"screenshot": "Screenshot 2026.png", "invoice": "payment.pdf", "headers": "headers.txt"},
}


@cache
def sample(name: str, language: str) -> SampleFile:
    """The file that the stories call `name`, titled in the language. Raises KeyError for an unknown one."""
    makers = {
        "screenshot": lambda: SampleFile(_NAMES[language][name], "image/png", png(640, 360, _SCREENSHOT)),
        "logo": lambda: SampleFile("logo.png", "image/png", png(160, 48, _LOGO)),
        "logo-inline": lambda: SampleFile("logo.png", "image/png", png(160, 48, _LOGO), "logo@pridvor.example"),
        "invoice": lambda: SampleFile(_NAMES[language][name], "application/pdf", pdf(_INVOICE)),
        "notice": lambda: SampleFile("notice.pdf", "application/pdf", pdf(_NOTICE)),
        "headers": lambda: SampleFile(_NAMES[language][name], "text/plain", _HEADERS.encode()),
    }
    return makers[name]()


def png(width: int, height: int, rectangles: Sequence[Rectangle]) -> bytes:
    """A picture of coloured rectangles (PNG specification, colour type 3)."""
    rows = [bytearray(width) for _ in range(height)]
    for left, top, wide, high, colour in rectangles:
        for row in rows[top : top + high]:
            row[left : left + wide] = bytes([colour]) * wide
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (b"IHDR", header), (b"PLTE", _PALETTE), (b"IDAT", data), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def pdf(lines: Sequence[str]) -> bytes:
    """One page of plain lines (ISO 32000-1, section 7.5)."""
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    stream = f"BT /F1 13 Tf 72 760 Td 20 TL\n{shown}ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"xref\n0 7\n0000000000 65535 f \n%strailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out) + trailer % (table, len(out))
