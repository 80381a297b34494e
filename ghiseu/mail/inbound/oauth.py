"""Signing in by OAuth 2: an access token for a refresh token (RFC 6749 section 6), and XOAUTH2 to say it with.

The token endpoint, client and scope are the mailbox's settings, so that Google, Microsoft and a company's own identity
provider are all the same here. An access token is kept, sealed, until shortly before it ends; a provider that gives a
new refresh token with it takes the old one back, so the new one is stored in the same moment.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.lib.sealing import seal, unseal
from ghiseu.mail.errors import SignInAgain, Unreachable
from ghiseu.mail.inbound.connection import readable
from ghiseu.mail.models import Mailbox, OAuthAccess
from ghiseu.mail.network import has_public_peer, is_public, is_this_machine

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 10.0
WHOLE_SECONDS = 20.0
MOST_ANSWER_BYTES = 64_000
# Before its end a token is no longer begun with: clocks differ, and a visit takes its time.
SPARE = dt.timedelta(minutes=2)
LONGEST_LIFE = dt.timedelta(days=1)
# RFC 6749 section 5.1 only recommends to tell how long a token lives.
LIFE_IF_NOT_TOLD = 300

# RFC 6750 section 2.1; anything else could change the meaning of the sentence it is put into.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/|!:=@,;$]+")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and whether it was made just now."""

    value: str
    is_new: bool


def access_token(mailbox: Mailbox) -> Token:
    """The token that is stored while it lives, else a new one, which is stored.

    One process asks at a time, as some providers take a refresh token once. Raises SignInAgain where a person must
    allow the desk anew, Unreachable where the endpoint cannot be used now, CannotUnseal under another secret key.
    """
    key = settings.SECRET_KEY
    with transaction.atomic():
        access = OAuthAccess.objects.select_for_update().filter(mailbox=mailbox).first()
        if access is None:
            raise SignInAgain(
                _("Sign in again: nothing is stored to sign in with by OAuth 2. Run: ghiseu mailbox sign-in %(name)s")
                % {"name": mailbox.name}
            )
        if access.access_token and access.expires_at and timezone.now() < access.expires_at - SPARE:
            return Token(unseal(access.access_token, key=key), is_new=False)
        answer = _ask(access, mailbox)
        token, life = _token_in(answer, access)
        access.access_token = seal(token, key=key)
        access.expires_at = timezone.now() + life
        if rotated := answer.get("refresh_token"):
            access.refresh_token = seal(str(rotated), key=key)
        access.save(update_fields=["access_token", "expires_at", "refresh_token"])
    log.info("token_fetched", mailbox=mailbox.name, seconds=int(life.total_seconds()))
    return Token(token, is_new=True)


def forget_token(mailbox: Mailbox) -> None:
    """The server does not take the stored access token any more; the next call asks for a new one."""
    OAuthAccess.objects.filter(mailbox=mailbox).update(access_token="", expires_at=None)


def xoauth2(login: str, token: str) -> bytes:
    """The client's first and only message of the SASL mechanism XOAUTH2, before it is put into base64."""
    return f"user={login}\x01auth=Bearer {token}\x01\x01".encode()


def why_refused(mailbox: Mailbox, answer: str) -> str:
    return _(
        "Sign in again: %(server)s does not accept the access token for %(login)s: %(answer)s. Check the login name, "
        "the scope, and that the account may use %(protocol)s. Then run: ghiseu mailbox sign-in %(name)s"
    ) % {
        "server": mailbox.server,
        "login": mailbox.login,
        "answer": answer,
        "protocol": mailbox.get_protocol_display(),
        "name": mailbox.name,
    }


def _ask(access: OAuthAccess, mailbox: Mailbox) -> dict[str, Any]:
    """The endpoint's positive answer; everything else becomes a sentence without our secrets in it."""
    key = settings.SECRET_KEY
    secrets = [unseal(access.client_secret, key=key), unseal(access.refresh_token, key=key)]
    form = {"grant_type": "refresh_token", "refresh_token": secrets[1], "client_id": access.client_id}
    form |= {"client_secret": secrets[0]} if secrets[0] else {}
    form |= {"scope": access.scope} if access.scope else {}
    endpoint = urlsplit(access.token_endpoint)
    place = {"endpoint": endpoint.hostname or access.token_endpoint}
    if endpoint.scheme != "https" and not (endpoint.scheme == "http" and is_this_machine(endpoint.hostname or "")):
        raise Unreachable(_("The token endpoint %(endpoint)s must be an https:// address.") % place)
    try:
        if not access.may_be_inside and not is_public(endpoint.hostname or ""):
            raise _inside(place)
        status, body = _post(endpoint, urlencode(form).encode(), may_be_inside=access.may_be_inside)
    except ssl.SSLCertVerificationError as error:
        cause = place | {"cause": error.verify_message}
        raise Unreachable(_("The certificate of %(endpoint)s is not trusted: %(cause)s.") % cause) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = place | {"cause": (error.strerror if isinstance(error, OSError) else "") or type(error).__name__}
        raise Unreachable(_("No token from %(endpoint)s: it cannot be reached (%(cause)s).") % cause) from error
    if 300 <= status < 400:
        raise Unreachable(
            _("No token from %(endpoint)s: it sends us elsewhere, which is not followed. Enter its final address.")
            % place
        )
    answer = _object(body)
    if status != 200 or "access_token" not in answer:
        raise _refusal(status, answer, secrets, place | {"name": mailbox.name})
    return answer


def _inside(place: dict[str, str]) -> Unreachable:
    """Promise X2."""
    return Unreachable(
        _(
            "The token endpoint %(endpoint)s stands in the network of this installation. On pages only endpoints on "
            "the open internet can be set up; whoever runs the machine can add the mailbox with: ghiseu mailbox add"
        )
        % place
    )


def _post(endpoint: SplitResult, form: bytes, *, may_be_inside: bool) -> tuple[int, bytes]:
    """Status and body of one request, within bounds of time and size; redirects are answers like others."""
    kind = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = kind(endpoint.hostname or "", endpoint.port, timeout=ANSWER_SECONDS)
    connection.connect()
    if not may_be_inside and not has_public_peer(connection.sock):
        connection.close()
        raise _inside({"endpoint": endpoint.hostname or ""})
    # The timeout of a socket is one for each piece: a server that drips could hold us for ever.
    line, deadline = connection.sock, time.monotonic() + WHOLE_SECONDS

    def hang_up() -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    end = threading.Timer(WHOLE_SECONDS, hang_up)
    end.daemon = True
    end.start()
    try:
        path = (endpoint.path or "/") + (f"?{endpoint.query}" if endpoint.query else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        connection.request("POST", path, form, headers)
        response = connection.getresponse()
        body = b""
        while piece := response.read1(8192):
            body += piece
            if len(body) > MOST_ANSWER_BYTES:
                raise ValueError("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
        return response.status, body
    finally:
        end.cancel()
        connection.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(status: int, answer: dict[str, Any], secrets: list[str], place: dict[str, str]) -> Unreachable:
    """RFC 6749 section 5.2: what the provider's error means for the person who must help."""
    error = readable(str(answer.get("error", "")))[:60]
    said = readable(str(answer.get("error_description", "")))[:300]
    for secret in filter(None, secrets):
        said, error = said.replace(secret, "…"), error.replace(secret, "…")
    facts = place | {"said": ": ".join(filter(None, (error, said))) or f"HTTP {status}"}
    if error == "invalid_grant":
        return SignInAgain(
            _(
                "Sign in again: %(endpoint)s no longer accepts what was allowed to the desk (%(said)s). "
                "Get a new refresh token and run: ghiseu mailbox sign-in %(name)s"
            )
            % facts
        )
    if error in ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type"):
        return SignInAgain(
            _("No token from %(endpoint)s: %(said)s. Check the client id, the client secret and the scope.") % facts
        )
    return Unreachable(_("No token from %(endpoint)s: it answered %(said)s.") % facts)


def _token_in(answer: dict[str, Any], access: OAuthAccess) -> tuple[str, dt.timedelta]:
    token, kind = answer["access_token"], str(answer.get("token_type", "bearer"))
    host = {"endpoint": urlsplit(access.token_endpoint).hostname or ""}
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or kind.lower() != "bearer":
        raise Unreachable(_("No token from %(endpoint)s: what it gave is no bearer token.") % host)
    try:
        seconds = max(0, int(answer.get("expires_in", LIFE_IF_NOT_TOLD)))
    except (TypeError, ValueError, OverflowError):
        seconds = LIFE_IF_NOT_TOLD
    return token, min(dt.timedelta(seconds=min(seconds, 10**6)), LONGEST_LIFE)
