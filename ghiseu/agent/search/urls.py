"""The addresses of the search."""

from django.urls import path, re_path

from ghiseu.agent.search import completion, help, page, similar  # noqa: A004  # our own module

urlpatterns = [
    path("", page.search, name="search"),
    path("more/", page.more, name="search-more"),
    path("options/", completion.completions, name="search-options"),
    path("numbers/", page.numbers, name="search-numbers"),
    path("archive/", page.in_archive, name="search-archive"),
    path("help/", help.how_to_ask, name="search-help"),
    re_path(r"^similar/(?P<number>[0-9A-Za-z-]{1,32})/$", similar.similar_tickets, name="ticket-similar"),
]
