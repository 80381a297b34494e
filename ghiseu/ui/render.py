"""Pages and fragments of pages: a fragment is a block of the very template that draws the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from django.utils.functional import SimpleLazyObject
from jinja2_fragments import render_blocks
from markupsafe import Markup

Context = Mapping[str, Any]


def render_page(request: HttpRequest, template: str, context: Context, *, status: int = 200) -> HttpResponse:
    return private(render(request, template, dict(context), status=status))


def render_fragment(
    request: HttpRequest, template: str, blocks: Sequence[str], context: Context, *, status: int = 200
) -> HttpResponse:
    """These blocks of the page one after the other, with everything the whole page would know."""
    engine: Any = engines["jinja2"]
    known = dict(context) | {
        "request": request,
        "csrf_input": csrf_input_lazy(request),
        "csrf_token": csrf_token_lazy(request),
    }
    for processor in engine.template_context_processors:
        known.update(processor(request))
    return private(HttpResponse(render_blocks(engine.env, template, blocks, known), status=status))


def one_token(request: HttpRequest) -> dict[str, Any]:
    """The hidden field of forms, made once for a page however many forms it has, and only where there is one."""
    return {"csrf_input": SimpleLazyObject(lambda: Markup(str(csrf_input_lazy(request))))}  # noqa: S704  # Django's own


def private(response: HttpResponse) -> HttpResponse:
    """What an agent sees is kept by no cache: after signing out, "back" shows nothing."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Vary", "Cookie, HX-Request")
    return response
