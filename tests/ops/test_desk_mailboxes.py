from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from ghiseu.lib.sealing import unseal
from ghiseu.mail.models import Mailbox, OAuthAccess
from ghiseu.ops.desk import Doubt, OAuth, Source, WrongInput, add_mailbox, find_mailbox, sign_in_again
from tests.factories import make_queue

pytestmark = pytest.mark.django_db
GOOGLE = OAuth("https://oauth2.example/token", "desk", "quiet", "refresh-0", "mail")


def source(**fields: Any) -> Source:
    values: dict[str, Any] = {
        "protocol": "imap",
        "host": "imap.example.com",
        "port": 993,
        "login": "support",
        "security": "tls",
        "folders": ("INBOX",),
        "password": "window-42",
    }
    return Source(**(values | fields))


def add(given: Source | None) -> Mailbox:
    make_queue()
    return add_mailbox(name="support", address="Support@Desk.example", queue="Support", source=given)


def test_a_mailbox_without_a_server_is_not_fetched() -> None:
    mailbox = add(None)

    assert (mailbox.address, mailbox.is_fetched) == ("support@desk.example", False)


def test_who_is_asked_for_the_truth_of_a_sender_is_said_when_it_is_added() -> None:
    assert (add(None).trusted_server, add_checked().checks_signatures) == ("", True)
    assert Mailbox.objects.get(name="abuse").trusted_server == "mx.desk.example"


def add_checked() -> Mailbox:
    doubt = Doubt("mx.desk.example", checks_signatures=True)
    return add_mailbox(name="abuse", address="abuse@desk.example", queue="Support", source=None, doubt=doubt)


@pytest.mark.parametrize(
    ("fields", "afterwards"),
    [({}, "delete"), ({"move_to": "Done"}, "move"), ({"leave": True}, "flag"), ({"protocol": "pop3"}, "delete")],
)
def test_what_becomes_of_fetched_mail_is_said_when_it_is_added(
    fields: dict[str, Any], afterwards: str, settings: Settings
) -> None:
    mailbox = add(source(**fields))

    assert mailbox.afterwards == afterwards
    assert "window-42" not in mailbox.password
    assert unseal(mailbox.password, key=settings.SECRET_KEY) == "window-42"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"move_to": "Done", "leave": True}, "either moved or left"),
        ({"move_to": "inbox"}, "move to folder: Mail is taken from this folder"),
        ({"protocol": "pop3", "leave": True}, "mail_mailbox_pop3_deletes"),
        ({"host": ""}, "mail_mailbox_fetched_has_host"),
        ({"folders": ()}, "folders: "),
        ({"port": -1}, "port: "),
        ({"oauth": OAuth("no address", "desk", "", "refresh-0", "")}, "token endpoint: "),
        ({"oauth": OAuth("https://oauth2.example/token", "", "", "refresh-0", "")}, "client id: "),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left_behind(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongInput, match=sentence):
        add(source(**fields))

    assert (Mailbox.objects.count(), OAuthAccess.objects.count()) == (0, 0)


def test_a_new_password_takes_the_place_of_the_old_one(settings: Settings) -> None:
    add(source())

    sign_in_again(find_mailbox("support"), "new-words")

    assert unseal(Mailbox.objects.get().password, key=settings.SECRET_KEY) == "new-words"


def test_a_new_refresh_token_takes_the_place_of_everything_old(settings: Settings) -> None:
    mailbox = add(source(password="", oauth=GOOGLE))
    before = OAuthAccess.objects.get()
    OAuthAccess.objects.update(access_token="stale")

    sign_in_again(mailbox, "refresh-1")

    after = OAuthAccess.objects.get()
    assert (mailbox.sign_in, after.client_id, after.access_token, after.scope) == ("oauth2", "desk", "", "mail")
    assert unseal(after.refresh_token, key=settings.SECRET_KEY) == "refresh-1"
    assert unseal(after.client_secret, key=settings.SECRET_KEY) == "quiet"
    assert after.pk != before.pk  # a pause after refused sign-ins ends by it


def test_a_mailbox_that_is_not_fetched_needs_no_sign_in() -> None:
    with pytest.raises(WrongInput, match="is not fetched from a server"):
        sign_in_again(add(None), "secret")
    with pytest.raises(WrongInput, match="There is no mailbox 'other'"):
        find_mailbox("other")
