"""Small mails for tests that are about something else than reading mail."""

from __future__ import annotations


def mail_bytes(
    *,
    sender: str = "Vera Moraru <vera@site.example>",
    to: str = "support@desk.example",
    subject: str = "Site down",
    text: str = "My site is down.",
    message_id: str = "first@site.example",
    in_reply_to: str = "",
    references: str = "",
    cc: str = "",
    extra: str = "",
) -> bytes:
    fields = {
        "From": sender,
        "To": to,
        "Cc": cc,
        "Subject": subject,
        "Date": "Sun, 22 Nov 2026 10:00:00 +0200",
        "Message-ID": f"<{message_id}>",
        "In-Reply-To": f"<{in_reply_to}>" if in_reply_to else "",
        "References": references,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}{extra}\r\n{text}\r\n".encode()


def bounce_bytes(*, message_id: str, recipient: str, action: str = "failed") -> bytes:
    """A delivery status notification (RFC 3464) for a message of ours."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.site.example>\r\n"
        "To: support@desk.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Message-ID: <dsn.1@mx.site.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\r\n\r\n'
        "--edge\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n"
        "--edge\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.site.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n"
        f"Action: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n"
        "--edge\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: <{message_id}>\r\nSubject: Re: Site down\r\n\r\n--edge--\r\n"
    ).encode()
