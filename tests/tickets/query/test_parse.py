import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghiseu.lib.folding import fold_line
from ghiseu.tickets.query import limits
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.fields import Field, Kind, Vocabulary
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.times import NOW, Moment, Offset, RelativeSpan, Span
from ghiseu.tickets.query.tree import (
    AddressIs,
    And,
    Below,
    Between,
    Contains,
    DomainIs,
    Everything,
    Exists,
    FieldTest,
    HasWords,
    IsMe,
    Limit,
    Node,
    Not,
    Or,
    Query,
    Same,
    StartsWith,
)

SIZES = Vocabulary(
    "files",
    [Field("size", Kind.NUMBER, "", is_in_bytes=True), Field("name", Kind.TEXT, "")],
    anything=Field("anything", Kind.TEXT, ""),
)


def shape(node: Node) -> object:
    """The tree without its places: a test is its field's name and what is asked."""
    match node:
        case FieldTest():
            return (node.field.name, *node.predicates)
        case Not(part):
            return ("not", shape(part))
        case And(parts):
            return ("and", *(shape(part) for part in parts))
        case Or(parts):
            return ("or", *(shape(part) for part in parts))
        case Everything():
            return "everything"


def read(text: str) -> object:
    return shape(parse(text, TICKETS).root)


def word(*words: str, star: bool = False) -> object:
    return ("anything", HasWords(words, star))


def forms(word: str) -> object:
    return ("anything", HasWords((word,), has_forms=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "everything"),
        ("  \n ", "everything"),
        ("școală", forms("scoala")),
        ("word*", word("word", star=True)),
        ('"illegal content"', word("illegal", "content")),
        ('"site dow"*', word("site", "dow", star=True)),
        ("„conținut ilegal” «нет» “a b”", ("and", word("continut", "ilegal"), word("нет"), word("a", "b"))),
        ('"say \\"hi\\" \\\\"', word("say", "hi")),
        ("vera@site.example", word("vera", "site", "example")),
        ("a b", ("and", forms("a"), forms("b"))),
        ("a AND b", ("and", forms("a"), forms("b"))),
        ("a OR b c", ("or", forms("a"), ("and", forms("b"), forms("c")))),
        ("(a OR b) c", ("and", ("or", forms("a"), forms("b")), forms("c"))),
        ("-a", ("not", forms("a"))),
        ("NOT (a b)", ("not", ("and", forms("a"), forms("b")))),
        ("NOT -a", ("not", ("not", forms("a")))),
        ("((a))", forms("a")),
        ('"a"', word("a")),
        ("site - down & !", ("and", forms("site"), forms("down"))),
        ("or and not", ("and", forms("or"), forms("and"), forms("not"))),
        ("ORAL", forms("oral")),
        ("10:30", word("10", "30")),
        ("https://site.example/a?b=c", word("https", "site", "example", "a", "b", "c")),
        ("fe80::1 Abuse::Malware", ("and", word("fe80", "1"), word("abuse", "malware"))),
        ("Vera <vera@site.example>", ("and", forms("vera"), word("vera", "site", "example"))),
        ("-queue:Sales", ("not", ("queue", Same("sales")))),
    ],
)
def test_words_and_how_they_are_joined(text: str, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue:Vânzări", ("queue", Same("vanzari"))),
        ("QUEUE: Sales", ("queue", Same("sales"))),
        ("queue:(A, Sales Desk)", ("queue", Same("a"), Same("sales desk"))),
        ('queue:(A OR "B, C")', ("queue", Same("a"), Same("b, c"))),
        ("queue:A,B", ("queue", Same("a"), Same("b"))),
        ("queue:Abuse::*", ("queue", Below("abuse"))),
        ("queue:Abuse*", ("queue", StartsWith("abuse"))),
        ("queue:~buse", ("queue", Contains("buse"))),
        ("queue!=Sales", ("not", ("queue", Same("sales")))),
        ('title:"site down"', ("subject", HasWords(("site", "down")))),
        ("subject:inv*", ("subject", HasWords(("inv",), is_prefix=True))),
        ("subject~voic", ("subject", Contains("voic"))),
        ("subject:~50%", ("subject", Contains("50%"))),
        ("subject:~x*", ("subject", Contains("x*"))),
        ("subject=Refund", ("subject", Same("refund"))),
        ('subject="*"', ("subject", Same("*"))),
        ("from:@Bank.example", ("from", DomainIs("bank.example"))),
        ("from:Vera@Site.example", ("from", AddressIs("vera@site.example"))),
        ("from:vera@*", ("from", StartsWith("vera@"))),
        ("from:vera", ("from", HasWords(("vera",)))),
        ("owner:me", ("owner", IsMe())),
        ('owner:"me"', ("owner", HasWords(("me",)))),
        ("owner=ana", ("owner", Same("ana"))),
        ("owner:none", ("not", ("owner", Exists()))),
        ("owner:any", ("owner", Exists())),
        ("owner:*", ("owner", Exists())),
        ("site:https://user@www.A.example:8080/x?y#z", ("site", Same("www.a.example"))),
        ("site:hxxp://a[.]example/", ("site", Same("a.example"))),
        ("site:shop*", ("site", StartsWith("shop"))),
        ("site:~a/b", ("site", Contains("a/b"))),
        ('from:"Vera M. <Vera@site.example>"', ("from", AddressIs("vera@site.example"))),
        ("owner:(ana,none)", ("or", ("not", ("owner", Exists())), ("owner", HasWords(("ana",))))),
        ("was:owner=ana", ("was:owner", Same("ana"))),
        ("was:owner:(ana,me)", ("was:owner", HasWords(("ana",)), IsMe())),
        ("has:attachment", ("has", Same("attachment"))),
        ("is:Open,new", ("is", Same("open"), Same("new"))),
        ("in:archive", ("in", Same("archive"))),
        ("state.type:pending_auto", ("state.type", Same("pending_auto"))),
    ],
)
def test_names_texts_and_people(text: str, expected: object) -> None:
    assert read(text) == expected


def at_least(value: int | dt.timedelta | Moment) -> Between:
    return Between(Limit(value, True), None)


def within(value: int) -> Between:
    return Between(Limit(value, True), Limit(value, True))


DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("priority>=high", ("priority", at_least(3))),
        ("priority >= high", ("priority", at_least(3))),
        ("priority:>=high", ("priority", at_least(3))),
        ("priority:high", ("priority", within(3))),
        ("priority:4", ("priority", within(4))),
        ("priority:low..normal", ("priority", Between(Limit(1, True), Limit(2, True)))),
        ("priority<urgent", ("priority", Between(None, Limit(4, False)))),
        ("replies>3", ("replies", Between(Limit(3, False), None))),
        ("replies:0", ("replies", within(0))),
        ("replies:2..", ("replies", at_least(2))),
        ("age>2d", ("age", Between(Limit(2 * DAY, False), None))),
        ("age<=1d12h", ("age", Between(None, Limit(36 * HOUR, True)))),
        ("age:2d", ("age", Between(Limit(2 * DAY, True), Limit(3 * DAY, False)))),
        ("age:1h..90min", ("age", Between(Limit(HOUR, True), Limit(1.5 * HOUR, True)))),
        ('waiting>"3 weeks"', ("waiting", Between(Limit(21 * DAY, False), None))),
        ("waiting:none", ("not", ("waiting", Exists()))),
    ],
)
def test_numbers_and_durations(text: str, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("size>5MB", Between(Limit(Decimal(5 * 1024 * 1024), False), None)),
        ("size<=1.5kb", Between(None, Limit(Decimal(1536), True))),
        ("size:10k..1m", Between(Limit(Decimal(10_240), True), Limit(Decimal(1_048_576), True))),
    ],
)
def test_sizes(text: str, expected: Between) -> None:
    assert shape(parse(text, SIZES).root) == ("size", expected)


def span(*first_and_behind: str) -> Span:
    return Span(*(dt.datetime.fromisoformat(text) for text in first_and_behind))


JANUARY, MARCH = span("2026-01-01", "2026-02-01"), span("2026-03-01", "2026-04-01")
A_DAY, LAST_WEEK = span("2026-01-17", "2026-01-18"), RelativeSpan("week", -1)


def inside(when: Span | RelativeSpan) -> Between:
    return Between(Limit(Moment(when, "start"), True), Limit(Moment(when, "end"), False))


def moment(when: Span | RelativeSpan | Offset, edge: str, *, inclusive: bool) -> Limit:
    return Limit(Moment(when, "start" if edge == "start" else "end"), inclusive)


RIGHT_NOW = moment(NOW, "start", inclusive=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01", inside(JANUARY)),
        ("2026-1", inside(JANUARY)),
        ("2026", inside(span("2026-01-01", "2027-01-01"))),
        ("2026-01-17", inside(A_DAY)),
        ("17.01.2026", inside(A_DAY)),
        ("2026-01-17T10:30", inside(span("2026-01-17T10:30", "2026-01-17T10:31"))),
        ('"17.01.2026 10:30"', inside(span("2026-01-17T10:30", "2026-01-17T10:31"))),
        ("today", inside(RelativeSpan("day", 0))),
        ("last week", inside(LAST_WEEK)),
        ("last-week", inside(LAST_WEEK)),
        ('"Last Week"', inside(LAST_WEEK)),
        ("2026-01..2026-03", Between(inside(JANUARY).low, inside(MARCH).high)),
        ("..2026-03", Between(None, inside(MARCH).high)),
        ("-7d", Between(moment(Offset(-7 * DAY), "start", inclusive=True), RIGHT_NOW)),
        ("+2h", Between(RIGHT_NOW, moment(Offset(2 * HOUR), "end", inclusive=True))),
        (
            "-7d..-2d",
            Between(moment(Offset(-7 * DAY), "start", inclusive=True), moment(Offset(-2 * DAY), "end", inclusive=True)),
        ),
    ],
)
def test_times(text: str, expected: Between) -> None:
    assert read(f"created:{text}") == ("created", expected)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (">", Between(moment(JANUARY, "end", inclusive=True), None)),
        (">=", Between(moment(JANUARY, "start", inclusive=True), None)),
        ("<", Between(None, moment(JANUARY, "start", inclusive=False))),
        ("<=", Between(None, moment(JANUARY, "end", inclusive=False))),
    ],
)
def test_a_comparison_with_a_month_is_before_or_after_the_whole_of_it(operator: str, expected: Between) -> None:
    assert read(f"created{operator}2026-01") == ("created", expected)


@pytest.mark.parametrize(
    ("text", "piece", "says"),
    [
        ("a (b", "(", "never closed"),
        ("a) b", ")", "No parenthesis is open"),
        ("a ()", "()", "Nothing stands between"),
        ('a "b c', '"b c', "never closed"),
        ("a „b c", "„b c", "never closed"),
        ("a OR", "OR", "both sides"),
        ("OR a", "OR", "both sides"),
        ("a AND OR b", "AND", "both sides"),
        ("a NOT", "NOT", "nothing to leave out"),
        ("a queue:", "queue:", "needs a value"),
        ("a queue:)", "queue:", "needs a value"),
        ("queue:(A,)", ",", "missing beside this comma"),
        ("queue:(,A)", ",", "missing beside this comma"),
        ("queue:(A B", "(", "never closed"),
        ("- & !", "- & !", "only signs"),
        ('a "&"', '"&"', "no letter and no digit"),
        ("w*rd a", "w*rd", "end of a word"),
        ("b prority:high", "prority", "priority"),
        ("x-y:z", "x-y", "quotation marks"),
        ("a subject>b", ">", "cannot be asked with"),
        ("is:opne", "opne", "open"),
        ("is:(open,opne)", "opne", "open"),
        ("is:op*", "op*", "open"),
        ("priority:hgih", "hgih", "high"),
        ("priority:5", "5", "low, normal, high, urgent"),
        ("replies>many", "many", "whole number"),
        ("replies:5..2", "5..2", "backwards"),
        ("replies:..", "..", "at least one side"),
        ("age>2", "2", "length of time"),
        ("age>2ms", "2ms", "length of time"),
        ("age>9999999y", "9999999y", "length of time"),
        ("created:2026-13", "2026-13", "no time"),
        ("created:2026-02-30", "2026-02-30", "no time"),
        ("created:9999", "9999", "no time"),
        ("created:todya", "todya", "no time"),
        ("created:last", "last", "what"),
        ("created:2026-03..2026-01", "2026-03..2026-01", "backwards"),
        ("created:-2d..-7d", "-2d..-7d", "backwards"),
        ("created:this-week..last-week", "this-week..last-week", "backwards"),
        ("created>", "created>", "needs a value"),
        ("queue:*", "*", "Nothing visible"),
        ("queue:**", "**", "Nothing visible"),
        ("from:vera@", "vera@", "domain is missing"),
        ('subject:""', '""', "no value"),
        ("a\x00b", "\x00", "control character"),
        ("a\x1bb", "\x1b", "control character"),
        ("a\ud800b", "\ud800", "control character"),
    ],
)
def test_an_error_points_at_the_place(text: str, piece: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, TICKETS)

    assert caught.value.piece == piece
    assert text[caught.value.start : caught.value.end] == piece
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("prority:high", "priority"),
        ("is:opne", "open"),
        ("created:todya", "today"),
        ("from:vera@", "vera@*"),
        ("replies:5..2", "2..5"),
        ("wait>2d", "waiting"),
        ("replies>many", "3"),
        ("age>2", "2d"),
        ("created>2026-13", "today"),
        ("created:2026-03..2026-01", "2026-01..2026-03"),
    ],
)
def test_an_error_knows_what_would_be_right(text: str, instead: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, TICKETS)

    assert caught.value.instead[0] == instead
    parse(f"{text[: caught.value.start]}{instead}{text[caught.value.end :]}", TICKETS)


def test_of_a_long_query_the_place_is_shown() -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"{'before ' * 15}is:{'x' * 150} {'behind ' * 200}", TICKETS)

    error = caught.value
    assert (error.before, error.at) == ("before " * 15 + "is:", "x" * 150)
    assert error.behind == (" " + "behind " * 200)[:200] + "…"

    with pytest.raises(QueryError) as caught:
        parse("(" * 1_000, TICKETS)
    assert (caught.value.before, caught.value.at, caught.value.behind) == ("", "(" * 200 + "…", "")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "a " * 5_000,
        "(" * 1_000,
        "(" * 1_000 + "a" + ")" * 1_000,
        "a (" * 50 + "b" + ")" * 50,
        "NOT " * 500 + "a",
        "-(" * 90 + "a" + ")" * 90,
        "a" * 300,
        "queue:(" + "a," * 150 + "b)",
        "a OR " * 150 + "b",
        " ".join(f"w{number}" for number in range(limits.MAX_TEXTS + 1)),
    ],
)
def test_what_costs_too_much_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"accepted|deep|more than"):
        parse(text, TICKETS)


def test_what_is_allowed_is_allowed_to_the_last() -> None:
    parse(f"queue:({','.join(f'q{number}' for number in range(limits.MAX_TERMS))})", TICKETS)
    parse(" ".join(f"w{number}" for number in range(limits.MAX_TEXTS)), TICKETS)
    parse(f"from:({','.join(f'@d{number}.example' for number in range(limits.MAX_TERMS))})", TICKETS)
    parse("a" * limits.MAX_WORD_CHARACTERS, TICKETS)
    parse("(" * limits.MAX_PARENTHESES + "a" + ")" * limits.MAX_PARENTHESES, TICKETS)


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE tickets_ticket; --",
        "%' OR '1'='1",
        "(?i)^.*$",
        "([a-z]+)+$",
        "{{ 7*7 }} {% debug %}",
        "\\u0041 \\x41 \\",
        "subject:~[^a]",
        "subject:~\\",
        "title__icontains:x",
        "queue__secret:x",
        "a\u202eb",
        "\ufeffqueue:x",
        "::::",
        "a::b:c",
        "<script>alert(1)</script>",
    ],
)
def test_hostile_text_is_words_or_a_sentence(text: str) -> None:
    query = understood(text)

    known = {field.name for field in (*TICKETS.fields, TICKETS.anything)}
    assert query is None or {test.field.name for test in query.tests()} <= known


def understood(text: str) -> Query | None:
    """The query, or None where it is refused with a sentence and a place in it."""
    try:
        return parse(text, TICKETS)
    except QueryError as error:
        refused = error
    assert 0 <= refused.start <= refused.end <= len(text)
    assert refused.message
    return None


SIGNS = '( ) " „ ” : :~ > >= = != , .. * - \\ @ ::'
WORDS = "OR AND NOT queue age created was:owner 2d 2026-01 none me a ș last has priority"
GRAMMAR_PIECES = st.sampled_from([" ", "last week", *SIGNS.split(), *WORDS.split()])


@settings(deadline=None)
@given(st.lists(GRAMMAR_PIECES | st.characters(), max_size=30).map("".join))
def test_any_text_is_understood_or_refused_with_a_place_in_it(text: str) -> None:
    query = understood(text)

    assert query is None or query.is_empty == (not text.strip())
    assert understood(text) == query


def test_a_vocabulary_names_everything_once_and_folded() -> None:
    for field in (*TICKETS.fields, TICKETS.anything):
        assert field.name == field.name.lower()
        assert all(choice == fold_line(choice) for choice in field.choices)
        assert str(field.help)
    with pytest.raises(ValueError, match="twice"):
        Vocabulary("x", [TICKETS.fields[0], TICKETS.fields[0]], anything=TICKETS.anything)
