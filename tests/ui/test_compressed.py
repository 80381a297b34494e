"""Pages as they travel."""

from __future__ import annotations

import gzip

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from ghiseu.ui.compressed import FEWEST_BYTES, Compressed, codings_in

TEXT = "Bună ziua, domeniul meu nu mai răspunde. " * 100


def answer(accepted: str, response: HttpResponseBase) -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepted} if accepted else {})
    return Compressed(lambda _request: response)(request)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("br;q=0", ""),
        ("identity", ""),
        ("", ""),
        ("gzip;q=x", ""),
        ("," * 5000, ""),
    ],
)
def test_a_page_travels_as_the_browser_likes_it_best(accepted: str, coding: str) -> None:
    response = answer(accepted, HttpResponse(TEXT))

    assert response.headers.get("Content-Encoding", "") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    read = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert read(response.content).decode() == TEXT
    if coding:
        assert len(response.content) < len(TEXT) / 10
        assert response.headers["Content-Length"] == str(len(response.content))


def test_what_is_short_no_text_or_compressed_already_travels_as_it_is() -> None:
    for response in (
        HttpResponse("x" * (FEWEST_BYTES - 1)),
        HttpResponse(TEXT, content_type="image/png"),
        HttpResponse(TEXT, headers={"Content-Encoding": "br"}),
    ):
        before = response.content
        assert answer("br, gzip", response).content == before
        assert "X-Blur" not in response.headers


def test_a_file_flows_as_it_is() -> None:
    response = FileResponse([TEXT.encode()], content_type="text/plain")

    assert b"".join(answer("br", response)) == TEXT.encode()
    assert "Content-Encoding" not in response.headers


def test_the_length_tells_less_than_what_it_measures() -> None:
    lengths = {len(answer("br", HttpResponse(TEXT)).headers["X-Blur"]) for _time in range(60)}

    assert len(lengths) > 20


def test_unknown_words_are_taken_for_what_they_are() -> None:
    assert codings_in("*;q=0.1, br ;q=1.0,gzip") == {"*", "br", "gzip"}
