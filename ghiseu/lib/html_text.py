"""A page as plain text, written from a parsed tree (lxml) without recursion."""

import re
from html import unescape
from typing import Any

from ghiseu.lib.text import storable, tidy

MAX_CHARACTERS = 1_000_000  # of a page; pictures written into it are left out before
MAX_TAGS = 100_000  # of a page; the longest honest ones have a fifth of it
MAX_QUOTE_DEPTH = 20
MAX_LINK_CHARACTERS = 500

_DROPPED = {
    "script",
    "style",
    "head",
    "title",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
    "xmp",
    "meta",
    "link",
    "base",
}
_LINES = {
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "center",
    "tr",
    "li",
    "dt",
    "dd",
    "address",
    "form",
    "caption",
    "figcaption",
    "fieldset",
    "body",
    "html",
    "tbody",
    "thead",
    "tfoot",
    "option",
    "summary",
    "details",
}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "figure"}
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_LONG_DATA = re.compile(r"data:[a-z0-9/+.;=-]{0,100},[A-Za-z0-9+/=\s%]{200000,}")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_RULE = "_" * 32


class _Writer:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.newlines = 2  # how many line ends stand at the end of what is written
        self.blank = False  # a blank is due before the next word
        self.quotes = 0
        self.pre = 0

    def lines(self, count: int) -> None:
        while self.newlines < count:
            self.out.append("\n")
            self.newlines += 1
        self.blank = False

    def line_break(self) -> None:
        if self.newlines and self.quotes:
            self.out.append("> " * self.quotes)
        self.out.append("\n")
        self.newlines += 1
        self.blank = False

    def words(self, text: str) -> None:
        if self.pre:
            for index, line in enumerate(text.replace("\r\n", "\n").split("\n")):
                if index:
                    self.line_break()
                self._put(line)
            return
        collapsed = _BLANKS.sub(" ", text)
        stripped = collapsed.strip(" ")
        if not stripped:
            self.blank = self.blank or bool(collapsed)
            return
        if (collapsed[0] == " " or self.blank) and not self.newlines:
            self.out.append(" ")
        self.blank = False
        self._put(stripped)
        self.blank = collapsed[-1] == " "

    def _put(self, text: str) -> None:
        if not text:
            return
        if self.newlines and self.quotes:
            self.out.append("> " * self.quotes)
        self.out.append(text)
        self.newlines = 0


def page_text(html: str) -> str:
    """The readable text of an HTML page or fragment; `""` if there is none."""
    root, complete = page_tree(html)
    if not complete:
        lines = unescape(_ANY_TAG.sub("\n", storable(html[:MAX_CHARACTERS]))).split("\n")
        return tidy("\n".join(line.rstrip() for line in lines if line.strip()))
    if root is None:
        return ""
    writer = _Writer()
    links: list[tuple[Any, int]] = []
    node, entering = root, True
    while True:
        if entering:
            if isinstance(node.tag, str) and node.tag not in _DROPPED:
                _open(writer, node, links)
                if len(node):
                    node = node[0]
                    continue
                _close(writer, node, links)
        else:
            _close(writer, node, links)
        if node is root:
            break
        if node.tail:
            writer.words(node.tail)
        following = node.getnext()
        entering = following is not None
        node = following if entering else node.getparent()
    return tidy(storable("".join(writer.out)).replace("\xa0", " "))


def well_formed(html: str) -> str | None:
    """The page written anew with every element closed; None if its nesting is deeper than a reader needs."""
    root, complete = page_tree(html)
    if root is None:
        return "" if complete else None
    from lxml import etree

    return str(etree.tostring(root, encoding="unicode", method="html"))


def page_tree(html: str) -> tuple[Any, bool]:
    """The root of the parsed page (None if it is empty), and whether it was parsed to its end.

    The parser is linear and stops at 256 levels of nesting, which only hostile pages and endless threads reach. A page
    of more tags than anybody writes is not parsed.
    """
    from lxml import etree

    html = _LONG_DATA.sub("data:,", storable(html))[:MAX_CHARACTERS]
    if not html.strip():
        return None, True
    if html.count("<") > MAX_TAGS:
        return None, False
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        root = None
    complete = not any("depth" in entry.message for entry in parser.error_log)
    return (root if complete else None), complete


def _open(writer: _Writer, node: Any, links: list[tuple[Any, int]]) -> None:
    tag = node.tag
    if tag == "br":
        writer.line_break()
    elif tag == "hr":
        writer.lines(1)
        writer.words(_RULE)
        writer.lines(1)
    elif tag in _PARAGRAPHS:
        writer.lines(2)
    elif tag in _LINES:
        writer.lines(1)
    elif tag in ("td", "th"):
        writer.blank = True
    if tag == "blockquote" and writer.quotes < MAX_QUOTE_DEPTH:
        writer.quotes += 1
    elif tag == "pre":
        writer.pre += 1
    elif tag == "li":
        parent = node.getparent()
        writer.words("- " if parent is None or parent.tag != "ol" else f"{parent.index(node) + 1}. ")
    elif tag == "a":
        links.append((node, len(writer.out)))
    if node.text:
        writer.words(node.text)


def _close(writer: _Writer, node: Any, links: list[tuple[Any, int]]) -> None:
    tag = node.tag
    if tag == "a" and links and links[-1][0] is node:
        _, start = links.pop()
        _write_target(writer, node.get("href") or "", "".join(writer.out[start:]))
    if tag == "pre":
        writer.pre -= 1
    if tag in _PARAGRAPHS:
        writer.lines(2)
    elif tag in _LINES:
        writer.lines(1)
    if tag == "blockquote" and writer.quotes:
        writer.quotes -= 1


def _write_target(writer: _Writer, target: str, words: str) -> None:
    """The address of a link after its words, where the words are not the address themselves."""
    target = target.strip()
    if not target.lower().startswith(("http://", "https://")) or len(target) > MAX_LINK_CHARACTERS or not words.strip():
        return
    bare = re.sub(r"^https?://(?:www\.)?|/$", "", target.lower())
    if bare not in words.lower():
        writer.words(f" <{target}>")
