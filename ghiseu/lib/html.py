"""HTML from strangers: cleaned by allow-list to a fixed point, turned into text, prepared for display.

Cleaning happens on a parsed tree (html5ever, by nh3); what follows it only touches markup that it wrote itself.
What it gets was parsed and written once before (libxml2, see `page_tree`), because html5ever alone needs time that
grows with the square of the nesting depth. A remote picture keeps its address in `data-remote-src`, so that nothing is
fetched before somebody asks for it.
"""

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ghiseu.lib.html_text import page_text, well_formed
from ghiseu.lib.text import storable

if TYPE_CHECKING:
    import nh3

MAX_DATA_IMAGE_CHARACTERS = 200_000
MAX_PASSES = 6

# Stands for `&amp;` while html5ever works, which takes quadratic time over many of them; `storable` lets none in.
_AMPERSAND = "\ufdd0"

_TAGS = set(
    """
    a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details
    dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p
    pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr
    tt u ul var wbr
    """.split()  # noqa: SIM905 - a list of words reads better than a hundred lines
)
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "iframe",
    "noembed",
    "noframes",
    "xmp",
    "object",
    "applet",
}
_SIZES = {"width", "height", "align", "valign", "bgcolor"}
_ATTRIBUTES = {
    "*": {"style", "title", "dir", "lang"},
    "a": {"href"},
    "blockquote": {"type"},
    "font": {"color", "face", "size"},
    "img": {"src", "data-remote-src", "alt", "width", "height", "align", "border"},
    "table": _SIZES | {"border", "cellpadding", "cellspacing"},
    "tr": _SIZES,
    "td": _SIZES | {"colspan", "rowspan", "nowrap"},
    "th": _SIZES | {"colspan", "rowspan", "nowrap"},
    "col": _SIZES | {"span"},
    "colgroup": _SIZES | {"span"},
    "tbody": _SIZES,
    "thead": _SIZES,
    "tfoot": _SIZES,
    "div": {"align"},
    "p": {"align"},
    "h1": {"align"},
    "h2": {"align"},
    "h3": {"align"},
    "h4": {"align"},
    "hr": {"align", "size", "width", "noshade"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value", "type"},
}
_STYLE_PROPERTIES = set(
    """
    background background-color border border-bottom border-collapse border-color border-left border-radius
    border-right border-spacing border-style border-top border-width caption-side color direction display
    empty-cells float clear font font-family font-size font-style font-variant font-weight height letter-spacing
    line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width
    min-height min-width overflow-wrap padding padding-bottom padding-left padding-right padding-top table-layout
    text-align text-decoration text-indent text-transform vertical-align white-space width word-break word-spacing
    word-wrap
    """.split()  # noqa: SIM905 - a list of words reads better than a hundred lines
)
# A value is a few plain words: no function but colours, no escape, no comment, nothing that could name an address.
_STYLE_VALUE = re.compile(r"(?:[\w\s#%.,'\"+-]|(?:rgba?|hsla?)\([\d\s,.%/-]{1,60}\)){1,300}", re.IGNORECASE | re.ASCII)
_LINK_SCHEMES = {"http", "https", "mailto", "tel", "ftp", "cid", "data"}
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpeg|jpg|webp);base64,[A-Za-z0-9+/=\s]*\Z", re.IGNORECASE)
_HREF = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_SPACES = re.compile(r"[\s\x00-\x1f]+")
_HTTP = re.compile(r"https?://", re.IGNORECASE)

# Markup as nh3 writes it: `<` stands only where a tag begins, attribute values are in double quotes.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>')
_WRITTEN_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')


def clean_html(html: str) -> str:
    """The same page with only harmless elements, attributes and styles; cleaning the result changes nothing.

    Scripts, style sheets, forms, frames, identifiers and classes go; the readable text stays. Pictures keep `cid:` and
    small `data:` addresses; remote ones move to `data-remote-src`.
    """
    cleaned = _clean_once(html)
    for _ in range(MAX_PASSES):
        again = None if cleaned is None else _clean_once(cleaned)
        if again == cleaned:
            break
        cleaned = again
    else:
        cleaned = None
    return text_to_html(html_to_text(html)) if cleaned is None else cleaned


def _clean_once(html: str) -> str | None:
    """One pass, or None for a page that is nested too deeply to be shown as anything but text."""
    written = well_formed(html)
    if written is None:
        return None
    cleaned = _cleaner().clean(written.replace("&amp;", _AMPERSAND)).replace(_AMPERSAND, "&amp;")
    return _hold_pictures_back(cleaned)


@cache
def _cleaner() -> "nh3.Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        url_schemes=_LINK_SCHEMES,
    )


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _harmless_style(value)
    if name == "href":
        return value if _HREF.match(value.strip()) else None
    if name == "src":
        return _harmless_source(value)
    if name == "data-remote-src":
        return value if _HTTP.match(value) else None
    return value


def _harmless_source(value: str) -> str | None:
    value = value.strip()
    if value[:4].lower() == "cid:":
        return "cid:" + _SPACES.sub("", unquote(value[4:]))  # RFC 2392: percent signs, where Content-ID has none
    if _HTTP.match(value):
        return value
    if value.startswith("//"):
        return "https:" + value
    if len(value) <= MAX_DATA_IMAGE_CHARACTERS and _DATA_IMAGE.match(value):
        return value
    return None


def _harmless_style(style: str) -> str | None:
    kept = []
    for declaration in style[:5_000].split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in _STYLE_PROPERTIES and _STYLE_VALUE.fullmatch(value) and _may_style(name, value.lower()):
            kept.append(f"{name}:{value}")
    return ";".join(kept) or None


def _may_style(name: str, value: str) -> bool:
    if name == "display":
        return value.split("!", maxsplit=1)[0].strip() in (
            "none",
            "block",
            "inline",
            "inline-block",
            "table",
            "table-row",
            "table-cell",
        )
    return not (name.startswith("margin") and "-" in value)


def _hold_pictures_back(cleaned: str) -> str:
    if "<img" not in cleaned:
        return cleaned
    return _TAG.sub(_without_remote_source, cleaned)


def _without_remote_source(tag: re.Match[str]) -> str:
    if tag[2] != "img" or ' src="' not in tag[3]:
        return tag[0]
    attributes = dict(_WRITTEN_ATTRIBUTE.findall(tag[3]))
    if not _REMOTE.match(attributes.get("src", "")):
        return tag[0]
    attributes["data-remote-src"] = attributes.pop("src")
    return _written("img", attributes)


def _written(tag: str, attributes: dict[str, str]) -> str:
    return f"<{tag}" + "".join(f' {name}="{value}"' for name, value in attributes.items()) + ">"


def with_remote_pictures(cleaned: str) -> str:
    """Cleaned HTML with its remote pictures put back (http and https only): for the moment somebody asks for them."""
    return _TAG.sub(_with_remote_source, cleaned)


def _with_remote_source(tag: re.Match[str]) -> str:
    if tag[2] != "img" or "data-remote-src" not in tag[3]:
        return tag[0]
    attributes = dict(_WRITTEN_ATTRIBUTE.findall(tag[3]))
    remote = attributes.pop("data-remote-src", "")
    if _HTTP.match(remote):
        attributes["src"] = remote
    return _written("img", attributes)


def fold_quotes(cleaned: str, summary: str) -> str:
    """Cleaned HTML with each outermost quotation folded under a line that says `summary` (plain text)."""
    depth, out, position = 0, [], 0
    for tag in _TAG.finditer(cleaned):
        if tag[2] != "blockquote":
            continue
        if tag[1]:
            depth -= 1
            if depth == 0:
                out += [cleaned[position : tag.end()], "</details>"]
                position = tag.end()
        else:
            if depth == 0:
                out += [cleaned[position : tag.start()], f"<details><summary>{escape(summary)}</summary>"]
                position = tag.start()
            depth += 1
    return "".join(out) + cleaned[position:]


def text_to_html(text: str) -> str:
    """Plain text as harmless HTML that keeps its lines; cleaning it changes nothing."""
    escaped = escape(storable(text), quote=False).replace("\xa0", "&nbsp;").replace("\n", "<br>")
    return f"<p>{escaped}</p>" if escaped else ""


def html_to_text(html: str) -> str:
    """What a reader sees of a page: lines for blocks, `> ` before quotations, links after their words."""
    return page_text(html)
