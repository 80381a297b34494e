import pytest

from ghiseu.mail.inbound.authentic.check import OwnCheck
from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.inbound.verdict import Verdict, verdict_on
from ghiseu.tickets.models import SenderSign as Sign
from tests.mail.mails import mail_bytes

SERVER = "mx.desk.example"


def sign(*fields: str, trusted: str = SERVER, sender: str = "vera@site.example") -> Sign:
    extra = "".join(f"Authentication-Results: {field}\r\n" for field in fields)
    return verdict_on(parse_mail(mail_bytes(sender=sender, extra=extra)), trusted).sign


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("mx.desk.example; dmarc=pass (p=reject) header.from=site.example", Sign.PROVEN),
        ("MX.desk.example 1; spf=pass smtp.mailfrom=x@y; dmarc=fail header.from=site.example", Sign.FORGED),
        ("mx.desk.example; dkim=pass header.d=site.example header.s=a", Sign.PROVEN),
        ("mx.desk.example; dkim=fail header.d=site.example; dkim=pass header.i=@site.example", Sign.PROVEN),
        ("mx.desk.example; dkim=pass header.d=other.example", Sign.UNKNOWN),
        ("mx.desk.example; dkim=pass header.d=example", Sign.UNKNOWN),
        ("mx.desk.example; spf=pass smtp.mailfrom=site.example", Sign.UNKNOWN),
        ("mx.desk.example; none", Sign.UNKNOWN),
        ("mx.evil.example; dmarc=pass header.from=site.example", Sign.UNKNOWN),
        ("mx.evil.example (mx.desk.example;); dmarc=pass", Sign.UNKNOWN),
        ("mx.desk.example (comment; dmarc=fail); dmarc=pass", Sign.PROVEN),
        ("", Sign.UNKNOWN),
    ],
)
def test_only_the_trusted_server_is_believed(field: str, expected: Sign) -> None:
    assert sign(field) == expected


def test_the_topmost_field_of_the_server_counts() -> None:
    assert sign(f"{SERVER}; dmarc=fail", f"{SERVER}; dmarc=pass") == Sign.FORGED


def test_without_a_trusted_server_nothing_is_known() -> None:
    assert sign("; dmarc=pass", trusted="") == Sign.UNKNOWN


def test_a_subdomain_may_be_signed_for_by_the_domain_above() -> None:
    assert sign(f"{SERVER}; dkim=pass header.d=site.example", sender="a@mail.site.example") == Sign.PROVEN
    assert sign(f"{SERVER}; dkim=pass header.d=ite.example", sender="a@site.example") == Sign.UNKNOWN


def test_a_mail_with_two_senders_is_not_proven_by_what_the_server_says_of_one() -> None:
    raw = mail_bytes(extra=f"Authentication-Results: {SERVER}; dmarc=pass\r\nFrom: boss@bank.example\r\n")

    assert verdict_on(parse_mail(raw), SERVER).sign == Sign.UNKNOWN


def test_the_server_must_speak_of_the_sender_that_is_shown() -> None:
    assert sign(f"{SERVER}; dmarc=pass header.from=evil.example") == Sign.UNKNOWN
    assert sign(f"{SERVER}; dmarc=pass header.from=mail.site.example") == Sign.PROVEN
    assert sign(f"{SERVER}; dmarc=pass header.from=co.uk", sender="a@bank.co.uk") == Sign.UNKNOWN


def test_our_own_check_speaks_only_where_the_trusted_server_is_silent() -> None:
    own = OwnCheck(Sign.FORGED, "own check: changed", {"dkim": "fail"})
    judged = parse_mail(mail_bytes(extra=f"Authentication-Results: {SERVER}; dmarc=pass\r\n"))

    assert verdict_on(judged, SERVER, own).sign == Sign.PROVEN
    assert verdict_on(judged, "", own) == Verdict(Sign.FORGED, "own check: changed", {"dkim": "fail"})
    assert verdict_on(parse_mail(mail_bytes()), SERVER, own).sign == Sign.FORGED
