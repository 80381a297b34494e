"""Our own check of signatures and policies, against a name server and with keys made here."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ghiseu.mail.inbound.authentic import dns as authentic_dns
from ghiseu.mail.inbound.authentic.check import OwnCheck, check
from ghiseu.mail.inbound.authentic.dns import Resolver
from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.outbound.dkim import signature
from ghiseu.tickets.models import SenderSign as Sign
from tests.mail.inbound.dns_stub import NameServer, name_server
from tests.mail.inbound.signing import ED25519, OTHER_RSA, RSA, Key, key_record, record, sign
from tests.mail.mails import mail_bytes

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
KEY_NAME = "s1._domainkey.site.example"
REJECT = "v=DMARC1; p=reject"


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server() as server:
        server.texts[KEY_NAME] = [record(RSA)]
        server.texts["_dmarc.site.example"] = [REJECT]
        yield server


def judged(raw: bytes, server: NameServer) -> OwnCheck:
    lookup = Resolver((("127.0.0.1", server.port),)).for_one_mail()
    return check(raw, parse_mail(raw), lookup=lookup, at=NOW)


def verdict(raw: bytes, server: NameServer) -> Sign:
    return judged(raw, server).sign


@pytest.mark.parametrize("form", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"])
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_a_signature_of_the_senders_domain_proves_the_sender(server: NameServer, key: Key, form: str) -> None:
    server.texts[KEY_NAME] = [record(key)]
    mail = mail_bytes(text="Two  spaces \t and\r\n\r\n  empty lines.\r\n\r\n\r\n", extra="X-Folded: a\r\n\t b\r\n")

    found = judged(sign(mail, key, form=form, names="from:to:subject:x-folded"), server)

    assert (found.sign, found.outcomes) == (Sign.PROVEN, {"dkim": "pass", "dmarc": "pass"})
    assert found.reason == "own check: DKIM signature of site.example"


def test_our_own_signatures_hold(server: NameServer) -> None:
    mail = mail_bytes()
    server.texts["2026a._domainkey.site.example"] = [record(RSA)]

    assert verdict(signature(mail, domain="site.example", selector="2026a", key=RSA) + mail, server) == Sign.PROVEN


@pytest.mark.parametrize("text", ["", "\r\n\r\n", "   ", "no line end"])
def test_a_mail_with_hardly_a_text_can_be_proven(server: NameServer, text: str) -> None:
    for form in ("simple/simple", "relaxed/relaxed"):
        assert verdict(sign(mail_bytes(text=text), form=form), server) == Sign.PROVEN


def test_line_ends_and_an_mbox_line_that_a_pipe_made_change_nothing(server: NameServer) -> None:
    raw = sign(mail_bytes(text="One\r\n\r\ntwo"))

    assert verdict(b"From vera@site.example Sun Nov 22 10:00:00 2026\n" + raw.replace(b"\r\n", b"\n"), server) == (
        Sign.PROVEN
    )


CHANGES = {
    "the text": (b"My site is down.", b"My site is up.", "the text was changed after signing"),
    "the subject": (b"Subject: Site", b"Subject: Bank", "the header was changed"),
    "the sender": (b"vera@site.example", b"boss@site.example", "the header was changed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_after_signing_is_forged(server: NameServer, change: str) -> None:
    before, after, why = CHANGES[change]

    found = judged(sign(mail_bytes()).replace(before, after), server)

    assert (found.sign, found.outcomes) == (Sign.FORGED, {"dkim": "fail", "dmarc": "fail"})
    assert why in found.reason


def test_a_signature_by_another_key_is_forged(server: NameServer) -> None:
    assert verdict(sign(mail_bytes(), OTHER_RSA), server) == Sign.FORGED
    assert verdict(sign(mail_bytes(), ED25519), server) == Sign.FORGED


def test_a_mail_without_a_signature_is_forged_only_where_its_domain_says_so(server: NameServer) -> None:
    assert verdict(mail_bytes(), server) == Sign.FORGED
    for policy in ("v=DMARC1; p=none", "v=DMARC1; p=reject; pct=0", "v=DMARC1; p=reject; t=y", "nonsense"):
        server.texts["_dmarc.site.example"] = [policy]
        assert verdict(mail_bytes(), server) == Sign.UNKNOWN
    server.texts["_dmarc.site.example"] = [REJECT, f"{REJECT}; adkim=s"]
    assert verdict(mail_bytes(), server) == Sign.UNKNOWN
    del server.texts["_dmarc.site.example"]
    found = judged(mail_bytes(), server)
    assert (found.sign, found.outcomes) == (Sign.UNKNOWN, {"dkim": "none", "dmarc": "none"})


def test_a_domain_without_a_policy_can_be_proven(server: NameServer) -> None:
    del server.texts["_dmarc.site.example"]

    found = judged(sign(mail_bytes()), server)

    assert (found.sign, found.outcomes) == (Sign.PROVEN, {"dkim": "pass"})


def test_a_domain_that_publishes_no_key_proves_nothing(server: NameServer) -> None:
    del server.texts[KEY_NAME]

    assert "publishes no key" in judged(sign(mail_bytes()), server).reason


@pytest.mark.parametrize("domain", ["evil.example", "example", "ite.example", "other.site.example.evil.example"])
def test_a_signature_of_another_domain_speaks_for_nobody(server: NameServer, domain: str) -> None:
    server.texts[f"s1._domainkey.{domain}"] = [record(OTHER_RSA)]

    found = judged(sign(mail_bytes(), OTHER_RSA, domain=domain), server)

    assert (found.sign, found.outcomes["dkim"]) == (Sign.FORGED, "none")
    assert f"s1._domainkey.{domain}" not in server.asked


def test_a_public_suffix_speaks_for_nobody_below_it(server: NameServer) -> None:
    server.texts["s1._domainkey.co.uk"] = [record(OTHER_RSA)]

    assert verdict(sign(mail_bytes(sender="a@bank.co.uk"), OTHER_RSA, domain="co.uk"), server) == Sign.UNKNOWN


def test_a_domain_may_sign_for_its_subdomains_and_they_for_it_unless_it_is_strict(server: NameServer) -> None:
    below = sign(mail_bytes(sender="vera@mail.site.example"))
    above = sign(mail_bytes(), domain="mail.site.example")
    server.texts["s1._domainkey.mail.site.example"] = [record(RSA)]

    assert (verdict(below, server), verdict(above, server)) == (Sign.PROVEN, Sign.PROVEN)
    server.texts["_dmarc.site.example"] = [f"{REJECT}; adkim=s"]
    assert (verdict(below, server), verdict(above, server)) == (Sign.FORGED, Sign.FORGED)


def test_a_policy_may_ask_something_else_for_subdomains(server: NameServer) -> None:
    mail = mail_bytes(sender="vera@mail.site.example")

    assert verdict(mail, server) == Sign.FORGED
    server.texts["_dmarc.site.example"] = [f"{REJECT}; sp=none"]
    assert verdict(mail, server) == Sign.UNKNOWN
    server.texts["_dmarc.mail.site.example"] = ["v=DMARC1; p=quarantine"]
    assert verdict(mail, server) == Sign.FORGED


def test_a_second_sender_on_top_proves_nobody(server: NameServer) -> None:
    """The signature of the lower field holds, and the upper one is what some programs show."""
    raw = b"From: The Boss <boss@bank.example>\r\n" + sign(mail_bytes())
    found = judged(raw, server)
    assert (found.sign, found.reason) == (Sign.UNKNOWN, "not checked: it does not name one sender")

    behind = sign(mail_bytes()).replace(b"\r\nSubject:", b"\r\nFROM : boss@bank.example\r\nSubject:", 1)
    assert verdict(behind, server) == Sign.UNKNOWN


def test_a_sender_with_two_addresses_proves_nobody(server: NameServer) -> None:
    assert verdict(sign(mail_bytes(sender="vera@site.example, boss@bank.example")), server) == Sign.UNKNOWN
    assert verdict(sign(mail_bytes(sender="")), server) == Sign.UNKNOWN


def test_a_name_in_encoded_words_is_one_sender(server: NameServer) -> None:
    mail = mail_bytes(sender="=?utf-8?q?Moraru=2C_Vera_=3Ca=40b=2Eexample=3E?= <vera@site.example>")

    assert verdict(sign(mail), server) == Sign.PROVEN


def test_naming_a_field_once_more_keeps_others_out(server: NameServer) -> None:
    oversigned = sign(mail_bytes(), names="from:from:to:subject:subject")

    assert verdict(oversigned, server) == Sign.PROVEN
    assert verdict(b"Subject: Your bank\r\n" + oversigned, server) == Sign.FORGED


@pytest.mark.parametrize(
    ("signing", "why"),
    [
        ({"body_length": 5, "tags": "l=5; "}, "only the beginning"),
        ({"tags": "l=18; "}, "only the beginning"),
        ({"names": "to:subject"}, "does not cover the sender"),
        ({"tags": f"x={int(NOW.timestamp()) - 1}; "}, "expired"),
        ({"tags": "x=soon; "}, "cannot be read"),
        ({"tags": "d=site.example; "}, "cannot be read"),
        ({"tags": "i=@evil.example; "}, "cannot be read"),
        ({"tags": "q=dns/other; "}, "cannot be read"),
        ({"form": "loose/simple"}, "cannot be read"),
        ({"selector": "a/b"}, "cannot be read"),
    ],
)
def test_a_signature_that_does_not_bind_proves_nothing(server: NameServer, signing: dict[str, Any], why: str) -> None:
    found = judged(sign(mail_bytes(), **signing), server)

    assert found.sign == Sign.FORGED
    assert why in found.reason


def test_a_signature_that_has_not_expired_holds(server: NameServer) -> None:
    assert verdict(sign(mail_bytes(), tags=f"t=1; x={int(NOW.timestamp()) + 60}; "), server) == Sign.PROVEN


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ("t=y; ", "tries signing out"),
        ("s=tlsrpt; ", "not for mail"),
        ("h=sha1; ", "another kind"),
        ("v=DKIM2; ", "cannot be read"),
    ],
)
def test_a_key_that_is_not_meant_for_this_proves_nothing(server: NameServer, extra: str, why: str) -> None:
    server.texts[KEY_NAME] = [record(RSA, extra)]

    assert why in judged(sign(mail_bytes()), server).reason


def test_a_key_for_the_domain_alone_does_not_sign_for_those_below(server: NameServer) -> None:
    server.texts[KEY_NAME] = [record(RSA, "t=s; ")]

    assert verdict(sign(mail_bytes()), server) == Sign.PROVEN
    assert verdict(sign(mail_bytes(), tags="i=vera@mail.site.example; "), server) == Sign.FORGED


def test_weak_withdrawn_doubled_and_broken_keys_prove_nothing(server: NameServer) -> None:
    for bits in (1000, 5000):
        public = RSAPublicNumbers(65537, (1 << bits) - 1).public_key()
        server.texts[KEY_NAME] = [
            key_record("rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        ]
        assert "too weak" in judged(sign(mail_bytes()), server).reason
    for records in (
        ["v=DKIM1; p="],
        ["v=DKIM1; p=AAAA"],
        ["v=DKIM1; p=*"],
        [record(RSA), record(OTHER_RSA)],
        [f"p={'A' * 9000}"],
    ):
        server.texts[KEY_NAME] = records
        assert verdict(sign(mail_bytes()), server) == Sign.FORGED


def test_a_signature_with_sha_1_proves_nothing(server: NameServer) -> None:
    assert "not accepted" in judged(sign(mail_bytes()).replace(b"a=rsa-sha256", b"a=rsa-sha1"), server).reason


def test_one_of_several_signatures_is_enough_and_only_a_few_are_tried(server: NameServer) -> None:
    server.texts["old._domainkey.site.example"] = [record(OTHER_RSA)]
    broken = sign(mail_bytes(), selector="old")

    assert verdict(sign(broken, names="from"), server) == Sign.PROVEN
    many = sign(mail_bytes(), selector="last")
    server.texts["last._domainkey.site.example"] = [record(RSA)]
    assert verdict(many, server) == Sign.PROVEN
    field = broken[: broken.index(b"From:")]
    assert verdict(field * 4 + many, server) == Sign.FORGED


def test_what_cannot_be_asked_is_unknown_and_not_forged(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentic_dns, "SECONDS_FOR_A_MAIL", 0.5)
    for broken in (server.failing, server.silent):
        broken.add(KEY_NAME)
        found = judged(sign(mail_bytes()), server)
        assert (found.sign, found.reason) == (Sign.UNKNOWN, "not checked: the DNS did not answer in time")
        assert found.outcomes["dkim"] == "temperror"
        broken.clear()
    server.failing.add("_dmarc.site.example")
    assert verdict(mail_bytes(), server) == Sign.UNKNOWN
    assert verdict(sign(mail_bytes()), server) == Sign.PROVEN
    server.texts["s1._domainkey.mail.site.example"] = [record(RSA)]
    assert verdict(sign(mail_bytes(), domain="mail.site.example"), server) == Sign.UNKNOWN


def test_answers_are_remembered(server: NameServer) -> None:
    resolver = Resolver((("127.0.0.1", server.port),))
    raw = sign(mail_bytes())

    for _ in range(3):
        assert check(raw, parse_mail(raw), lookup=resolver.for_one_mail(), at=NOW).sign == Sign.PROVEN
        assert resolver.for_one_mail()("nothing.example") == ()

    assert sorted(server.asked) == ["_dmarc.site.example", "nothing.example", KEY_NAME]


def test_only_so_many_answers_are_remembered(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentic_dns, "MOST_REMEMBERED", 2)
    lookup = Resolver((("127.0.0.1", server.port),)).for_one_mail()

    for name in ("a.example", "b.example", "c.example", "a.example"):
        assert lookup(name) == ()

    assert server.asked == ["a.example", "b.example", "c.example", "a.example"]


def test_silent_name_servers_cost_a_bounded_time(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentic_dns, "SECONDS_FOR_A_MAIL", 0.3)
    monkeypatch.setattr(authentic_dns, "SECONDS_AT_ONCE", 0.6)
    mails = [sign(mail_bytes(sender=f"a@a{number}.example"), domain=f"a{number}.example") for number in range(20)]
    for number in range(20):
        server.silent |= {f"_dmarc.a{number}.example", f"s1._domainkey.a{number}.example"}
    resolver = Resolver((("127.0.0.1", server.port),))

    began = time.monotonic()
    signs = {check(raw, parse_mail(raw), lookup=resolver.for_one_mail(), at=NOW).sign for raw in mails}

    assert signs == {Sign.UNKNOWN}
    assert time.monotonic() - began < 3
    assert len({name.split(".")[-2] for name in server.asked}) <= 4


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"DKIM-Signature: v=1\r\nFrom: a@site.example\r\n\r\nx",
        b"DKIM-Signature: " + b"a=b;" * 5000 + b"\r\nFrom: a@site.example\r\n\r\nx",
        b"From: a@" + b"x" * 300 + b".example\r\n\r\n",
        b"From: a@site.example\r\n" + b"X: y\r\n" * 100_000,
        b"DKIM-Signature: v=1; a=rsa-sha256; b=x; bh=y; d=site.example; h=from; s=s1\r\nFrom: a@site.example\r\n\r\n",
        b"\xff\xfe\x00From: \x00\r\n",
    ],
)
def test_whatever_the_bytes_are_it_never_raises(server: NameServer, raw: bytes) -> None:
    assert verdict(raw, server) in (Sign.UNKNOWN, Sign.FORGED)


@pytest.mark.parametrize("body", [b" " * 3_000_000, b"\r\n" * 1_500_000 + b"\r", b" \t" * 1_000_000 + b"x\r\n"])
def test_no_text_takes_long_to_check(server: NameServer, body: bytes) -> None:
    field = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/%s; b=eA==; bh=eA==; d=site.example; h=from; s=s1\r\n"
    raw = (field % b"relaxed" + field % b"simple") * 2 + b"From: a@site.example\r\n\r\n" + body
    parsed = parse_mail(b"From: a@site.example\r\n\r\n")
    lookup = Resolver((("127.0.0.1", server.port),)).for_one_mail()

    began = time.process_time()
    found = check(raw, parsed, lookup=lookup, at=NOW)

    assert found.sign == Sign.FORGED
    assert time.process_time() - began < 1
