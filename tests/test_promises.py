"""Every promise about mail names its tests, and every test that is named is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
EXPECTED = [*(f"M{n}" for n in range(1, 8)), *(f"I{n}" for n in range(1, 8)), *(f"O{n}" for n in range(1, 9))]
EXPECTED += [*(f"W{n}" for n in range(1, 9)), "P2", "P3"]


def rows() -> dict[str, list[str]]:
    """The promises of the tables, with the tests that hold them."""
    found = re.findall(r"^\| ([A-Z]\d+) \|[^|]+\|([^|]+)\|$", PAGE, flags=re.MULTILINE)
    return {name: re.findall(r"`(\w+)`", tests) for name, tests in found}


def test_every_promise_stands_on_the_page_with_a_test() -> None:
    assert sorted(rows()) == sorted(EXPECTED)
    assert [name for name, tests in rows().items() if not tests] == []


def test_every_test_that_is_named_is_there() -> None:
    sources = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", sources, flags=re.MULTILINE))

    assert sorted({test for tests in rows().values() for test in tests} - there) == []
