"""Names in a query that nothing has: no error, because a queue may come back, but worth a word beside the answer."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ghiseu.lib.folding import fold_line
from ghiseu.tickets.query.complete import ValuesOf
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.fields import Kind, near
from ghiseu.tickets.query.tree import Query, Same


def unknown_names(query: Query, values: ValuesOf) -> list[QueryError]:
    """Names of queues, states and the like that are not among those `values` knows, with what was perhaps meant.

    Nothing is raised. `values` gives what this agent may see, as for completion, so that a hint gives nothing away.
    """
    found: list[QueryError] = []
    for test in query.tests():
        if test.field.kind != Kind.CHOICE or not test.field.values:
            continue
        known = {fold_line(name): name for name in values(test.field)}
        for value in test.any_of:
            if not isinstance(value.predicate, Same) or value.predicate.text in known:
                continue
            instead = tuple(known[name] for name in near(value.predicate.text, known))
            words = {"field": test.field.name, "name": query.text[value.start : value.end]}
            message = _("Nothing is named “%(name)s” in “%(field)s”.") % words
            if instead:
                message = _("Nothing is named “%(name)s” in “%(field)s”. Did you mean %(near)s?")
                message %= words | {"near": _(" or ").join(instead)}
            found.append(QueryError(message, query.text, value.start, value.end, instead=instead))
    return found
