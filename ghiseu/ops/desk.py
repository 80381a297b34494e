"""Setting up the desk from the command line: agents, queues, rights, mailboxes. Each call is one transaction."""

from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from ghiseu.lib.sealing import seal, unseal
from ghiseu.mail.models import Mailbox, OAuthAccess
from ghiseu.ops.errors import MachineError
from ghiseu.people.models import Agent, Role
from ghiseu.tickets.models import Queue, QueueGrant
from ghiseu.tickets.permissions import Right

Named = TypeVar("Named", Role, Queue, Mailbox)

EVERYTHING_BELOW = "::*"


class WrongInput(MachineError):
    """What was given cannot be used; the sentence names the field."""


def add_agent(
    *, login: str, name: str, email: str, password: str, language: str, roles: tuple[str, ...], administrator: bool
) -> Agent:
    """Make an agent who can sign in. Raises WrongInput for a login that exists, an unknown role or a weak password."""
    from django.contrib.auth.password_validation import validate_password

    with transaction.atomic():
        known = _named(Role, roles)
        try:
            validate_password(password, Agent(login=login, name=name, email=email))
            agent: Agent = Agent.objects.create_agent(
                login=login,
                name=name,
                email=email,
                password=password,
                language=language,
                time_zone=settings.TIME_ZONE,
                is_administrator=administrator,
            )
        except ValidationError as error:
            raise WrongInput(_sentence(error)) from error
        agent.roles.set(known)
    return agent


def add_queue(*, name: str, address: str, sender_name: str, signature: str) -> Queue:
    """Make a queue; `Abuse::Malware` stands below `Abuse`, which need not exist. Raises WrongInput."""
    queue = Queue(name=name, address=address.lower(), sender_name=sender_name, signature=signature)
    try:
        queue.full_clean()
    except ValidationError as error:
        raise WrongInput(_sentence(error)) from error
    queue.save()
    return queue


def grant_role(*, role: str, queues: tuple[str, ...], rights: tuple[str, ...]) -> list[str]:
    """Set the rights of a role on queues, `Abuse::*` meaning Abuse and all below it. The role is made if it is missing.

    Rights that the role had on these queues are replaced. Returns the names of the queues. Raises WrongInput.
    """
    unknown = sorted(set(rights) - set(Right.values))
    if unknown:
        raise WrongInput(f"There is no right {unknown[0]!r}. The rights are: {', '.join(Right.values)}.")
    with transaction.atomic():
        holder, _made = Role.objects.get_or_create(name=role)
        chosen = [queue for pattern in queues for queue in _matching(pattern)]
        for queue in chosen:
            QueueGrant.objects.update_or_create(role=holder, queue=queue, defaults={"rights": sorted(set(rights))})
    return [queue.name for queue in chosen]


@dataclass(frozen=True)
class OAuth:
    """What a mailbox signs in with instead of a password (RFC 6749)."""

    token_endpoint: str
    client_id: str
    client_secret: str
    refresh_token: str
    scope: str


@dataclass(frozen=True)
class Source:
    """Where a mailbox is fetched from, and what becomes there of mail that is stored here.

    `password` for those who sign in with one, `oauth` for the others. `move_to` names the folder for fetched mail;
    without it the mail is deleted, or with `leave` marked and left.
    """

    protocol: str
    host: str
    port: int
    login: str
    security: str
    folders: tuple[str, ...]
    password: str = ""
    oauth: OAuth | None = None
    move_to: str = ""
    leave: bool = False


@dataclass(frozen=True)
class Doubt:
    """Who is asked whether a sender is true: the server in front by its name, or this desk itself by the signatures."""

    trusted_server: str = ""
    checks_signatures: bool = False


def add_mailbox(*, name: str, address: str, queue: str, source: Source | None, doubt: Doubt = Doubt()) -> Mailbox:
    """Make a way in for mail: by LMTP and pipe always, by IMAP or POP3 where a server is given. Raises WrongInput."""
    mailbox = Mailbox(name=name, address=address.lower(), queue=_named(Queue, (queue,))[0])
    mailbox.trusted_server, mailbox.checks_signatures = doubt.trusted_server, doubt.checks_signatures
    if source is not None:
        mailbox.protocol = source.protocol
        mailbox.host, mailbox.port, mailbox.security = source.host, source.port, source.security
        mailbox.login, mailbox.password = source.login, seal(source.password, key=settings.SECRET_KEY)
        mailbox.sign_in = Mailbox.SignIn.OAUTH2 if source.oauth else Mailbox.SignIn.PASSWORD
        mailbox.folders = list(source.folders)
        mailbox.afterwards = _afterwards(source)
        mailbox.move_to_folder = source.move_to
    with transaction.atomic():
        _save(mailbox)
        if source and source.oauth:
            _allow(mailbox, source.oauth)
    return mailbox


def _afterwards(source: Source) -> str:
    if source.move_to and source.leave:
        raise WrongInput("Mail is either moved or left where it is. Give --move-to or --leave.")
    if source.move_to:
        return Mailbox.Afterwards.MOVE
    return Mailbox.Afterwards.FLAG if source.leave else Mailbox.Afterwards.DELETE


def find_mailbox(name: str) -> Mailbox:
    """The mailbox of that name. Raises WrongInput with the known ones."""
    return _named(Mailbox, (name,))[0]


def sign_in_again(mailbox: Mailbox, secret: str) -> None:
    """Store a new password, or for OAuth 2 a new refresh token, and let the next fetch try it at once.

    Raises WrongInput for a mailbox that is not fetched.
    """
    if not mailbox.is_fetched:
        raise WrongInput(f"Mailbox {mailbox.name} is not fetched from a server: its mail comes by LMTP or pipe.")
    if mailbox.sign_in == Mailbox.SignIn.PASSWORD:
        mailbox.password = seal(secret, key=settings.SECRET_KEY)
        mailbox.save(update_fields=["password"])
        return
    with transaction.atomic():
        old = OAuthAccess.objects.select_for_update().get(mailbox=mailbox)
        former = (old.token_endpoint, old.client_id, unseal(old.client_secret, key=settings.SECRET_KEY))
        old.delete()
        _allow(mailbox, OAuth(*former, refresh_token=secret, scope=old.scope))


def _allow(mailbox: Mailbox, oauth: OAuth) -> None:
    key = settings.SECRET_KEY
    _save(
        OAuthAccess(
            mailbox=mailbox,
            token_endpoint=oauth.token_endpoint,
            client_id=oauth.client_id,
            client_secret=seal(oauth.client_secret, key=key),
            refresh_token=seal(oauth.refresh_token, key=key),
            scope=oauth.scope,
        )
    )


def _save(row: Mailbox | OAuthAccess) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        raise WrongInput(_sentence(error)) from error
    row.save()


def _matching(pattern: str) -> list[Queue]:
    if not pattern.endswith(EVERYTHING_BELOW):
        return _named(Queue, (pattern,))
    top = pattern.removesuffix(EVERYTHING_BELOW)
    found = [queue for queue in Queue.objects.all() if queue.name == top or queue.name.startswith(f"{top}::")]
    if not found:
        raise WrongInput(f"There is no queue {top!r} and none below it. `ghiseu queue add` makes one.")
    return found


def _named(model: type[Named], names: tuple[str, ...]) -> list[Named]:
    found = {entry.name: entry for entry in model.objects.filter(name__in=names)}
    for name in names:
        if name not in found:
            known = ", ".join(model.objects.values_list("name", flat=True)[:30]) or "there is none yet"
            raise WrongInput(f"There is no {model.__name__.lower()} {name!r}. Known: {known}.")
    return [found[name] for name in names]


def _sentence(error: ValidationError) -> str:
    if hasattr(error, "message_dict"):
        parts = [f"{field.replace('_', ' ')}: {' '.join(messages)}" for field, messages in error.message_dict.items()]
        return "; ".join(part.removeprefix("  all  : ") for part in parts)
    return " ".join(error.messages)
