import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from ghiseu.ops import database
from ghiseu.people.models import Agent

pytestmark = pytest.mark.django_db

EVENTS = {
    "SELECT": "SELECT count(*) FROM tickets_event",
    "UPDATE": "UPDATE tickets_event SET kind = 'created'",
    "DELETE": "DELETE FROM tickets_event",
    "TRUNCATE": "TRUNCATE tickets_event",
}


@pytest.fixture
def application_role() -> str:
    """A role as the application has it, inside the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('is_superuser')::bool OR rolcreaterole FROM pg_roles WHERE rolname = user"
        )
        row = cursor.fetchone()
        if row is not None and row[0]:
            cursor.execute("DO $$ BEGIN CREATE ROLE ghiseu; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    database.grant("ghiseu")
    return "ghiseu"


def as_role(role: str, statement: str) -> None:
    """Run one statement as the application's role would, and go back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL ROLE "{role}"')
        cursor.execute(statement)
        cursor.execute("RESET ROLE")


def test_the_application_may_read_history(application_role: str) -> None:
    as_role(application_role, EVENTS["SELECT"])


@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_may_not_change_history(application_role: str, right: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied for table tickets_event"):
        as_role(application_role, EVENTS[right])


def test_the_application_may_add_to_history_and_change_everything_else(application_role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tablename, array_agg(privilege ORDER BY privilege)
            FROM pg_tables, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
            WHERE schemaname = 'public' AND has_table_privilege(%s, quote_ident(tablename), privilege)
            GROUP BY tablename
            """,
            [application_role],
        )
        rights = dict(cursor.fetchall())

    assert rights.pop("tickets_event") == ["INSERT", "SELECT"]
    assert rights.pop("django_migrations") == ["SELECT"]
    assert set(map(tuple, rights.values())) == {("DELETE", "INSERT", "SELECT", "UPDATE")}
    assert set(connection.introspection.table_names()) - rights.keys() == {"tickets_event", "django_migrations"}


def test_protection_is_recognised(application_role: str) -> None:
    assert not database.history_is_protected()  # the owner of a table may do everything with it

    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL ROLE "{application_role}"')
    assert database.history_is_protected()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def test_granting_twice_changes_nothing(application_role: str) -> None:
    database.grant(application_role)

    as_role(application_role, "UPDATE people_agent SET name = name")
    assert Agent.objects.active().count() == 0


def test_all_migrations_of_this_release_are_applied() -> None:
    assert database.missing_migrations() == []


def test_explanations_never_contain_the_password() -> None:
    description = {"NAME": "desk", "HOST": "db.example.com", "PORT": "5432", "PASSWORD": "topsecret"}
    error = psycopg.OperationalError('connection failed: FATAL:  password authentication failed for user "ghiseu"\n')

    sentence = database.explain(description, error, is_embedded=False)

    assert sentence == (
        "The database desk at db.example.com:5432 cannot be used: "
        'FATAL:  password authentication failed for user "ghiseu". '
        "Check DATABASE_URL, and that the server runs and lets this role in."
    )
