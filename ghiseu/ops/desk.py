"""Setting up the desk from the command line: agents, queues, rights, mailboxes. Each call is one transaction."""

from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from ghiseu.lib.sealing import seal
from ghiseu.mail.models import Mailbox
from ghiseu.ops.errors import MachineError
from ghiseu.people.models import Agent, Role
from ghiseu.tickets.models import Queue, QueueGrant
from ghiseu.tickets.permissions import Right

Named = TypeVar("Named", Role, Queue)

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
class Imap:
    """Where a mailbox is fetched from. `move_to` names the folder for fetched mail; empty deletes it on the server."""

    host: str
    port: int
    login: str
    password: str
    security: str
    folder: str
    move_to: str


def add_mailbox(*, name: str, address: str, queue: str, imap: Imap | None) -> Mailbox:
    """Make a way in for mail: by LMTP and pipe always, by IMAP where a server is given. Raises WrongInput."""
    mailbox = Mailbox(name=name, address=address.lower(), queue=_named(Queue, (queue,))[0])
    if imap is not None:
        mailbox.imap_host = imap.host
        mailbox.imap_port = imap.port
        mailbox.imap_login = imap.login
        mailbox.imap_password = seal(imap.password, key=settings.SECRET_KEY)
        mailbox.imap_security = imap.security
        mailbox.imap_folder = imap.folder
        if imap.move_to:
            mailbox.afterwards = Mailbox.Afterwards.MOVE
            mailbox.move_to_folder = imap.move_to
    try:
        mailbox.full_clean(exclude=["fetched_at", "failed_at"])
    except ValidationError as error:
        raise WrongInput(_sentence(error)) from error
    mailbox.save()
    return mailbox


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
