"""What came from outside, as files: attachments, the original mail, the HTML of a message in its box.

None of it runs: downloads are downloads, the few types shown in the page are pictures, and every response carries a
policy of its own that allows nothing (promises B3, B4).
"""

from __future__ import annotations

import re

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.lib.html import clean_html, fold_quotes, with_remote_pictures
from ghiseu.lib.text import one_line
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, Attachment
from ghiseu.ui.render import private, render_page

# Pictures that every browser draws without running anything in them; SVG is not among them.
SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox"
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
# Types a browser might want to run or follow are sent as bytes without a meaning.
_ACTIVE = re.compile(r"html|xml|svg|script|pdf|flash|xul|wasm|calendar|mht|multipart|message|css", re.IGNORECASE)
# What could write a name backwards or leave the folder: format characters, separators, reserved signs.
_UNSAFE_IN_NAMES = re.compile('[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff/\\\\:*?"<>|\x00-\x1f\x7f]')
_CID = re.compile(r'(<img\b(?:[^>"]|"[^"]*")*? src=")cid:([^"]{1,300})(")')


@require_safe
def attachment(request: AgentRequest, attachment_id: int) -> HttpResponse:
    """A file as a download; with `?show` a harmless picture as a picture."""
    files = Attachment.objects.visible_to(request.user).select_related("blob")
    found = get_object_or_404(files, pk=attachment_id)
    shown = "show" in request.GET and found.content_type.lower() in SHOWN_TYPES
    return as_file(bytes_of(found.blob), found.filename, found.content_type, download=not shown)


@require_safe
def original(request: AgentRequest, article_id: int) -> HttpResponse:
    """The mail exactly as it came (promise M6)."""
    articles = Article.objects.visible_to(request.user).select_related("raw", "ticket")
    found = get_object_or_404(articles, pk=article_id)
    if found.raw is None:
        raise Http404
    return as_file(bytes_of(found.raw), f"{found.ticket.number}-{found.pk}.eml", "message/rfc822", download=True)


def as_file(content: bytes, filename: str, content_type: str, *, download: bool) -> HttpResponse:
    kind = content_type.lower()
    if not _CONTENT_TYPE.fullmatch(kind) or (_ACTIVE.search(kind) and kind not in SHOWN_TYPES):
        kind = "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(download, safe_filename(filename)) or "attachment"
    response["Content-Security-Policy"] = NOTHING
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Content-Length"] = str(len(content))
    return private(response)


def safe_filename(name: str) -> str:
    """The sender's wish as a name that stays in its folder and reads the way it is; never empty."""
    cleaned = _UNSAFE_IN_NAMES.sub("_", one_line(name)).strip(" .")[-150:]
    return cleaned or "file"


@require_safe
@xframe_options_sameorigin
def html_box(request: AgentRequest, article_id: int) -> HttpResponse:
    """The HTML of a message, cleaned, as a page of its own for the frame in the conversation.

    With `?pictures` this one view may fetch the sender's remote pictures; else nothing at all is fetched (promise N3).
    """
    articles = Article.objects.visible_to(request.user).exclude(html="").prefetch_related("attachments")
    found = get_object_or_404(articles, pk=article_id)
    with_pictures = "pictures" in request.GET
    # Cleaned when it came; cleaned again in case the rules grew stricter since (promise B2).
    html = fold_quotes(_with_own_pictures(clean_html(found.html), found), _("Quoted text"))
    if with_pictures:
        html = with_remote_pictures(html)
    response = render_page(request, "agent/ticket/html_box.html", {"html": html})
    response["Content-Security-Policy"] = _box_policy(request, with_pictures=with_pictures)
    response["Referrer-Policy"] = "no-referrer"
    response["Vary"] = "Cookie, Sec-Fetch-Dest, Sec-Fetch-Site"
    return response


def _box_policy(request: AgentRequest, *, with_pictures: bool) -> str:
    # The frame in our page may be measured by it, which needs our origin; nothing in it can run either way. Opened
    # by itself, or by a browser that does not say where it shows it, the message has no origin at all.
    framed = (
        request.headers.get("Sec-Fetch-Dest") == "iframe" and request.headers.get("Sec-Fetch-Site") == "same-origin"
    )
    pictures = "'self' data: https: http:" if with_pictures else "'self' data:"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
        f"{' allow-same-origin' if framed else ''}"
    )


def _with_own_pictures(html: str, article: Article) -> str:
    """Pictures that came with the mail (`cid:`, RFC 2392) from our own address; others stay empty."""
    ids = {f.content_id: f.pk for f in article.attachments.all() if f.content_id and f.content_type in SHOWN_TYPES}
    if not ids:
        return html

    def own(match: re.Match[str]) -> str:
        pk = ids.get(match[2])
        return f"{match[1]}/attachments/{pk}/?show{match[3]}" if pk else match[0]

    return _CID.sub(own, html)
