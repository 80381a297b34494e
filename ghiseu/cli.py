"""The command `ghiseu`. Commands import what they need when they run, so that each starts as fast as it can."""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from ghiseu.importing.commands import export_command, import_ndjson_command
from ghiseu.ops.errors import MachineError
from ghiseu.ops.search_commands import search
from ghiseu.ops.start import start_django, stop_on_signal

EX_SOFTWARE = 70


class Commands(click.Group):
    """Every command ends with one sentence on standard error where it cannot do its work, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MachineError as error:
            if str(error):
                complain(str(error))
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if os.environ.get("GHISEU_LOG_LEVEL") == "DEBUG":
                raise
            complain(sentence(error))
            ctx.exit(1 if is_database_trouble(error) else EX_SOFTWARE)


def complain(sentence: str) -> None:
    """Tell the person at the terminal what is wrong."""
    click.echo(f"ghiseu: {sentence}", err=True)


def sentence(error: Exception) -> str:
    """One sentence for an error that no command expected."""
    if is_database_trouble(error):
        from ghiseu.ops import database

        return database.sentence(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Unexpected {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}. "
        "Please report it; GHISEU_LOG_LEVEL=DEBUG shows more."
    )


def is_database_trouble(error: Exception) -> bool:
    """Whether the error means that the database cannot be used as it is, and no mistake of the program."""
    if "django" not in sys.modules:
        return False
    import psycopg
    from django import db

    unprepared = isinstance(error.__cause__, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn)
    return unprepared or isinstance(error, db.OperationalError | db.InterfaceError | psycopg.OperationalError)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ghiseu", prog_name="ghiseu")
def cli() -> None:
    """Ghișeu, the help desk. Settings come from the environment; docs/operating/settings.md lists them."""


@cli.command()
def serve() -> None:
    """Run everything: embedded database (without DATABASE_URL), pages, worker and mail door. Ctrl-C stops it."""
    serve_everything(demo=False)


@cli.command()
def demo() -> None:
    """Run everything with a made-up company of 150 tickets, filled in when the database is empty. Ctrl-C stops it."""
    serve_everything(demo=True)


def serve_everything(*, demo: bool) -> None:
    """The common part of `serve` and `demo`."""
    from ghiseu import settings
    from ghiseu.ops import logs
    from ghiseu.ops.serve import Plan, serve

    if demo:
        # Whoever tries the demo wants to see the steps, not each mail that is filed.
        os.environ.setdefault("GHISEU_LOG_LEVEL", "WARNING")
    logs.set_up(os.environ.get("GHISEU_LOG_LEVEL") or settings.LOG_LEVEL, "serve")
    progress = Progress()
    plan = Plan(
        home=settings.HOME,
        host=settings.HOST,
        port=settings.PORT,
        lmtp_port=settings.LMTP_PORT,
        own_database=settings.DATABASE_IS_EMBEDDED,
        demo=demo,
    )
    progress(f"Data folder {settings.HOME}")

    def ready() -> None:
        progress(f"Ready: {settings.BASE_URL}")
        if demo:
            from ghiseu.ops.demo import company

            click.echo(company.sign_in_help())
        click.echo("Ctrl-C stops everything.")

    serve(plan, progress, ready)


class Progress:
    """Prints each step with the seconds since the start."""

    def __init__(self) -> None:
        import time

        self._now = time.monotonic
        self._began = float(os.environ.setdefault("GHISEU_BEGAN", str(self._now())))

    def __call__(self, step: str) -> None:
        click.echo(f"{self._now() - self._began:5.1f} s  {step}")


@cli.command(name="prepare")
@click.option("--demo", is_flag=True, help="Fill in the demo company if the database is empty.")
def prepare_command(demo: bool) -> None:
    """Bring the database and the pages' static files up to this release. Safe to repeat; `serve` does it by itself."""
    from ghiseu.ops.children import end_with_parent

    end_with_parent()
    start_django("prepare", owner=True)
    from ghiseu.ops.prepare import prepare

    prepare(Progress(), demo=demo)


@cli.command()
def web() -> None:
    """Serve the pages on GHISEU_HOST and GHISEU_PORT. Any number may run, each on its own port."""
    start_django("web", pool=True)
    from django.conf import settings

    from ghiseu.ops.web import run

    run(settings.HOST, settings.PORT, Path(settings.STATIC_ROOT), settings.WEB_PROCESSES)


@cli.command()
def worker() -> None:
    """File mail that came in, send what shall go out, fetch from the mailboxes. Any number may run."""
    from ghiseu.ops.children import end_with_parent

    stop = stop_on_signal()
    start_django("worker", pool=True)
    end_with_parent()
    from ghiseu.ops.worker import run

    run(stop)


@cli.command()
def lmtp() -> None:
    """Take mail by LMTP from a mail server on this machine, on 127.0.0.1 and GHISEU_LMTP_PORT."""
    from ghiseu.ops.children import end_with_parent

    stop = stop_on_signal()
    start_django("lmtp", pool=True)
    end_with_parent()
    from django.conf import settings

    from ghiseu.mail.inbound.lmtp import run
    from ghiseu.ops.ports import check_free

    check_free("127.0.0.1", settings.LMTP_PORT, "GHISEU_LMTP_PORT")
    run("127.0.0.1", settings.LMTP_PORT, stop)


@cli.command(name="mail-in")
@click.option("--mailbox", required=True, metavar="NAME", help="The mailbox that the mail was sent to.")
def mail_in(mailbox: str) -> None:
    """Take one raw mail on standard input, as a mail server's pipe delivers it.

    Ends with 0 only when the mail is stored durably, with 75 when the mail server shall try again, with 65 when the
    mail is empty or larger than GHISEU_MAIL_MAX_BYTES.
    """
    from ghiseu.ops.mail_in import take

    def start() -> None:
        start_django("mail-in")

    sys.exit(take(mailbox, sys.stdin.buffer, start, complain))


@cli.command(name="mail-parse")
@click.option("--ndjson", is_flag=True, help='Read lines {"id", "raw_base64"} and answer a line for each.')
def mail_parse(ndjson: bool) -> None:
    """Read one raw mail on standard input and print what it says as JSON. Needs no database."""
    from ghiseu.mail.inbound import parse_command

    sys.exit(parse_command.main(ndjson))


@cli.group()
def agent() -> None:
    """Agents: the people who answer."""


@agent.command(name="add")
@click.argument("login")
@click.option("--name", required=True, help="The name that customers and colleagues see.")
@click.option("--email", required=True, help="The agent's own address, for notices.")
@click.option("--role", "roles", multiple=True, help="A role to give; may be repeated.")
@click.option("--language", type=click.Choice(["en", "ro", "ru", "uk"]), default="en", show_default=True)
@click.option("--administrator", is_flag=True, help="May administer the desk; that alone shows no ticket.")
def agent_add(login: str, name: str, email: str, roles: tuple[str, ...], language: str, administrator: bool) -> None:
    """Add an agent who signs in as LOGIN. The password is asked for, or read from standard input."""
    start_django("agent-add")
    from ghiseu.ops import desk

    password = ask_password("Password")
    desk.add_agent(
        login=login,
        name=name,
        email=email,
        password=password,
        language=language,
        roles=roles,
        administrator=administrator,
    )
    click.echo(f"Agent {login.lower()} can sign in now.")


def ask_password(prompt: str) -> str:
    """Ask twice at a terminal; else the first line of standard input. Never an argument: others could see it."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise MachineError("No password came on standard input. Give it as one line.")
    return password


@cli.group()
def queue() -> None:
    """Queues: the places where tickets wait."""


@queue.command(name="add")
@click.argument("name")
@click.option("--address", default="", help="The address that answers from this queue carry.")
@click.option("--sender-name", default="", help="The name beside that address.")
@click.option("--signature", default="", help="The text below each answer.")
def queue_add(name: str, address: str, sender_name: str, signature: str) -> None:
    """Add the queue NAME; Abuse::Malware stands below Abuse."""
    start_django("queue-add")
    from ghiseu.ops import desk

    desk.add_queue(name=name, address=address, sender_name=sender_name, signature=signature)
    click.echo(f"Queue {name} is there. Nobody sees it until a role has rights on it: ghiseu role grant")


@cli.group()
def role() -> None:
    """Roles: which rights their agents have on which queues."""


@role.command(name="grant")
@click.argument("role_name", metavar="ROLE")
@click.argument("rights", nargs=-1, required=True, metavar="RIGHT...")
@click.option(
    "--queue", "queues", multiple=True, required=True, help="A queue, or Abuse::* for all below; may be repeated."
)
def role_grant(role_name: str, rights: tuple[str, ...], queues: tuple[str, ...]) -> None:
    """Give ROLE exactly these rights on the queues, and make the role if it is missing.

    Rights: read, note, reply, create, move_into, assign, priority, close, full.
    """
    start_django("role-grant")
    from ghiseu.ops import desk

    names = desk.grant_role(role=role_name, queues=queues, rights=rights)
    click.echo(f"Role {role_name}: {', '.join(sorted(set(rights)))} on {', '.join(names)}")


@cli.group()
def mailbox() -> None:
    """Mailboxes: the ways in for mail."""


@mailbox.command(name="add")
@click.argument("name")
@click.option("--address", required=True, help="The address that customers write to.")
@click.option("--queue", "queue_name", required=True, help="The queue that its mail goes to.")
@click.option("--imap-host", default="", help="Fetch from this server by IMAP; else mail comes by LMTP or pipe.")
@click.option("--pop3-host", default="", help="Fetch from this server by POP3, and delete there what is stored here.")
@click.option("--port", type=click.IntRange(1, 65535), help="By default the protocol's own port.")
@click.option("--login", default="", help="The name to sign in with; by default the address.")
@click.option("--security", type=click.Choice(["tls", "starttls", "plain"]), default="tls", show_default=True)
@click.option("--folder", "folders", multiple=True, help="May be repeated. [default: INBOX]")
@click.option("--move-to", default="", help="Move fetched mail to this folder instead of deleting it on the server.")
@click.option("--leave", is_flag=True, help="Leave fetched mail on the server, with a mark.")
@click.option("--token-endpoint", default="", help="Sign in by OAuth 2 with access tokens from this https:// address.")
@click.option("--client-id", default="", help="The desk's client id at that provider.")
@click.option("--scope", default="", help="The scope to ask for.")
@click.option("--trusted-server", default="", help="The name in the Authentication-Results of the server in front.")
@click.option(
    "--check-signatures", is_flag=True, help="Check DKIM and DMARC here where no such server has; asks the DNS."
)
def mailbox_add(name: str, address: str, queue_name: str, **given: Any) -> None:
    """Add the mailbox NAME for mail to an address.

    Where it is fetched from a server, the password is asked for; with --token-endpoint the client secret (may be
    empty) and the refresh token.
    """
    start_django("mailbox-add")
    from ghiseu.ops import desk

    source = None
    if given["imap_host"] and given["pop3_host"]:
        raise desk.WrongInput("A mailbox is fetched by one protocol. Give --imap-host or --pop3-host.")
    if host := given["imap_host"] or given["pop3_host"]:
        protocol = "imap" if given["imap_host"] else "pop3"
        usual = {"imap": (993, 143), "pop3": (995, 110)}[protocol]
        source = desk.Source(
            protocol=protocol,
            host=host,
            port=given["port"] or usual[given["security"] != "tls"],
            login=given["login"] or address,
            security=given["security"],
            folders=given["folders"] or ("INBOX",),
            move_to=given["move_to"],
            leave=given["leave"],
            password="" if given["token_endpoint"] else ask_password("Password of the mailbox"),
            oauth=ask_oauth(given) if given["token_endpoint"] else None,
        )
    doubt = desk.Doubt(given["trusted_server"], given["check_signatures"])
    desk.add_mailbox(name=name, address=address, queue=queue_name, source=source, doubt=doubt)
    click.echo(f"Mailbox {name} takes mail for {address}.")


def ask_oauth(given: dict[str, Any]) -> Any:
    """The secrets of an OAuth 2 client, one after the other."""
    from ghiseu.ops import desk

    return desk.OAuth(
        token_endpoint=given["token_endpoint"],
        client_id=given["client_id"],
        scope=given["scope"],
        client_secret=ask_secret("Client secret (empty for a public client)", may_be_empty=True),
        refresh_token=ask_secret("Refresh token"),
    )


def ask_secret(prompt: str, *, may_be_empty: bool = False) -> str:
    """A secret that is pasted: at a terminal, else the next line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, default="" if may_be_empty else None, show_default=False))
    secret = sys.stdin.readline().strip()
    if not secret and not may_be_empty:
        raise MachineError(f"No line came on standard input for: {prompt}.")
    return secret


@mailbox.command(name="sign-in")
@click.argument("name")
def mailbox_sign_in(name: str) -> None:
    """Give the mailbox NAME a new password, or with OAuth 2 a new refresh token, and look whether the server takes it.

    It is asked for at the terminal, or read as a line from standard input.
    """
    start_django("mailbox-sign-in")
    from ghiseu.mail.errors import Unreachable
    from ghiseu.mail.mailboxes import try_out
    from ghiseu.ops import desk

    box = desk.find_mailbox(name)
    desk.sign_in_again(box, ask_secret("Refresh token" if box.sign_in == box.SignIn.OAUTH2 else "Password"))
    try:
        trial = try_out(box)
    except Unreachable as error:
        raise MachineError(f"It is stored, but does not work: {error}") from error
    click.echo(f"Mailbox {name} signs in. {trial.mails} mails wait on the server.")


@cli.group(name="import")
def import_group() -> None:
    """Take over what other programs hold. What is here already is not taken again."""


@import_group.command(name="mail")
@click.option("--mailbox", "name", required=True, metavar="NAME", help="The mailbox that the old mail was sent to.")
@click.option("--imap-folder", metavar="FOLDER", help="Import this folder of the mailbox's own IMAP server.")
@click.option(
    "--state",
    type=click.Choice(["new", "closed"]),
    default="new",
    show_default=True,
    help="The state of tickets that the mail opens. Old mail is rarely new work.",
)
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
def import_mail(name: str, path: Path | None, imap_folder: str | None, state: str) -> None:
    """Import old mail from PATH, a Maildir or an mbox file, or from an IMAP folder, without any automatic answer.

    Nothing is changed where it lies. May be repeated, and goes on after an interruption. What cannot be taken is
    listed at the end. A worker files what was imported while nothing else waits.
    """
    if (path is None) == (imap_folder is None):
        raise click.UsageError("Give either PATH or --imap-folder.")
    stop = stop_on_signal()
    start_django("import-mail")
    from ghiseu.ops.old_mail import import_mail

    sys.exit(import_mail(name, path, imap_folder, is_settled=state == "closed", stop=stop))


@cli.command()
def doctor() -> None:
    """Say what is well and what is not, with the remedy. Ends with 1 if something fails."""
    start_django("doctor")
    from ghiseu.ops.doctor import Level, examine

    colours = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}
    failed = False
    for finding in examine():
        failed = failed or finding.level is Level.FAIL
        click.echo(f"{click.style(f'{finding.level:<5}', fg=colours[finding.level])} {finding.text}")
        if finding.remedy:
            click.echo(f"      {finding.remedy}")
    sys.exit(1 if failed else 0)


cli.add_command(search)
import_group.add_command(import_ndjson_command)
cli.add_command(export_command)


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run one of Django's own commands (`ghiseu manage help` lists them)."""
    owner = bool(arguments) and arguments[0] in {"migrate", "flush", "pgtrigger", "dbshell"}
    start_django("manage", owner=owner)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["ghiseu manage", *(arguments or ("help",))])


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the command and of manage.py."""
    cli.main(args=arguments, prog_name="ghiseu")


if __name__ == "__main__":
    main()
