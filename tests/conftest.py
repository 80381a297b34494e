"""The suite brings its own PostgreSQL: one server for a run, one database for each worker, all gone afterwards.

TEST_DATABASE_URL names another server (its role must be allowed to create databases). Nothing of the caller's settings
reaches the tests.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from pytest_django.plugin import blocking_manager_key

SERVER_SECONDS = 60
pytest_plugins = ["tests.cast"]

for name in list(os.environ):
    if name.startswith("GHISEU_") or name == "DATABASE_URL":
        del os.environ[name]
HOME = Path(tempfile.mkdtemp(prefix="ghiseu-tests-"))
(HOME / "static").mkdir()
os.environ |= {
    "GHISEU_HOME": str(HOME),
    # What an agent sends leaves at once; tests about taking back set their own time.
    "GHISEU_UNDO_SECONDS": "0",
    "GHISEU_SECRET_KEY": "for tests only, " * 4,
    "DJANGO_SETTINGS_MODULE": "ghiseu.settings",
}
ANSWER = "GHISEU_TEST_SERVER_ANSWER"
server: subprocess.Popen[bytes] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Settings that make tests fast; the server starts now only where several workers will share it."""
    import hypothesis
    from django.conf import settings

    # How long an example takes says how busy the machine is, and nothing about the code.
    hypothesis.settings.register_profile("ghiseu", deadline=None)
    hypothesis.settings.load_profile("ghiseu")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    if "PYTEST_XDIST_WORKER" not in os.environ and getattr(config.option, "numprocesses", None):
        start_server()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that really commit empty the database afterwards, of all that migrations laid down too (states)."""
    for item in items:
        if commits(item):
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Put back what migrations laid down: the next test of this worker may be one that rolls back."""
    yield
    from django.db import connection

    laid_down = getattr(connection, "_test_serialized_contents", None)
    if commits(item) and nextitem is not None and laid_down is not None:
        with item.config.stash[blocking_manager_key].unblock():
            connection.creation.deserialize_db_from_string(laid_down)


def commits(item: pytest.Item) -> bool:
    """Whether the test works on the database without a transaction around it."""
    marker = item.get_closest_marker("django_db")
    fixtures = getattr(item, "fixturenames", [])
    return "transactional_db" in fixtures or (marker is not None and bool(marker.kwargs.get("transaction")))


def pytest_unconfigure() -> None:
    if server is not None:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(timeout=SERVER_SECONDS)
    shutil.rmtree(HOME, ignore_errors=True)


def start_server() -> None:
    """Start the server beside us; who needs it waits for its answer."""
    global server  # noqa: PLW0603 -- one for the whole run
    if "TEST_DATABASE_URL" in os.environ or ANSWER in os.environ:
        return
    os.environ[ANSWER] = str(HOME / "database-answer")
    server = subprocess.Popen(
        [sys.executable, "-m", "ghiseu.ops.ephemeral", os.environ[ANSWER]],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def server_url() -> str:
    """The address of the run's PostgreSQL, waiting for it to be ready."""
    if "TEST_DATABASE_URL" in os.environ:
        return os.environ["TEST_DATABASE_URL"]
    start_server()
    answer = Path(os.environ[ANSWER])
    deadline = time.monotonic() + SERVER_SECONDS
    while not answer.exists():
        if time.monotonic() > deadline:
            pytest.exit("The private PostgreSQL for the tests did not start within a minute.", returncode=3)
        time.sleep(0.02)
    text = answer.read_text()
    if not text.startswith("ready: "):
        pytest.exit(text, returncode=3)
    return text.removeprefix("ready: ")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Called by pytest-django before it makes the test database: point Django to the run's server."""
    from django.conf import settings
    from django.db import connections

    from ghiseu.settings import database

    description = database("TEST_DATABASE_URL", server_url())
    for target in (settings.DATABASES["default"], connections.settings["default"]):
        target.update(description)


@pytest.fixture(autouse=True)
def states_of_a_new_desk(request: pytest.FixtureRequest) -> None:
    """A test that commits empties every table behind it; the states that a migration made are put back first."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")) and "transactional_db" not in request.fixturenames:
        return
    request.getfixturevalue("transactional_db")
    migration = importlib.import_module("ghiseu.tickets.migrations.0002_states_and_numbers")
    from django.apps import apps

    migration.add_states(apps, None)
