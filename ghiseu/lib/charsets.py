"""Bytes to text when the declared charset is missing, wrong or unknown.

Names follow the WHATWG Encoding Standard where mail programs do (ISO-8859-1 is read as windows-1252,
GB2312 as GB18030, KS_C_5601-1987 as CP949); encoded words are those of RFC 2047.
"""

import binascii
import codecs
import re
from functools import cache, lru_cache

from ghiseu.lib import cyrillic

SHORT_BYTES = 60  # below so many bytes beyond ASCII statistics are of no use
GUESS_BYTES = 20_000  # how much of a text is looked at when its charset has to be guessed

_ALIASES = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "big5": "big5hkscs",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "iso-2022-jp": "iso2022_jp_ext",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "koi8-ru": "koi8-u",
    "ansi": "cp1252",
    "x-unknown": "",
    "unknown": "",
    "unknown-8bit": "",
    "default": "",
    "default_charset": "",
    "8bit": "",
    "7bit": "",
    "x-user-defined": "",
    "none": "",
}
_NOT_TEXT = {
    "base64",
    "hex",
    "rot13",
    "rot-13",
    "bz2",
    "zip",
    "zlib",
    "uu",
    "quopri",
    "quoted-printable",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "idna",
    "punycode",
    "mbcs",
    "oem",
    "unicode-escape",
    "raw-unicode-escape",
}
_NUMBERED = re.compile(r"^(?:x-)?(?:cp|windows|win|microsoft-cp|ms)[-_ ]?(\d{3,5})$")
_LATIN = {"cp1252", "utf-8"}
_ONE_BYTE = re.compile(r"(?:cp125\d|koi8-[ru]|iso-?8859-?\d{1,2}|cp866|mac_\w{1,20})$")
_TWO_BYTES = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")

_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?((?:(?!=\?[^=])[^\r\n]){0,2000}?)\?=")
# A subject cut at some length. A Q word without any code is readable as it stands.
_UNFINISHED_WORD = re.compile(
    r"(=\?[^?\s*]{1,60}\?(?:[bB]\?[A-Za-z0-9+/]{4,2000}={0,2}|[qQ]\?(?=[^?\s]{0,2000}=[0-9A-Fa-f]{2})[^?\s]{1,2000}))"
    r"\??\s{0,20}$"
)
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,80}\?[bBqQ]\?[^?\r\n]{0,2000}\?=)")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")


@lru_cache(maxsize=512)
def codec_for(charset: str) -> str:
    """The Python codec for a charset name as it stands in a mail, or `""` for a name that says nothing."""
    name = charset.strip().strip("\"'").strip().lower()[:40]
    name = _ALIASES.get(name, name)
    if numbered := _NUMBERED.match(name):
        name = {"65001": "utf-8", "28591": "cp1252", "20866": "koi8-r", "21866": "koi8-u"}.get(
            numbered[1], "cp" + numbered[1]
        )
    if not name or name in _NOT_TEXT or not name.isascii():
        return ""
    try:
        "".encode(name)  # a lookup alone would also find the codecs that are none for text
    except (LookupError, ValueError):
        return ""
    return name


def decode(data: bytes, charset: str = "") -> str:
    """Text from bytes: the declared charset if it is known and fits, else the best guess. Never fails."""
    codec = codec_for(charset)
    if data.isascii() and not (
        codec.startswith(("iso2022", "hz", "utf-7", "utf-16", "utf-32")) or b"\x1b$" in data or b"\0" in data
    ):
        return data.decode("ascii")
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in data[:200]:
        return data.decode("utf-16", "replace")
    if codec in _LATIN or not codec:
        text = _utf8(data)
        if text is not None:
            return text
    if codec and codec != "utf-8":
        return _forgiving(data, _meant(data, codec))
    return _guessed(data, prefer_utf8=codec == "utf-8")


def _meant(data: bytes, codec: str) -> str:
    """The codec that was meant where this one was declared: UTF-8 under a name of old, Cyrillic as Latin."""
    if not _ONE_BYTE.match(codec):
        return codec
    if codec not in _LATIN and len(_TWO_BYTES.findall(data[:GUESS_BYTES])) > 1 and _utf8(data) is not None:
        return "utf-8"
    return cyrillic.meant_codec(data, codec)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 (or ASCII) throughout."""
    return data.isascii() or _utf8(data) is not None


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _forgiving(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        pass  # not a pure text of that charset: look whether it is UTF-8, else keep what can be read
    if codec == "iso2022_jp_ext":
        return _japanese_with_vendor_characters(data)
    text = _utf8(data)
    if text is not None:
        return text
    if codec == "cp1252":
        return data.decode("latin-1").translate(_windows_1252())
    return data.decode(codec, "replace")


_KANJI = re.compile(rb"\x1b\$[@B]([^\x1b]*)(?:\x1b\([BJ])?")


def _japanese_with_vendor_characters(data: bytes) -> str:
    """ISO-2022-JP with the vendors' extra characters (circled digits and the like), which only Shift JIS knows."""
    return _KANJI.sub(lambda found: _shift_jis(found[1]), data).decode("cp932", "replace")


def _shift_jis(pairs: bytes) -> bytes:
    out = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            out += bytes((row, cell))
            continue
        out.append((row + 1) // 2 + (0x70 if row < 0x5F else 0xB0))
        out.append(cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E)
    return bytes(out)


@cache
def _windows_1252() -> dict[int, str]:
    """What windows-1252 has between 0x80 and 0x9F; its five holes stay as they are."""
    holes = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
    return {byte: bytes((byte,)).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in holes}


def _guessed(data: bytes, *, prefer_utf8: bool) -> str:
    text = data.decode("utf-8", "replace")
    wide = sum(1 for byte in data if byte >= 0x80)
    broken = text.count("\ufffd")
    if broken * 10 <= wide or (prefer_utf8 and broken * 4 <= wide):
        return text
    return _forgiving(data, guess(data))


def guess(data: bytes) -> str:
    """The most likely codec of bytes that are not UTF-8."""
    if known := cyrillic.best_codec(data) or _short_cyrillic(data):
        return known
    import chardet  # costs start-up time that most mails never need

    interesting = b"\n".join(line for line in data[: 10 * GUESS_BYTES].split(b"\n") if not line.isascii())[:GUESS_BYTES]
    found = chardet.detect(interesting).get("encoding") or ""
    return codec_for(str(found)) or "cp1252"


def _short_cyrillic(data: bytes) -> str:
    """The Cyrillic codec of a few words, too few for statistics, or `""`: capitals are rarer than small letters."""
    high = [byte for byte in data[:GUESS_BYTES] if byte >= 0x80]
    letters = [byte for byte in high if byte >= 0xC0]
    plain = sum(1 for byte in data[:GUESS_BYTES] if chr(byte).isascii() and chr(byte).isalpha())
    if len(high) > SHORT_BYTES or len(letters) < 3 or len(letters) * 10 < len(high) * 9 or plain > len(letters):
        return ""
    return "cp1251" if sum(1 for byte in letters if byte >= 0xE0) * 2 >= len(letters) else "koi8-r"


def decode_words(value: str) -> str:
    """A header value with its encoded words (RFC 2047) decoded.

    Neighbouring words of one charset are decoded together, since many programs cut inside a character.
    """
    if "=?" not in value:
        return value
    value = _UNFINISHED_WORD.sub(r"\1?=", _BETWEEN_WORDS.sub(r"\1", value))
    out: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        data = _word_bytes(word[2], word[3])
        joined = word.start() == end and pending
        if not (joined and word[1].lower() == charset.lower()):
            if pending:
                out.append(decode(pending, charset))
                pending = b""
            out.append(value[end : word.start()])
        pending, charset, end = pending + data, word[1], word.end()
    if pending:
        out.append(decode(pending, charset))
    out.append(value[end:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return decode_base64(raw)
    return _HEX.sub(lambda found: bytes((int(found[1], 16),)), raw.replace(b"_", b" "))


_WORDS_BELOW = re.compile(
    rb"=[ \t]{0,20}(?:\r?\n[ \t]{0,20}){1,9}(?:[-_*=]{3,80}\r?\n|[^\s=]{1,80}[ \t][^\r\n]{0,80}[ \t.:,])"
)
_NOT_BASE64 = bytes(
    byte for byte in range(256) if not (chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "+/="))
)


def decode_base64(data: bytes) -> bytes:
    """Base64 (RFC 4648) with foreign characters, missing padding and several padded pieces in a row forgiven.

    What lists write in plain words below the padding is no part of it.
    """
    if footer := _WORDS_BELOW.search(data):
        data = data[: footer.start() + 1]
    clean = data.translate(None, _NOT_BASE64)
    if b"=" in clean.rstrip(b"="):
        return b"".join(decode_base64(piece) for piece in clean.split(b"=") if piece)
    clean = clean.rstrip(b"=")
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
