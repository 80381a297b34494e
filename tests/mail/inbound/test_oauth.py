from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ghiseu.lib.sealing import seal, unseal
from ghiseu.mail.errors import LoginRefused, SignInAgain, Unreachable
from ghiseu.mail.inbound import oauth
from ghiseu.mail.inbound.fetch import fetch, pauses
from ghiseu.mail.inbound.oauth import Token, access_token
from ghiseu.mail.mailboxes import try_out
from ghiseu.mail.models import InboundMail, Mailbox, OAuthAccess
from tests.factories import make_mailbox, make_queue
from tests.mail.inbound import imap_stub, pop3_stub
from tests.mail.inbound.token_stub import Endpoint, answering
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    yield
    pauses.__init__()  # type: ignore[misc]  # the next test begins as a new process does


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with answering(Endpoint()) as endpoint:
        yield endpoint


def make(endpoint: str, settings: Settings, *, client_secret: str | None = None, **fields: Any) -> Mailbox:
    values: dict[str, Any] = {
        "protocol": Mailbox.Protocol.IMAP,
        "host": "127.0.0.1",
        "security": Mailbox.Security.PLAIN,
        "sign_in": Mailbox.SignIn.OAUTH2,
        "login": "support",
    }
    mailbox = make_mailbox(make_queue(), **(values | fields))
    OAuthAccess.objects.create(
        mailbox=mailbox,
        token_endpoint=endpoint,
        client_id="desk",
        client_secret=seal("quiet" if client_secret is None else client_secret, key=settings.SECRET_KEY),
        refresh_token=seal("refresh-0", key=settings.SECRET_KEY),
        scope="mail offline_access",
    )
    return mailbox


@pytest.fixture
def mailbox(endpoint: Endpoint, settings: Settings) -> Mailbox:
    return make(endpoint.url, settings)


def test_a_token_is_asked_for_as_the_standard_says_and_kept_sealed(
    mailbox: Mailbox, endpoint: Endpoint, settings: Settings
) -> None:
    assert access_token(mailbox) == Token("access-1", is_new=True)
    assert access_token(mailbox) == Token("access-1", is_new=False)

    assert endpoint.asked == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-0",
            "client_id": "desk",
            "client_secret": "quiet",
            "scope": "mail offline_access",
        }
    ]
    row = OAuthAccess.objects.get()
    assert "access-1" not in row.access_token
    assert unseal(row.access_token, key=settings.SECRET_KEY) == "access-1"


def test_a_public_client_sends_no_secret(endpoint: Endpoint, settings: Settings) -> None:
    access_token(make(endpoint.url, settings, client_secret=""))

    assert "client_secret" not in endpoint.asked[0]


def test_shortly_before_its_end_a_token_is_replaced(mailbox: Mailbox, endpoint: Endpoint) -> None:
    access_token(mailbox)
    OAuthAccess.objects.update(expires_at=timezone.now() + oauth.SPARE + dt.timedelta(seconds=30))
    assert access_token(mailbox).value == "access-1"

    OAuthAccess.objects.update(expires_at=timezone.now() + oauth.SPARE - dt.timedelta(seconds=1))

    assert access_token(mailbox) == Token("access-2", is_new=True)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(None, 300), ("3600", 3600), (-5, 0), ("soon", 300), (10**30, 86_400), (1e400, 300), ([], 300)],
)
def test_how_long_a_token_lives_is_believed_within_bounds(
    mailbox: Mailbox, endpoint: Endpoint, told: Any, seconds: int
) -> None:
    answer = {"access_token": "short"} | ({} if told is None else {"expires_in": told})
    endpoint.answer = lambda _number: (200, answer)
    before = timezone.now()

    access_token(mailbox)

    expires_at = OAuthAccess.objects.get().expires_at
    assert expires_at is not None
    life = expires_at - before
    assert abs(life.total_seconds() - seconds) < 60


def test_a_refresh_token_that_is_changed_is_stored_and_used_next(
    mailbox: Mailbox, endpoint: Endpoint, settings: Settings
) -> None:
    endpoint.answer = lambda number: (200, {"access_token": f"a{number}", "refresh_token": f"refresh-{number}"})
    access_token(mailbox)
    oauth.forget_token(mailbox)
    access_token(mailbox)

    assert [form["refresh_token"] for form in endpoint.asked] == ["refresh-0", "refresh-1"]
    assert unseal(OAuthAccess.objects.get().refresh_token, key=settings.SECRET_KEY) == "refresh-2"


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, SignInAgain,
         "^Sign in again: 127.0.0.1 no longer accepts .*invalid_grant: Token has been revoked.*sign-in support"),
        (401, {"error": "invalid_client"}, SignInAgain, "invalid_client. Check the client id"),
        (400, {"error": "invalid_scope", "error_description": "x" * 9000}, SignInAgain, "Check the client id"),
        (503, b"<html>", Unreachable, "it answered HTTP 503"),
        (200, b"not json", Unreachable, "it answered HTTP 200"),
        (200, b"[" * 50_000, Unreachable, "it answered HTTP 200"),
        (200, {"error": "x"}, Unreachable, "it answered x"),
        (200, {"access_token": "a b\x01auth=Bearer c"}, Unreachable, "no bearer token"),
        (200, {"access_token": 7}, Unreachable, "no bearer token"),
        (200, {"access_token": "x", "token_type": "mac"}, Unreachable, "no bearer token"),
        (200, b"x" * 100_000, Unreachable, "cannot be reached .ValueError"),
        (302, b"", Unreachable, "sends us elsewhere, which is not followed"),
        (400, {"error": "refresh-0", "error_description": "for quiet"}, Unreachable, "…: for …"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_without_secrets(
    mailbox: Mailbox, endpoint: Endpoint, status: int, body: Any, kind: type[Unreachable], sentence: str
) -> None:
    endpoint.answer = lambda _number: (status, body)

    with pytest.raises(kind, match=sentence) as caught:
        access_token(mailbox)

    assert len(endpoint.asked) == 1
    assert "refresh-0" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_an_answer_that_drips_is_not_waited_for(
    mailbox: Mailbox, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "WHOLE_SECONDS", 0.3)
    endpoint.drips = threading.Event()
    endpoint.answer = lambda _number: (200, b"x" * 10_000)

    with pytest.raises(Unreachable, match="cannot be reached"):
        access_token(mailbox)
    endpoint.drips.set()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://192.0.2.1/token", "must be an https:// address"),
        ("ftp://127.0.0.1/token", "must be an https:// address"),
        ("https://127.0.0.1:1/token", "cannot be reached .Connection refused"),
        ("http://127.0.0.1:99999/token", "cannot be reached"),
    ],
)
def test_where_secrets_are_sent_to_is_looked_at(settings: Settings, url: str, sentence: str) -> None:
    with pytest.raises(Unreachable, match=sentence):
        access_token(make(url, settings))


def test_a_mailbox_without_any_access_says_so(settings: Settings, endpoint: Endpoint) -> None:
    mailbox = make(endpoint.url, settings)
    OAuthAccess.objects.all().delete()

    with pytest.raises(SignInAgain, match="nothing is stored to sign in with"):
        access_token(mailbox)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_at_a_time_spend_the_refresh_token_once(settings: Settings, endpoint: Endpoint) -> None:
    mailbox = make(endpoint.url, settings)
    taken: list[str] = []

    def ask() -> None:
        try:
            taken.append(access_token(mailbox).value)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken == ["access-1"] * 4
    assert len(endpoint.asked) == 1


def test_imap_is_signed_in_to_by_token(settings: Settings, endpoint: Endpoint) -> None:
    account = imap_stub.Account(tokens={"access-1"})
    account.put(mail_bytes())
    with imap_stub.serving(account) as port:
        mailbox = make(endpoint.url, settings, port=port)

        assert fetch(mailbox) == 1

    assert "token 'user=support\\x01auth=Bearer access-1\\x01\\x01'" in account.commands


def test_pop3_is_signed_in_to_by_token(settings: Settings, endpoint: Endpoint) -> None:
    drop = pop3_stub.Maildrop(tokens={"access-1"})
    drop.put(mail_bytes())
    with pop3_stub.serving(drop) as port:
        mailbox = make(endpoint.url, settings, port=port, protocol=Mailbox.Protocol.POP3)

        assert fetch(mailbox) == 1

    assert drop.commands[0] == "AUTH XOAUTH2"
    assert InboundMail.objects.get().channel == "pop3"


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_stored_token_that_is_refused_is_replaced_at_once(
    settings: Settings, endpoint: Endpoint, protocol: str
) -> None:
    with (
        imap_stub.serving(imap_stub.Account(tokens={"access-2"})) as imap_port,
        pop3_stub.serving(pop3_stub.Maildrop(tokens={"access-2"})) as pop3_port,
    ):
        port = imap_port if protocol == "imap" else pop3_port
        mailbox = make(endpoint.url, settings, port=port, protocol=protocol)
        assert access_token(mailbox).value == "access-1"

        assert try_out(mailbox).mails == 0


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_new_token_that_is_refused_needs_a_person(settings: Settings, endpoint: Endpoint, protocol: str) -> None:
    with imap_stub.serving(imap_stub.Account()) as imap_port, pop3_stub.serving(pop3_stub.Maildrop()) as pop3_port:
        port = imap_port if protocol == "imap" else pop3_port
        mailbox = make(endpoint.url, settings, port=port, protocol=protocol)

        with pytest.raises(LoginRefused, match=r"^Sign in again: 127.0.0.1:.* does not accept the access token"):
            try_out(mailbox)
        fetch(mailbox)

    mailbox.refresh_from_db()
    assert mailbox.last_error.endswith("Then run: ghiseu mailbox sign-in support")
    assert pauses._of[mailbox.pk].seconds == 300


def test_a_pause_ends_when_somebody_has_signed_in_again(settings: Settings, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _number: (400, {"error": "invalid_grant"})
    mailbox = make(endpoint.url, settings)
    fetch(mailbox)
    assert pauses.holds(mailbox)

    row = OAuthAccess.objects.get()
    row.delete()
    row.pk = None
    row.save()

    assert not pauses.holds(mailbox)
