"""Setting mailboxes up from a page: tried out before they are kept, and no stored secret ever goes elsewhere.

A stored password may only be used where it was meant for. So a server that is exchanged wants its secrets anew; else
whoever may administer could have them sent to a server of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from ghiseu.lib.sealing import seal
from ghiseu.mail.mailboxes import Trial, try_out
from ghiseu.mail.models import Filter, InboundMail, Mailbox, OAuthAccess
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)

_ADDRESSED = ("host", "port", "security", "protocol")
_FIELDS = (
    *("name", "address", "queue", "trusted_server", "checks_signatures", "protocol", "host", "may_be_inside", "port"),
    *("security", "sign_in", "login", "password", "folders", "afterwards", "move_to_folder", "fetch_every_seconds"),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What was typed to sign in with. An empty secret means that the stored one stays."""

    password: str = ""
    token_endpoint: str = ""
    client_id: str = ""
    scope: str = ""
    client_secret: str = ""
    refresh_token: str = ""


def save_mailbox(mailbox: Mailbox, sign_in: SignIn, *, by: Agent, tries: bool) -> Trial | None:
    """Keep a new or changed mailbox; with `tries` only if its server lets us in, and then with what was found there.

    Raises NotAdministrator; ValidationError by field, also where a secret is missing; Unreachable with the server's
    words. Then nothing was kept, and nothing changed on the server.
    """
    require_administrator(by)
    former = Mailbox.objects.filter(pk=mailbox.pk).first() if mailbox.pk else None
    _take_leave(mailbox)
    _set_password(mailbox, former, sign_in)
    by_token = mailbox.is_fetched and mailbox.sign_in == Mailbox.SignIn.OAUTH2
    trial = try_out(mailbox) if tries and mailbox.is_fetched and not by_token else None
    with transaction.atomic():
        mailbox.full_clean()
        mailbox.save(update_fields=_FIELDS if former else None)
        if not by_token:
            OAuthAccess.objects.filter(mailbox=mailbox).delete()
            return _kept(mailbox, former, trial, by)
        _set_access(mailbox, former, sign_in)
        # A token is asked for with what is stored, so this is stored first and forgotten again if it does not work.
        return _kept(mailbox, former, try_out(mailbox) if tries else None, by)


def _kept(mailbox: Mailbox, former: Mailbox | None, trial: Trial | None, by: Agent) -> Trial | None:
    log.info("mailbox_changed" if former else "mailbox_added", mailbox=mailbox.pk, by=by.login)
    return trial


def _take_leave(mailbox: Mailbox) -> None:
    """A server in our own network is left to those who run the machine: one that they have set up may be used again."""
    same = Mailbox.objects.exclude(protocol=Mailbox.Protocol.NONE).filter(host=mailbox.host, port=mailbox.port)
    mailbox.may_be_inside = mailbox.is_fetched and same.filter(may_be_inside=True).exists()


def _set_password(mailbox: Mailbox, former: Mailbox | None, typed: SignIn) -> None:
    if not mailbox.is_fetched or mailbox.sign_in != Mailbox.SignIn.PASSWORD:
        mailbox.password = ""
    elif typed.password:
        mailbox.password = seal(typed.password, key=settings.SECRET_KEY)
    elif former is None or not former.password:
        raise ValidationError({"password": _("Enter the password.")})
    elif _is_elsewhere(mailbox, former):
        raise ValidationError({"password": _("The server is another one. Enter the password anew.")})


def _is_elsewhere(mailbox: Mailbox, former: Mailbox) -> bool:
    return any(getattr(mailbox, name) != getattr(former, name) for name in _ADDRESSED)


def _set_access(mailbox: Mailbox, former: Mailbox | None, typed: SignIn) -> None:
    """A new row where a new refresh token was typed, so that the next fetch tries it at once."""
    old = OAuthAccess.objects.select_for_update().filter(mailbox=mailbox).first()
    meant = (typed.token_endpoint, typed.client_id, typed.scope)
    if not typed.refresh_token:
        if old is None:
            raise ValidationError({"refresh_token": _("Enter the refresh token.")})
        if meant != (old.token_endpoint, old.client_id, old.scope) or typed.client_secret:
            raise ValidationError({"refresh_token": _("The access is another one. Enter the refresh token anew.")})
        if former and _is_elsewhere(mailbox, former):
            raise ValidationError({"refresh_token": _("The server is another one. Enter the refresh token anew.")})
        return
    secret = seal(typed.client_secret, key=settings.SECRET_KEY)
    if not secret and old and meant[:2] == (old.token_endpoint, old.client_id):
        secret = old.client_secret
    inside = OAuthAccess.objects.filter(token_endpoint=typed.token_endpoint, may_be_inside=True).exists()
    if old:
        old.delete()
    new = OAuthAccess(
        mailbox=mailbox,
        token_endpoint=typed.token_endpoint,
        may_be_inside=inside,
        client_id=typed.client_id,
        client_secret=secret,
        refresh_token=seal(typed.refresh_token, key=settings.SECRET_KEY),
        scope=typed.scope,
    )
    new.full_clean()
    new.save()


def switch_mailbox(mailbox: Mailbox, *, on: bool, by: Agent) -> None:
    """Take mail from now on, or no more: what is off is not fetched, and mail to its address is refused at the door."""
    require_administrator(by)
    if Mailbox.objects.filter(pk=mailbox.pk).exclude(is_active=on).update(is_active=on):
        log.info("mailbox_switched", mailbox=mailbox.pk, on=on, by=by.login)


def delete_mailbox(mailbox: Mailbox, *, by: Agent) -> None:
    """Forget a mailbox by which no mail has come. Raises InvalidInput where something hangs on it."""
    require_administrator(by)
    if InboundMail.objects.filter(mailbox=mailbox).exists():
        raise _in_use(_("Mail has come by it, and the desk keeps what it knows of each. Switch it off instead."))
    if Filter.objects.filter(mailbox=mailbox).exists():
        raise _in_use(_("A rule is asked only of its mail. Change or delete the rule first."))
    try:
        deleted, _kinds = Mailbox.objects.filter(pk=mailbox.pk).delete()
    except ProtectedError as error:
        raise _in_use(
            _("Mail has come by it, and the desk keeps what it knows of each. Switch it off instead.")
        ) from error
    if deleted:
        log.info("mailbox_deleted", mailbox=mailbox.pk, name=mailbox.name, by=by.login)


def _in_use(why: str) -> InvalidInput:
    return InvalidInput(_("The mailbox was not deleted. %(why)s") % {"why": why})
