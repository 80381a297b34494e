"""The full-text index: its tables, and the triggers that let no change be forgotten.

Whatever a ticket is found by, whoever changes it and however (an action, an import by COPY, a hand in the database),
the same transaction writes that the ticket is due. Where a ticket is, in which queue and whether in the archive, is
right in its entry at once.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

TICKETS_DUE = """
CREATE FUNCTION tickets_search_due_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'tickets_ticket' THEN
    INSERT INTO tickets_searchdue (ticket_id) SELECT id FROM changed;
  ELSIF TG_TABLE_NAME = 'tickets_article' THEN
    INSERT INTO tickets_searchdue (ticket_id) SELECT DISTINCT ticket_id FROM changed;
  ELSE
    INSERT INTO tickets_searchdue (ticket_id)
    SELECT DISTINCT article.ticket_id FROM changed JOIN tickets_article AS article ON article.id = changed.article_id;
  END IF;
  IF FOUND THEN PERFORM pg_notify('ghiseu_work', 'search'); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION tickets_search_due_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'tickets_ticket' THEN
    INSERT INTO tickets_searchdue (ticket_id) VALUES (NEW.id);
  ELSIF TG_TABLE_NAME = 'tickets_article' THEN
    INSERT INTO tickets_searchdue (ticket_id) VALUES (NEW.ticket_id);
    IF OLD.ticket_id <> NEW.ticket_id THEN INSERT INTO tickets_searchdue (ticket_id) VALUES (OLD.ticket_id); END IF;
  ELSIF TG_TABLE_NAME = 'tickets_attachment' THEN
    INSERT INTO tickets_searchdue (ticket_id)
    SELECT ticket_id FROM tickets_article WHERE id IN (OLD.article_id, NEW.article_id);
  ELSIF TG_TABLE_NAME = 'people_customer' THEN
    INSERT INTO tickets_searchdue (ticket_id) SELECT id FROM tickets_ticket WHERE customer_id = NEW.id;
  ELSE
    INSERT INTO tickets_searchdue (ticket_id)
    SELECT id FROM tickets_ticket WHERE customer_id IN (
      CASE WHEN TG_OP <> 'INSERT' THEN OLD.customer_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.customer_id END);
  END IF;
  IF FOUND THEN PERFORM pg_notify('ghiseu_work', 'search'); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION tickets_search_ticket_is_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tickets_searchentry SET words =
    array_to_tsvector(ARRAY['^q' || NEW.queue_id] || CASE WHEN NEW.archived_at IS NOT NULL THEN ARRAY['^a'] END)
    || ts_delete(words, ARRAY['^a', '^q' || OLD.queue_id, '^q' || NEW.queue_id])
  WHERE ticket_id = NEW.id;
  -- An entry that is being made at this moment may have seen the old place.
  INSERT INTO tickets_searchdue (ticket_id) VALUES (NEW.id);
  PERFORM pg_notify('ghiseu_work', 'search');
  RETURN NULL;
END $$;
"""

# (table, what is done to it, the condition for rows): where rows come and go in masses, once for each statement.
_COME = ("tickets_ticket", "tickets_article", "tickets_attachment")
_GO = ("tickets_article", "tickets_attachment")
_CHANGE = (
    ("tickets_ticket", "number, title, customer_id, created_at"),
    ("tickets_article", "ticket_id, subject, from_name, from_address, text, created_at"),
    ("tickets_attachment", "article_id, filename, blob_id"),
    ("people_customer", "name"),
    ("people_identity", "customer_id, value"),
)


def _triggers() -> str:
    found = []
    for table in _COME:
        found.append(
            f"CREATE TRIGGER search_due_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION tickets_search_due_rows();"
        )
    for table in _GO:
        found.append(
            f"CREATE TRIGGER search_due_gone AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION tickets_search_due_rows();"
        )
    for table, columns in _CHANGE:
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns.split(", "))
        found.append(
            f"CREATE TRIGGER search_due_changed AFTER UPDATE OF {columns} ON {table}"
            f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION tickets_search_due_row();"
        )
    found.append(
        "CREATE TRIGGER search_due_identity AFTER INSERT OR DELETE ON people_identity"
        " FOR EACH ROW EXECUTE FUNCTION tickets_search_due_row();"
        "CREATE TRIGGER search_elsewhere AFTER UPDATE OF queue_id, archived_at ON tickets_ticket FOR EACH ROW"
        " WHEN (OLD.queue_id <> NEW.queue_id OR (OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL))"
        " EXECUTE FUNCTION tickets_search_ticket_is_elsewhere();"
    )
    return "\n".join(found)


def _no_triggers() -> str:
    tables = {*_COME, *(table for table, _ in _CHANGE)}
    names = ("search_due_new", "search_due_gone", "search_due_changed", "search_due_identity", "search_elsewhere")
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {table};" for name in names for table in sorted(tables)]
    functions = ("tickets_search_due_rows", "tickets_search_due_row", "tickets_search_ticket_is_elsewhere")
    return "\n".join([*drops, *(f"DROP FUNCTION {name}();" for name in functions)])


class Migration(migrations.Migration):
    dependencies = [("people", "0004_company_and_absence"), ("tickets", "0011_file_texts")]

    operations = [
        migrations.CreateModel(
            name="SearchDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ticket_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_entry",
                        serialize=False,
                        to="tickets.ticket",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-at", "-ticket"], name="tickets_search_newest"),
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["words"], name="tickets_search_words"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("word", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("ticket_count", models.PositiveIntegerField(default=0)),
                (
                    "cuts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["cuts"], name="tickets_search_cuts")],
            },
        ),
        migrations.RunSQL(TICKETS_DUE + _triggers(), _no_triggers()),
        migrations.RunSQL(
            "INSERT INTO tickets_searchdue (ticket_id) SELECT id FROM tickets_ticket ORDER BY id DESC",
            migrations.RunSQL.noop,
        ),
    ]
