"""Why a mail or a mailbox could not be taken.

MailError
├── EmptyMail        there is nothing to keep
├── MailTooLarge     above GHISEU_MAIL_MAX_BYTES
├── UnknownMailbox   no active mailbox of that name or address
├── DoorTaken        the LMTP port cannot be had
└── Unreachable      a mail server cannot be reached or used as it is set up
    └── LoginRefused     it lets us not in
        ├── TokenRefused     with an access token that it took before: a new one may do
        └── SignInAgain      with no token that we could get
"""

from __future__ import annotations


class MailError(Exception):
    """A refused mail; `str()` is the sentence for whoever offered it."""


class EmptyMail(MailError):
    def __init__(self) -> None:
        super().__init__("The mail is empty: not one character came. Nothing was stored; send the message again.")


class MailTooLarge(MailError):
    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"The mail has {size} bytes, and {limit} are accepted. Nothing was stored; send large files by a link, "
            "or raise GHISEU_MAIL_MAX_BYTES."
        )


class UnknownMailbox(MailError):
    def __init__(self, name: str, known: list[str]) -> None:
        there = ", ".join(known) if known else "there is none yet; `ghiseu mailbox add` makes one"
        super().__init__(f"There is no active mailbox {name!r}. Nothing was stored. The active ones: {there}.")


class DoorTaken(MailError):
    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(
            f"The mail door cannot open port {port} on {host}: {error.strerror or error}. "
            "Stop the program that has it, or set GHISEU_LMTP_PORT to a free port."
        )


class Unreachable(MailError):
    """The message is made where the cause is known."""


class LoginRefused(Unreachable):
    """The server lets us not in: trying again soon may lock the account."""


class TokenRefused(LoginRefused):
    """The access token that was stored is not accepted any more."""


class SignInAgain(LoginRefused):
    """Only a person can help, by allowing the desk anew to use the mailbox."""
