"""Files and HTML of strangers: they are shown or handed out, and nothing of them runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from ghiseu.agent.ticket.files import safe_filename
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.models import Article
from tests.agent.test_routes import signed_in
from tests.agent.world import HTML, PNG, RAW, Desk
from tests.factories import make_article

IN_OUR_PAGE = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


def article_with(desk: Desk, *files: NewFile, **fields: Any) -> Article:
    return make_article(desk.support, files=files, **fields)


def test_a_file_is_a_download_of_our_making(desk: Desk, client: Client) -> None:
    file = article_with(desk, NewFile("Șef.txt", "text/plain", b"text")).attachments.get()

    answer = client.get(f"/attachments/{file.pk}/?show")

    assert answer.content == b"text"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''%C8%98ef.txt"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "claimed",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "message/rfc822",
     "text/html; charset=utf-7", "image/png\r\nSet-Cookie: a=b", "nonsense", ""],
)  # fmt: skip
def test_what_a_browser_could_run_is_bytes_without_a_meaning(desk: Desk, client: Client, claimed: str) -> None:
    file = article_with(desk, NewFile("x", claimed, b"<script>alert(1)</script>")).attachments.get()

    for address in (f"/attachments/{file.pk}/", f"/attachments/{file.pk}/?show"):
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_harmless_picture_may_be_shown(desk: Desk, client: Client) -> None:
    answer = client.get(f"/attachments/{desk.picture.pk}/?show")

    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Windows\\run.exe", "C__Windows_run.exe"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ('a"b\r\nX-Header: 1', "a_b X-Header_ 1"),
        (" ... ", "file"),
        ("", "file"),
        ("\x00\x1b[31m.txt", "[31m.txt"),
        ("a" * 300 + ".pdf", "a" * 146 + ".pdf"),
    ],
)
def test_hostile_file_names(wish: str, name: str) -> None:
    assert safe_filename(wish) == name


def test_the_original_mail_is_given_unchanged(desk: Desk, client: Client) -> None:
    answer = client.get(f"/articles/{desk.article.pk}/original/")

    assert answer.content == RAW
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{desk.ticket.number}-{desk.article.pk}.eml"'
    )


def test_an_article_without_a_mail_has_no_original(desk: Desk, client: Client) -> None:
    article = make_article(desk.support)
    assert client.get(f"/articles/{article.pk}/original/").status_code == 404
    assert client.get(f"/articles/{article.pk}/html/").status_code == 404


def test_the_box_of_a_message_fetches_nothing_until_asked(desk: Desk, client: Client) -> None:
    answer = client.get(f"/articles/{desk.article.pk}/html/", headers=IN_OUR_PAGE)
    shown = answer.content.decode()

    assert "<b>site</b>" in shown
    assert f'src="/attachments/{desk.picture.pk}/?show"' in shown
    assert ' src="https://far.example' not in shown
    assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_remote_pictures_come_when_they_are_asked_for_and_only_then(desk: Desk, client: Client) -> None:
    answer = client.get(f"/articles/{desk.article.pk}/html/?pictures", headers=IN_OUR_PAGE)

    assert 'src="https://far.example/p.png"' in answer.content.decode()
    assert "img-src 'self' data: https: http:;" in answer.headers["Content-Security-Policy"]
    assert "far.example/p.png" not in client.get(f"/tickets/{desk.ticket.number}/").content.decode()


def test_no_box_may_run_anything_and_alone_it_has_no_origin(desk: Desk, client: Client) -> None:
    framed = client.get(f"/articles/{desk.article.pk}/html/", headers=IN_OUR_PAGE).headers["Content-Security-Policy"]
    alone = client.get(f"/articles/{desk.article.pk}/html/").headers["Content-Security-Policy"]

    assert "sandbox allow-popups" in framed
    assert "sandbox allow-popups" in alone
    for policy in (framed, alone):
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
        assert "allow-forms" not in policy
    assert "allow-same-origin" not in alone


def test_stored_html_is_cleaned_again_on_its_way_out(desk: Desk, client: Client) -> None:
    hostile = (
        '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a><form><input></form>'
    )
    Article.objects.filter(pk=desk.article.pk).update(html=HTML + hostile)

    shown = client.get(f"/articles/{desk.article.pk}/html/").content.decode()

    for trace in ("alert(1)", "onerror", "javascript:", "<form", "<input"):
        assert trace not in shown


def test_nothing_a_stranger_wrote_becomes_markup_of_ours(desk: Desk, client: Client) -> None:
    hostile = '"><script>alert(1)</script>'
    file = NewFile(hostile, hostile, b"x")
    article = article_with(
        desk, file, subject=hostile, text=hostile, from_name=hostile, from_address=hostile,
        to=[{"name": hostile, "address": hostile}],
    )  # fmt: skip

    for address in (f"/tickets/{article.ticket.number}/?write=all", "/", f"/customers/{article.customer_id}/"):
        assert "<script>alert" not in client.get(address).content.decode()
