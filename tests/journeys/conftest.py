"""The real parts, each started for the tests and ended with them. A missing part fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.mailhouse import MailHouse, open_house
from tests.ops.machine import folder

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        raise AssertionError(f"The journeys need {CHROMIUM}. See tests/journeys/README.md for what to install.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def house() -> Iterator[MailHouse]:
    with open_house() as house:
        yield house


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as home:
        yield home
