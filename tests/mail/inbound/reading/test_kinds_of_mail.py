"""What a person writes about machines is not what machines write."""

import time

import pytest

from ghiseu.mail.inbound.parse import ParsedMail, parse_mail


def mail(sender: str, subject: str, text: str, extra: str = "") -> ParsedMail:
    return parse_mail(f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n{extra}\n{text}\n".encode())


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Undelivered parcel", "My parcel was not delivered. Where is it?"),
        ("Mail delivery problem", "I could not send mail to a@other.example. It says: 550 user unknown. Please help."),
        ("Delivery failed: your order", "We could not deliver your package to your address."),
        ("Re: failure notice", "What does this failure notice mean?"),
    ],
)
def test_people_who_write_about_undelivered_things_are_no_bounce(subject: str, text: str) -> None:
    read = mail("Vera <vera@site.example>", subject, text)

    assert read.bounce is None
    assert read.auto_submitted is False


@pytest.mark.parametrize(
    ("sender", "subject", "text", "expected"),
    [
        ("MAILER-DAEMON@x.example", "Undelivered", "<a@b.example>: Host or domain name not found", "no-domain"),
        (
            "postmaster@x.example",
            "Mesaj nelivrat",
            "Mesajul nu a putut fi livrat: a@b.example, mailbox full",
            "mailbox-full",
        ),
        (
            "postmaster@x.example",
            "Лист не доставлено",
            "Ваш лист не вдалося доставити: a@b.example 550 5.1.1",
            "no-recipient",
        ),
        ("postmaster@x.example", "Unzustellbar: Hi", "Nicht zugestellt an a@b.example: user unknown", "no-recipient"),
        (
            "Mail Delivery System <x@y.example>",
            "Warning: delayed",
            "Not yet delivered to a@b.example: timed out",
            "delivery-problem",
        ),
    ],
)
def test_mail_systems_in_our_languages_are_understood(sender: str, subject: str, text: str, expected: str) -> None:
    bounce = mail(sender, subject, text).bounce

    assert bounce is not None
    assert [(one.recipient, one.category) for one in bounce.recipients] == [("a@b.example", expected)]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Someone hacked my site",
            "My website was hacked and sends spam now. Please restore a copy: http://a.example/",
        ),
        ("Why is my site blocked?", "You blocked my site because of phishing, but there is no phishing."),
        ("Spam", "I receive a lot of spam at info@site.example. How do I turn on the filter?"),
        ("Copyright", "Who owns the copyright of the pictures in your templates?"),
    ],
)
def test_customers_with_worries_do_not_report_abuse(subject: str, text: str) -> None:
    assert mail("Vera <vera@site.example>", subject, text).abuse_report is None


def test_the_reporter_the_victim_and_ourselves_are_not_reported() -> None:
    text = "Dear abuse team, a phishing site is hosted on your network: http://bad.example/\nwww.reporter.example"
    report = mail("soc@reporter.example", "Phishing site", text, "Reply-To: team@reporter.example\n").abuse_report

    assert report is not None
    assert [(one.kind, one.value) for one in report.reported] == [("url", "http://bad.example/")]


def test_thousands_of_recipients_cost_no_more_than_their_number() -> None:
    """Each of them once had all the words of the notice looked through for itself."""
    fields = b"Status: 5.1.1\nFinal-Recipient: rfc822; a@b.example\n" * 20_000

    began = time.process_time()
    bounce = parse_mail(b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n" + fields).bounce

    assert bounce is not None
    assert len(bounce.recipients) <= 500
    assert time.process_time() - began < 3
