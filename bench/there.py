"""What a filled desk has to look at, whoever filled it: asked of its database."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

OPEN = "state_type IN ('new', 'open', 'pending_reminder', 'pending_auto')"
LONG_TICKETS = (300, 3000)
SIZES = (3, 30, *LONG_TICKETS)
TICKETS_OF_A_SIZE = 50


@dataclass
class There:
    """`by_size` holds the numbers of some tickets by their count of articles, the nearest there is to each of SIZES."""

    tickets: int = 0
    articles: int = 0
    large_queue: int = 0
    open_in_large: int = 0
    small_queue: int = 0
    busiest_customer: int = 0
    busiest_has: int = 0
    by_size: dict[int, list[str]] = field(default_factory=dict)


def look(connection: psycopg.Connection) -> There:
    """Make what the workload lacks (very long tickets, addresses to answer from), and see what is there."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
    connection.execute("CREATE TABLE IF NOT EXISTS bench.floor (id bigserial PRIMARY KEY, raw text)")
    connection.execute(
        "UPDATE tickets_queue SET address = 'queue-' || id || '@desk.example' WHERE address = '' AND is_active"
    )
    for size in LONG_TICKETS:
        _make_long(connection, size)
    there = There()
    there.tickets, there.articles = _row(connection, "SELECT count(*), sum(article_count) FROM tickets_ticket")
    ranked = connection.execute(
        f"SELECT queue_id, count(*) FROM tickets_ticket WHERE {OPEN} GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    (there.large_queue, there.open_in_large), (there.small_queue, _few) = ranked[0], ranked[-1]
    there.busiest_customer, there.busiest_has = _row(
        connection, "SELECT customer_id, count(*) FROM tickets_ticket GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    for size in SIZES:
        (nearest,) = _row(
            connection, "SELECT article_count FROM tickets_ticket ORDER BY abs(article_count - %s) LIMIT 1", size
        )
        numbers = connection.execute(
            "SELECT number FROM tickets_ticket WHERE article_count = %s ORDER BY id DESC LIMIT %s",
            [nearest, TICKETS_OF_A_SIZE],
        ).fetchall()
        there.by_size[size] = [number for (number,) in numbers]
    return there


def _row(connection: psycopg.Connection, query: str, *values: object) -> tuple[int, ...]:
    row = connection.execute(query.encode(), values).fetchone()
    if row is None or row[0] is None:
        raise SystemExit("The desk is empty: there is nothing to measure.")
    return row


def _make_long(connection: psycopg.Connection, size: int) -> None:
    """A ticket with the articles of many, under a number that says its size."""
    number = f"2025123199{size:05}"
    if connection.execute("SELECT 1 FROM tickets_ticket WHERE number = %s", [number]).fetchone():
        return
    columns = [
        name
        for (name,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
            " AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'number', 'article_count') ORDER BY 1",
            ["tickets_ticket"],
        )
    ]
    copied = ", ".join(f'"{name}"' for name in columns)
    (ticket,) = _row(
        connection,
        f"INSERT INTO tickets_ticket ({copied}, number, article_count) SELECT {copied}, %s, %s FROM tickets_ticket"
        f" WHERE {OPEN} ORDER BY id DESC LIMIT 1 RETURNING id",
        number,
        size,
    )
    article = (
        "sender_type, channel, is_visible_to_customer, is_verified, sender_sign, agent_id, customer_id, from_name,"
        ' from_address, "to", cc, reply_to, subject, text, reply_text, html, written_at, created_at'
    )
    connection.execute(
        f"INSERT INTO tickets_article (ticket_id, message_id, in_reply_to, {article})"
        f" SELECT %s, '', '', {article} FROM tickets_article ORDER BY id LIMIT %s",
        [ticket, size],
    )
