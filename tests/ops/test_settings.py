from pathlib import Path

import pytest

from ghiseu.ops import embedded
from ghiseu.settings import database
from tests.ops.machine import ghiseu


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "GHISEU_PORT",
            "eighty",
            "GHISEU_PORT is 'eighty'. It takes a whole number from 1 to 65535; the default is 8080.",
        ),
        ("GHISEU_PORT", "0", "GHISEU_PORT is '0'. It takes a whole number"),
        ("GHISEU_LMTP_PORT", "70000", "GHISEU_LMTP_PORT is '70000'. It takes a whole number"),
        ("GHISEU_MAIL_MAX_BYTES", "50MB", "GHISEU_MAIL_MAX_BYTES is '50MB'. It takes a whole number from 1000000"),
        ("GHISEU_LANGUAGE", "fr", "GHISEU_LANGUAGE is 'fr'. It takes one of en, ro"),
        ("GHISEU_LOG_LEVEL", "loud", "GHISEU_LOG_LEVEL is 'loud'. It takes one of DEBUG, INFO, WARNING, ERROR"),
        ("GHISEU_TIME_ZONE", "Chisinau", "GHISEU_TIME_ZONE is 'Chisinau'. It takes a name of the time zone database"),
        ("GHISEU_BASE_URL", "help.example.com", "GHISEU_BASE_URL is 'help.example.com'. It takes an address"),
        ("GHISEU_BASE_URL", "https://example.com/desk", "It takes an address without a path"),
        ("GHISEU_MAIL_DOMAIN", "not a domain", "GHISEU_MAIL_DOMAIN is 'not a domain'. It takes a domain"),
        ("GHISEU_SMTP_URL", "mail.example.com", "GHISEU_SMTP_URL cannot be used. It takes smtp://"),
        ("GHISEU_SECRET_KEY", "short", "GHISEU_SECRET_KEY is too short. It takes at least 32"),
        ("DATABASE_URL", "mysql://root@localhost/desk", "only PostgreSQL 15 or newer will do"),
        ("DATABASE_URL", "postgresql://user@localhost/", "DATABASE_URL names no database"),
        ("DATABASE_URL", "postgresql://user@localhost:port/desk", "DATABASE_URL cannot be read"),
        ("GHISEU_OWNER_DATABASE_URL", "desk", "GHISEU_OWNER_DATABASE_URL names"),
        ("GHISEU_HOME", "/proc/ghiseu", "The data folder /proc/ghiseu cannot be used"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_with_its_name(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    settings = {"GHISEU_HOME": str(tmp_path)} | ({"DATABASE_URL": "postgresql://a@b/c"} if "OWNER" in name else {})

    result = ghiseu("web", settings=settings | {name: value})

    assert result.returncode == 1
    assert sentence in result.stderr.decode()
    assert result.stderr.decode().startswith("ghiseu: ")
    assert len(result.stderr.decode().splitlines()) == 1


def test_a_password_in_a_setting_is_never_repeated(tmp_path: Path) -> None:
    for name, value in {"DATABASE_URL": "mysql://u:topsecret@h/d", "GHISEU_SMTP_URL": "imap://u:topsecret@h"}.items():
        result = ghiseu("web", settings={"GHISEU_HOME": str(tmp_path), name: value})

        assert b"topsecret" not in result.stdout + result.stderr


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ghiseu("web", settings={"GHISEU_HOME": str(home)})
    key = (home / "keys" / "secret").read_text()
    ghiseu("web", settings={"GHISEU_HOME": str(home)})

    assert (home / "keys" / "secret").read_text() == key
    assert len(key) >= 50
    assert (home / "keys" / "secret").stat().st_mode & 0o777 == 0o600
    assert (home / "keys").stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in (home / "keys").iterdir()] == ["secret"]


def test_a_database_url_is_read_with_password_port_and_options() -> None:
    description = database("DATABASE_URL", "postgresql://ghiseu:p%40ss@db.example.com:6432/desk?sslmode=require")

    assert {name: description[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "desk",
        "USER": "ghiseu",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "6432",
    }
    assert description["OPTIONS"]["sslmode"] == "require"


def test_a_socket_folder_with_spaces_survives_the_way_through_the_url(tmp_path: Path) -> None:
    location = embedded.locate(tmp_path)

    assert database("DATABASE_URL", location.url())["HOST"] == str(location.sockets)
    assert database("DATABASE_URL", "postgresql:///desk?host=/run/my%20socket&user=ghiseu")["HOST"] == "/run/my socket"
