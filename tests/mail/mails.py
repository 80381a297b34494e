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
    return f"{head}\r\n{text}\r\n".encode()
