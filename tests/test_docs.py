"""The documents cannot lie: links lead somewhere, and every setting, command and kind of event is described."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ghiseu.cli import cli

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SETTINGS_PAGE = DOCS / "operating" / "settings.md"
# Said between processes of ours; nobody sets them.
INTERNAL = {"GHISEU_LIFELINE", "GHISEU_BEGAN", "GHISEU_TEST_SERVER_ANSWER"}

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_NAMED = re.compile(r"^(?P<file>[^#]*)(?:#(?P<anchor>.*))?$")


def links() -> Iterator[tuple[Path, str]]:
    """Every link of every document, as (document, target); what stands in code is none."""
    for document in DOCUMENTS:
        for target in _LINK.findall(re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)):
            yield document, target


def anchors(document: Path) -> set[str]:
    """The names of a document's headings, as they stand in addresses."""
    text = _CODE.sub(
        lambda code: code[0].strip("`") if "\n" not in code[0] else "", document.read_text(encoding="utf-8")
    )
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def defines(path: Path, symbol: str) -> bool:
    """Whether the Python file has this class, function or name at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == symbol:
            return True
        if isinstance(node, ast.Assign | ast.AnnAssign) and symbol in ast.unparse(node).split("=")[0]:
            return True
    return False


def commands(group: click.Group, *before: str) -> Iterator[str]:
    """Every command as people type it, `agent add`."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        elif not command.hidden:
            yield " ".join([*before, name])


def all_text(*documents: Path) -> str:
    return "\n".join(document.read_text(encoding="utf-8") for document in documents)


def test_headings_are_headings() -> None:
    for document in DOCUMENTS:
        text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"^#+[^# ].*", text, flags=re.MULTILINE) == [], document.name


def test_there_are_documents() -> None:
    names = {str(document.relative_to(ROOT)) for document in DOCUMENTS}

    assert names >= {
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/tour.md",
        "docs/glossary.md",
        "docs/architecture.md",
        "docs/operating/settings.md",
    }


def test_every_link_leads_somewhere() -> None:
    broken = []
    for document, target in links():
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        file, anchor = (_NAMED.match(target) or ["", "", ""]).groups()  # type: ignore[union-attr]
        path = (document.parent / file).resolve() if file else document
        wrong_anchor = anchor and path.suffix == ".md" and path.exists() and anchor not in anchors(path)
        wrong_symbol = anchor and path.suffix == ".py" and path.exists() and not defines(path, anchor)
        if not path.exists() or not path.is_relative_to(ROOT) or wrong_anchor or wrong_symbol:
            broken.append(f"{document.relative_to(ROOT)}: {target}")

    assert broken == []


def test_every_file_named_in_the_text_is_there() -> None:
    """`ghiseu/mail/inbound/store.py` in running text, and `store.py#keep`-like names in links."""
    missing = {
        f"{document.relative_to(ROOT)}: {name}"
        for document in DOCUMENTS
        for name in re.findall(r"`((?:ghiseu|tests|docs|deploy|bench)/[\w./-]+)`", document.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    }

    assert missing == set()


def test_every_setting_is_documented() -> None:
    used = set()
    for path in (ROOT / "ghiseu").rglob("*.py"):
        used |= set(re.findall(r"\b(?:GHISEU_[A-Z_]+[A-Z]|DATABASE_URL)\b", path.read_text(encoding="utf-8")))
    described = set(re.findall(r"`((?:GHISEU_[A-Z_]+|DATABASE_URL))`", SETTINGS_PAGE.read_text(encoding="utf-8")))

    assert used - INTERNAL - described == set()
    assert described - used == set()


def test_every_command_is_documented() -> None:
    text = all_text(
        ROOT / "README.md", *sorted((DOCS / "operating").glob("*.md")), *sorted((DOCS / "using").glob("*.md"))
    )
    missing = [command for command in commands(cli) if f"ghiseu {command}" not in text]

    assert missing == []


def test_every_verb_of_the_makefile_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    text = all_text(ROOT / "README.md", ROOT / "CONTRIBUTING.md")

    assert [verb for verb in verbs if verb != "help" and f"make {verb}" not in text] == []


def test_every_kind_of_event_is_explained() -> None:
    from ghiseu.tickets.models import Kind

    text = all_text(DOCS / "glossary.md", DOCS / "architecture.md")

    assert [kind.value for kind in Kind if f"`{kind.value}`" not in text] == []


def test_every_right_is_explained() -> None:
    from ghiseu.tickets.permissions import Right

    text = all_text(DOCS / "glossary.md", DOCS / "architecture.md")

    assert [right.value for right in Right if f"`{right.value}`" not in text] == []


def test_every_key_is_documented() -> None:
    keys = re.findall(r'key\("([^"]+)"', (ROOT / "ghiseu/ui/templates/ui/keys.html").read_text(encoding="utf-8"))
    described = re.findall(
        r"^\| `([^`]+)` \|", (DOCS / "using" / "agents.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )

    assert keys != []
    assert sorted(described) == sorted(keys)


def test_every_table_stands_in_the_architecture() -> None:
    from django.apps import apps

    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    tables = [
        model.__name__ for room in ("people", "tickets", "mail") for model in apps.get_app_config(room).get_models()
    ]

    assert [name for name in tables if f"`{name}`" not in text] == []


def test_every_room_stands_in_the_architecture() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = sorted(path.parent.name for path in (ROOT / "ghiseu").glob("*/__init__.py"))

    assert [room for room in rooms if f"`{room}`" not in text] == []


@pytest.mark.parametrize("document", sorted((DOCS / "decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_every_decision_says_why_and_what_would_change_it(document: Path) -> None:
    headings = re.findall(r"^## (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert headings == ["Context", "Decision", "What would change our mind"]


def test_every_decision_stands_in_the_list() -> None:
    listed = set(re.findall(r"\(([0-9][\w-]+\.md)\)", (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")))

    assert listed == {path.name for path in (DOCS / "decisions").glob("[0-9]*.md")}


def test_pictures_are_small() -> None:
    pictures = [path for path in (DOCS / "images").iterdir() if path.suffix in (".png", ".webp")]

    assert pictures != []
    assert [path.name for path in pictures if path.stat().st_size > 300_000] == []
