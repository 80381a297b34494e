"""Setting mailboxes up on the page: tried out first, no secret shown or sent elsewhere, deleted only when unused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from structlog.testing import capture_logs

from ghiseu.lib.sealing import seal, unseal
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound.connection import refuse_inside
from ghiseu.mail.inbound.fetch import fetch
from ghiseu.mail.inbound.lmtp import mailbox_for
from ghiseu.mail.mailboxes import try_out
from ghiseu.mail.models import Filter, InboundMail, Mailbox, OAuthAccess
from ghiseu.mail.network import has_public_peer, is_public
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.mail.inbound.imap_stub import Account, serving
from tests.mail.inbound.token_stub import Endpoint, answering
from tests.mail.mails import mail_bytes

ADD = "/administration/mailboxes/new/"


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.boss)


@pytest.fixture
def account(desk: Desk, settings: Settings) -> Iterator[Account]:
    """The server of the mailbox that who runs the machine has set up."""
    account = Account()
    with serving(account) as port:
        password = seal("window-42", key=settings.SECRET_KEY)
        Mailbox.objects.filter(pk=desk.mailbox.pk).update(port=port, login="support", password=password)
        desk.mailbox.refresh_from_db()
        yield account


def form(desk: Desk, **fields: object) -> dict[str, object]:
    box = desk.mailbox
    values: dict[str, object] = {
        "name": "sales",
        "address": "Sales@desk.example",
        "queue": desk.support.pk,
        "protocol": "imap",
        "host": box.host,
        "port": box.port,
        "security": "plain",
        "login": "support",
        "sign_in_by": "password",
        "password": "window-42",
        "afterwards": "delete",
        "folders": "INBOX",
    }
    return values | fields


def post(client: Client, address: str, values: dict[str, object]) -> HttpResponse:
    answer = client.post(address, values)
    assert isinstance(answer, HttpResponse)
    return answer


def change(desk: Desk) -> str:
    return f"/administration/mailboxes/{desk.mailbox.pk}/"


def same(desk: Desk, **fields: object) -> dict[str, object]:
    return form(desk, name="info", address="info@desk.example", password="") | fields


def test_a_mailbox_is_tried_out_and_then_kept(desk: Desk, client: Client, account: Account, settings: Settings) -> None:
    account.put(mail_bytes())

    answer = client.post(ADD, form(desk, trusted_server="mx.desk.example", checks_signatures="on"), follow=True)

    box = Mailbox.objects.get(name="sales")
    shown = answer.content.decode()
    assert "sales: the connection works; 1 mail waits there." in shown
    assert (box.address, box.queue, box.host, box.login) == ("sales@desk.example", desk.support, "127.0.0.1", "support")
    assert (box.trusted_server, box.checks_signatures, box.folders) == ("mx.desk.example", True, ["INBOX"])
    assert unseal(box.password, key=settings.SECRET_KEY) == "window-42"
    assert (account.changing(), len(account.raws())) == ([], 1)
    assert fetch(box) == 1


def test_what_does_not_work_is_not_kept_and_the_servers_words_are_shown(
    desk: Desk, client: Client, account: Account
) -> None:
    refused = post(client, ADD, form(desk, password="wrong-password"))

    shown = refused.content.decode()
    assert (refused.status_code, Mailbox.objects.filter(name="sales").exists()) == (422, False)
    assert "Nothing was kept: " in shown
    assert "lets support not in" in shown
    assert "Sales@desk.example" in shown
    assert "wrong-password" not in shown


def test_a_mailbox_can_be_kept_without_trying(desk: Desk, client: Client) -> None:
    post(client, ADD, form(desk, then="untried", port="", security="tls", host="imap.example.com"))

    box = Mailbox.objects.get(name="sales")
    assert (box.port, box.security, box.may_be_inside) == (993, "tls", False)


def test_a_mailbox_whose_mail_is_handed_over_needs_no_server(desk: Desk, client: Client) -> None:
    values = form(desk, protocol="none", host="", port="", password="", login="")

    assert post(client, ADD, values).status_code == 302
    box = Mailbox.objects.get(name="sales")
    assert (box.is_fetched, box.password) == (False, "")


def test_no_password_is_ever_shown(desk: Desk, client: Client, account: Account) -> None:
    page = client.get(change(desk)).content.decode()

    assert "the stored one stays" in page
    assert "window-42" not in page
    assert desk.mailbox.password not in page
    with capture_logs() as logs:
        post(client, change(desk), same(desk, password="window-42"))
    assert [line["event"] for line in logs] == ["mailbox_changed"]
    assert "window-42" not in str(logs)


def test_a_stored_password_stays_where_none_is_typed(desk: Desk, client: Client, account: Account) -> None:
    before = desk.mailbox.password

    assert post(client, change(desk), same(desk, name="hello", fetch_every_seconds="60")).status_code == 302

    desk.mailbox.refresh_from_db()
    assert (desk.mailbox.name, desk.mailbox.password, desk.mailbox.fetch_every_seconds) == ("hello", before, 60)


@pytest.mark.parametrize("fields", [{"host": "mail.evil.example"}, {"port": "1143"}, {"security": "starttls"}])
def test_a_stored_password_never_goes_to_another_server(
    desk: Desk, client: Client, account: Account, fields: dict[str, object]
) -> None:
    refused = post(client, change(desk), same(desk, then="untried") | fields)

    assert refused.status_code == 422
    assert "Enter the password anew" in refused.content.decode()
    assert Mailbox.objects.get(pk=desk.mailbox.pk).host == "127.0.0.1"


def test_pages_lead_the_desk_to_no_server_inside(desk: Desk, client: Client, account: Account) -> None:
    """Promise X2; only the very server that was set up from the command line may be used again."""
    other = Account()
    with serving(other) as port:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            refused = post(client, ADD, form(desk, host=host, port=port))
            assert refused.status_code == 422
            assert not Mailbox.objects.filter(name="sales").exists()
        post(client, ADD, form(desk, port=port, then="untried"))
        box = Mailbox.objects.get(name="sales")
        assert fetch(box) == 0
    assert "stands in the network of this installation" in Mailbox.objects.get(name="sales").last_error
    assert other.commands == []


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1", "2002:7f00:1::", "::"],
)
def test_what_is_inside_is_known(host: str) -> None:
    assert not is_public(host)
    with pytest.raises(Unreachable, match="network of this installation"):
        refuse_inside(Mailbox(host=host, may_be_inside=False))


def test_who_answers_is_looked_at_and_not_only_the_name() -> None:
    assert is_public("9.9.9.9")
    listening = socket.create_server(("127.0.0.1", 0))
    with listening, socket.create_connection(listening.getsockname()) as line:
        assert not has_public_peer(line)
        with pytest.raises(Unreachable, match="network of this installation"):
            refuse_inside(Mailbox(host="9.9.9.9", may_be_inside=False), line)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with answering(Endpoint()) as endpoint:
        yield endpoint


def by_token(desk: Desk, endpoint: Endpoint, **fields: object) -> dict[str, object]:
    values = {
        "sign_in_by": "oauth2",
        "password": "",
        "token_endpoint": endpoint.url,
        "client_id": "desk",
        "client_secret": "kept-quiet",
        "scope": "mail",
        "refresh_token": "refresh-0",
    }
    return form(desk, **values) | fields


def allowed(desk: Desk, endpoint: Endpoint, settings: Settings) -> OAuthAccess:
    """As the command line makes it."""
    Mailbox.objects.filter(pk=desk.mailbox.pk).update(sign_in="oauth2", password="")
    key = settings.SECRET_KEY
    return OAuthAccess.objects.create(
        mailbox=desk.mailbox,
        token_endpoint=endpoint.url,
        client_id="desk",
        client_secret=seal("kept-quiet", key=key),
        refresh_token=seal("refresh-0", key=key),
        scope="mail",
    )


def test_a_mailbox_that_signs_in_by_token_is_tried_and_kept(
    desk: Desk, client: Client, account: Account, endpoint: Endpoint, settings: Settings
) -> None:
    account.tokens.add("access-1")
    allowed(desk, endpoint, settings)

    answer = client.post(ADD, by_token(desk, endpoint), follow=True)

    assert "sales: the connection works; 0 mails wait there." in answer.content.decode()
    access = OAuthAccess.objects.get(mailbox__name="sales")
    assert (access.client_id, access.may_be_inside) == ("desk", True)
    assert "kept-quiet" not in access.client_secret


def test_a_token_that_does_not_work_leaves_nothing_behind(
    desk: Desk, client: Client, account: Account, endpoint: Endpoint, settings: Settings
) -> None:
    allowed(desk, endpoint, settings)

    refused = post(client, ADD, by_token(desk, endpoint))

    assert refused.status_code == 422
    assert not Mailbox.objects.filter(name="sales").exists()
    assert not OAuthAccess.objects.filter(mailbox__name="sales").exists()
    for secret in ("kept-quiet", "refresh-0"):
        assert secret not in refused.content.decode()


def test_pages_lead_the_desk_to_no_token_endpoint_inside(
    desk: Desk, client: Client, account: Account, endpoint: Endpoint
) -> None:
    refused = post(client, ADD, by_token(desk, endpoint))

    assert (refused.status_code, endpoint.asked) == (422, [])
    assert "The token endpoint 127.0.0.1 stands in the network" in refused.content.decode()


@pytest.mark.parametrize(
    "fields", [{"token_endpoint": "https://evil.example/"}, {"client_id": "other"}, {"port": "1143"}]
)
def test_a_stored_token_never_goes_elsewhere(
    desk: Desk, client: Client, account: Account, endpoint: Endpoint, settings: Settings, fields: dict[str, object]
) -> None:
    allowed(desk, endpoint, settings)
    values = same(desk, **by_token(desk, endpoint, client_secret="", refresh_token="", then="untried"))
    values |= {"name": "info", "address": "info@desk.example"}

    assert post(client, change(desk), values).status_code == 302
    refused = post(client, change(desk), values | fields)

    assert refused.status_code == 422
    assert "Enter the refresh token anew" in refused.content.decode()
    assert OAuthAccess.objects.get(mailbox=desk.mailbox).token_endpoint == endpoint.url


def test_who_signs_in_with_a_password_again_leaves_no_token(
    desk: Desk, client: Client, account: Account, endpoint: Endpoint, settings: Settings
) -> None:
    allowed(desk, endpoint, settings)

    assert post(client, change(desk), same(desk, password="window-42")).status_code == 302
    assert not OAuthAccess.objects.exists()
    desk.mailbox.refresh_from_db()
    assert try_out(desk.mailbox).mails == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "info"}, "Another mailbox has this name"),
        ({"address": "Info@desk.example"}, "Another mailbox has this address"),
        ({"address": "sales"}, "email address"),
        ({"host": ""}, "Name the server."),
        ({"password": ""}, "Enter the password."),
        ({"afterwards": "move"}, "Name the folder."),
        ({"afterwards": "move", "move_to_folder": "inbox"}, "Mail is taken from this folder"),
        ({"folders": "\n".join(map(str, range(21)))}, "At most twenty folders"),
        ({"sign_in_by": "oauth2"}, "Needed to sign in with OAuth 2."),
        ({"queue": "0"}, "Select a valid choice"),
        ({"security": "none"}, "Select a valid choice"),
        ({"port": "99999"}, "65535"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    desk: Desk, client: Client, fields: dict[str, object], words: str
) -> None:
    refused = post(client, ADD, form(desk, then="untried") | fields)

    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert not Mailbox.objects.filter(name="sales").exists()


def test_pop3_empties_its_server_whatever_the_form_says(desk: Desk, client: Client) -> None:
    values = form(desk, then="untried", protocol="pop3", afterwards="move", move_to_folder="Done", port="")

    assert post(client, ADD, values | {"folders": "A\nB"}).status_code == 302
    box = Mailbox.objects.get(name="sales")
    assert (box.afterwards, box.folders, box.port) == ("delete", ["INBOX"], 110)


def test_nothing_but_the_named_fields_is_looked_at(desk: Desk, client: Client) -> None:
    post(client, ADD, form(desk, then="untried", may_be_inside="on", host="10.1.2.3", is_active="", last_error="x"))

    box = Mailbox.objects.get(name="sales")
    assert (box.may_be_inside, box.is_active, box.last_error) == (False, True, "")


def test_a_mailbox_is_switched_off_and_on(desk: Desk, client: Client) -> None:
    address = f"{change(desk)}switch/"

    client.post(address, {"to": "off"})
    assert mailbox_for("info@desk.example") is None
    assert "switched off" in client.get("/administration/mailboxes/").content.decode()
    client.post(address, {"to": "on"})
    assert mailbox_for("info@desk.example") == desk.mailbox


def test_only_a_mailbox_on_which_nothing_hangs_is_deleted(desk: Desk, client: Client) -> None:
    def delete(mailbox: Mailbox) -> str:
        return client.post(f"/administration/mailboxes/{mailbox.pk}/delete/", follow=True).content.decode()

    assert "Switch it off instead." in delete(desk.mailbox)
    post(client, ADD, form(desk, protocol="none"))
    new = Mailbox.objects.get(name="sales")
    rule = Filter.objects.create(name="Only", mailbox=new, actions={"ignore": True})
    assert "Change or delete the rule first." in delete(new)
    rule.delete()
    assert "“sales” is deleted" in delete(new)
    assert not Mailbox.objects.filter(name="sales").exists()
    assert InboundMail.objects.filter(mailbox=desk.mailbox).exists()


def test_others_set_up_nothing(desk: Desk) -> None:
    client = signed_in(desk.ana)
    values: dict[str, Any] = form(desk, protocol="none")

    assert client.post(ADD, values).status_code == 404
    assert not Mailbox.objects.filter(name="sales").exists()
