"""Settings and commands must be documented, or the build fails."""

import re
from pathlib import Path

import click

from ghiseu.cli import cli
from tests.ops.machine import ghiseu

ROOT = Path(__file__).parents[2]
OPERATING = ROOT / "docs" / "operating"
# Handed from one of our processes to the next; not for people.
INTERNAL = {"GHISEU_LIFELINE", "GHISEU_BEGAN"}


def commands(group: click.Group, above: tuple[str, ...] = ()) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, (*above, name))
        else:
            found[" ".join((*above, name))] = command
    return found


def test_every_setting_that_the_code_reads_is_documented_and_no_other() -> None:
    sources = [path.read_text() for path in (ROOT / "ghiseu").rglob("*.py")]
    read = set(re.findall(r"\b(?:GHISEU_[A-Z_]+|DATABASE_URL)\b", "\n".join(sources))) - INTERNAL

    documented = set(re.findall(r"^\| `([A-Z_]+)`", (OPERATING / "settings.md").read_text(), re.MULTILINE))

    assert documented == read


def test_every_command_is_documented_and_no_other() -> None:
    text = (OPERATING / "commands.md").read_text()
    documented = set(re.findall(r"`ghiseu ([a-z-]+(?: (?:add|check|grant|rebuild|sign-in|mail|ndjson))?)(?= |`)", text))

    assert documented == set(commands(cli))


def test_every_option_of_mail_in_and_mail_parse_is_documented() -> None:
    text = (OPERATING / "commands.md").read_text()

    for name in ("mail-in", "mail-parse", "prepare", "agent add", "queue add", "role grant"):
        options = [option for parameter in commands(cli)[name].params for option in parameter.opts if "-" in option]
        assert [option for option in options if option not in text] == [], name


def test_every_command_says_what_it_does() -> None:
    for name, command in commands(cli).items():
        assert command.help, name
        assert command.help.strip().splitlines()[0].endswith("."), name


def test_help_needs_no_usable_setting_and_no_database() -> None:
    for name in commands(cli):
        if name != "manage":
            result = ghiseu(*name.split(), "--help", settings={"GHISEU_PORT": "wrong", "GHISEU_HOME": "/proc/nowhere"})
            assert (result.returncode, result.stderr) == (0, b""), name
