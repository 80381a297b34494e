"""The shape of the house: which room may know which, and how large anything may grow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ghiseu"

# From the ground up; a module may import its own floor and those below. `sla` and `people` stand side by side.
FLOORS: dict[str, int] = {
    "lib": 0,
    "people": 1,
    "sla": 1,
    "tickets": 2,
    "mail": 3,
    "ops": 4,
    "ui": 5,
    "importing": 5,
    "agent": 6,
}
TOP = 7  # settings, urls, cli, asgi, wsgi
ROOMS_WITH_TABLES = {"people", "tickets", "mail"}
HTTP = ("django.http", "django.shortcuts", "django.views", "django.urls", "django.template", "django.middleware")

MOST_LINES = {".py": 500, ".html": 120, ".jinja": 120, ".js": 150, ".css": 300}
MOST_LINES_OF_A_FUNCTION = 60
JOURNEY_FILES = 12
JOURNEY_LINES = 1_500


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> int:
    parts = module.split(".")
    return FLOORS.get(parts[1], TOP) if len(parts) > 1 else TOP


def imports_of(path: Path) -> Iterator[str]:
    """Every module and name that the file imports, also inside functions and for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(path, node)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = list(path.relative_to(ROOT).parts[:-1])
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def ours(imports: Iterator[str]) -> set[str]:
    """The modules of ours among them, without names that are no module."""
    return {name for name in imports if name.startswith("ghiseu.") and _is_module(name)}


def _is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_every_room_has_its_floor() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert rooms - set(FLOORS) == set()


def test_imports_point_downwards_only() -> None:
    upwards = {
        f"{name_of(path)} imports {target}"
        for path in modules()
        for target in ours(imports_of(path))
        if floor_of(target) > floor_of(name_of(path))
    }

    assert upwards == set()


def test_rooms_of_one_floor_do_not_know_each_other() -> None:
    across = {
        f"{name_of(path)} imports {target}"
        for path in modules()
        for target in ours(imports_of(path))
        if floor_of(target) == floor_of(name_of(path)) < TOP and target.split(".")[1] != name_of(path).split(".")[1]
    }

    assert across == set()


@pytest.mark.parametrize("room", ["lib", "sla"])
def test_leaf_rooms_know_nothing_of_the_desk(room: str) -> None:
    """`lib` and `sla` could be published alone: no import of ours, no tables, no requests."""
    foreign = {
        f"{name_of(path)} imports {target}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for target in imports_of(path)
        if (target.startswith("ghiseu") and not target.startswith(f"ghiseu.{room}"))
        or target.startswith(("django.db", "django.apps", *HTTP))
    }

    assert foreign == set()


@pytest.mark.parametrize("room", ["people", "tickets", "mail"])
def test_the_heart_knows_no_requests(room: str) -> None:
    found = {
        f"{name_of(path)} imports {target}"
        for path in modules()
        if name_of(path).startswith(f"ghiseu.{room}.")
        for target in imports_of(path)
        if target.startswith(HTTP)
    }

    assert found == set()


def test_tickets_know_no_mail() -> None:
    libraries = ("email", "smtplib", "imaplib", "imap_tools", "aiosmtpd")
    found = {
        f"{name_of(path)} imports {target}"
        for path in modules()
        if name_of(path).startswith("ghiseu.tickets")
        for target in imports_of(path)
        if target.split(".")[0] in libraries
    }

    assert found == set()


def test_only_the_rooms_of_the_heart_have_tables() -> None:
    with_models = {
        name_of(path).split(".")[1]
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "models.Model" for base in node.bases)
    }
    with_migrations = {path.parent.name for path in PACKAGE.rglob("migrations")}

    assert with_models == ROOMS_WITH_TABLES
    assert with_migrations == ROOMS_WITH_TABLES


def test_the_rooms_talk_by_calls_and_not_by_signals() -> None:
    ways = ("django.dispatch", "django.db.models.signals")
    found = {name_of(path) for path in modules() for target in imports_of(path) if target.startswith(ways)}

    assert found == set()


def test_no_file_is_too_long() -> None:
    generated = {"migrations", "locale"}
    too_long = {
        f"{path.relative_to(ROOT)}: {lines} lines, at most {most}"
        for path in sorted(PACKAGE.rglob("*"))
        if (most := MOST_LINES.get(path.suffix)) and not generated & set(path.parts)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > most
    }

    assert too_long == set()


def test_no_function_is_too_long() -> None:
    too_long = {
        f"{name_of(path)}.{node.name}: {lines} lines, at most {MOST_LINES_OF_A_FUNCTION}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }

    assert too_long == set()


def test_one_mail_from_arrival_to_answer_is_a_dozen_small_files() -> None:
    """The files that the stops of docs/tour.md name, each once; blank lines cost a reader nothing."""
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    stops = dict.fromkeys(re.findall(r"^\d+\. \[`(ghiseu/[\w/]+\.py)`\]", tour, flags=re.MULTILINE))
    lines = [line for stop in stops for line in (ROOT / stop).read_text(encoding="utf-8").splitlines() if line.strip()]

    assert 8 <= len(stops) <= JOURNEY_FILES
    assert len(lines) <= JOURNEY_LINES
