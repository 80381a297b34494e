"""How well tickets fit a query, and where in them it fits best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection

from ghiseu.tickets.query.tree import HasWords
from ghiseu.tickets.search import lexemes
from ghiseu.tickets.search.marking import Terms

# Of each ticket the newest messages, and of each message its beginning: enough to show why it was found.
ARTICLES_OF_A_TICKET, CHARACTERS = 20, 8_000

# Weights of D texts, C files, B people, A titles; what is old counts a little less.
_RANK = """
SELECT ticket_id FROM tickets_searchentry WHERE ticket_id = ANY(%s)
ORDER BY ts_rank('{0.2, 0.3, 0.5, 1.0}', words, %s::tsquery, 1) / (1 + extract(epoch FROM now() - at) / 31557600) DESC,
  at DESC, ticket_id DESC
"""
_ARTICLES = f"""
SELECT one.ticket_id, one.id, one.subject, one.sender, one.said
FROM unnest(%s::bigint[]) AS wanted (ticket_id) CROSS JOIN LATERAL (
  SELECT id, ticket_id, subject, from_name || ' ' || from_address AS sender, left(text, {CHARACTERS}) AS said
  FROM tickets_article AS article WHERE article.ticket_id = wanted.ticket_id
  ORDER BY id DESC LIMIT {ARTICLES_OF_A_TICKET}
) AS one
"""  # noqa: S608  # numbers of our own
_FILES = f"""
SELECT article.ticket_id, article.id, attachment.id, attachment.filename, left(coalesce(file.text, ''), {CHARACTERS})
FROM tickets_article AS article JOIN tickets_attachment AS attachment ON attachment.article_id = article.id
LEFT JOIN tickets_filetext AS file ON file.blob_id = attachment.blob_id
WHERE article.ticket_id = ANY(%s) ORDER BY attachment.id DESC LIMIT 200
"""  # noqa: S608  # numbers of our own


def ranked(ticket_ids: Sequence[int], terms: Terms) -> list[int]:
    """The tickets, those first in which the terms stand most and in the best places; without any, as they are."""
    question = lexemes.any_of(_lexemes_of(terms))
    if not question:
        return list(ticket_ids)
    with connection.cursor() as cursor:
        cursor.execute(_RANK, [list(ticket_ids), question])
        return [ticket_id for (ticket_id,) in cursor.fetchall()]


def _lexemes_of(terms: Terms) -> Iterator[str]:
    for term in terms.terms:
        if isinstance(term, HasWords) and term.has_forms:
            yield lexemes.form_query(term.words[0])
        elif isinstance(term, HasWords):
            yield lexemes.any_of(lexemes.lexeme(word) for word in term.words)


def best_articles(ticket_ids: Sequence[int], terms: Terms) -> dict[int, tuple[int | None, int | None]]:
    """For each ticket the article and, where its words stand in a file, the attachment that fits best.

    Best is what has most of the terms, the newest of several. A ticket found by its title alone is left out.
    """
    best: dict[int, tuple[int, int, int | None]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ARTICLES, [list(ticket_ids)])
        articles = [
            (ticket_id, article_id, None, {"subject": subject, "from": sender, "text": said})
            for ticket_id, article_id, subject, sender, said in cursor.fetchall()
        ]
        cursor.execute(_FILES, [list(ticket_ids)])
        files = [(*ids, {"filename": name, "": said}) for *ids, name, said in cursor.fetchall()]
    for ticket_id, article_id, attachment_id, texts in (*articles, *files):
        count = terms.count_in(texts)
        if count > best.get(ticket_id, (0, 0, None))[0]:
            best[ticket_id] = (count, article_id, attachment_id)
    return {ticket_id: (article_id, attachment_id) for ticket_id, (_, article_id, attachment_id) in best.items()}
