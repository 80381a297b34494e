"""Handing one mail for one recipient to the company's mail server, and telling three kinds of refusal apart.

A refusal of the mail or its recipient is final (5xx) or for now (4xx). Whatever else goes wrong - no connection, no
trust in the certificate, a refused login - is trouble of the desk with its server, not the mail's fault.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from ghiseu.mail.network import is_this_machine
from ghiseu.mail.outbound.fields import ascii_domain

DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
ANSWER_SECONDS = 30
# How long the server may take to say that it has the mail. Giving up earlier would send mails twice: RFC 5321
# section 4.5.3.2.6 wants ten minutes.
FINAL_ANSWER_SECONDS = 600
MAILS_PER_CONNECTION = 100


class RefusedForGood(Exception):
    """The server will never take this mail for this recipient; `str()` holds its words."""


class RefusedForNow(Exception):
    """The server may take it later, or its answer was lost."""


class ServerTrouble(Exception):
    """The server cannot be used at all for the moment; `str()` is a sentence for the administrator."""


class Server:
    """The mail server of GHISEU_SMTP_URL. The connection is made at the first mail and used for the following ones."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or DEFAULT_PORTS[parts.scheme]
        self.login = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self._connection: smtplib.SMTP | None = None
        self._mails = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def send(self, raw: bytes, *, sender: str, recipient: str) -> str:
        """The server's words once it has the mail. Raises RefusedForGood, RefusedForNow, ServerTrouble."""
        connection = self._begin(sender, recipient, len(raw))
        try:
            self._expect(connection.rcpt(ascii_domain(recipient)))
            timeout_of(connection, FINAL_ANSWER_SECONDS)
            answer = connection.data(raw)
            timeout_of(connection, ANSWER_SECONDS)
            return self._expect(answer)
        except smtplib.SMTPDataError as error:  # refused before a byte of the mail went out
            return self._expect((error.smtp_code, _bytes(error.smtp_error)))
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop()
            raise RefusedForNow(
                _("The connection to %(server)s broke while the mail was handed over: %(cause)s")
                % {"server": self.name, "cause": error}
            ) from error

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    def _begin(self, sender: str, recipient: str, size: int) -> smtplib.SMTP:
        """A connection that has accepted MAIL FROM. One that was idle may have died: then a new one is made."""
        if self._connection is not None and self._mails < MAILS_PER_CONNECTION:
            with contextlib.suppress(OSError, smtplib.SMTPServerDisconnected):
                return self._mail_from(self._connection, sender, recipient, size)
        self.close()
        self._connection, self._mails = self._connect(), 0
        try:
            return self._mail_from(self._connection, sender, recipient, size)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop()
            raise ServerTrouble(_broken(self.name, error)) from error

    def _mail_from(self, connection: smtplib.SMTP, sender: str, recipient: str, size: int) -> smtplib.SMTP:
        self._mails += 1
        options = [f"SIZE={size}"] if connection.has_extn("size") else []
        if not ascii_domain(recipient).isascii():
            if not connection.has_extn("smtputf8"):
                raise RefusedForGood(
                    _("The mail server %(server)s takes no address with letters like these (it lacks SMTPUTF8).")
                    % {"server": self.name}
                )
            options.append("SMTPUTF8")
        code, words = connection.mail(ascii_domain(sender), options)
        if code in (530, 535, 538):  # it wants a login or TLS: a setting is wrong, and no mail can pass
            self._drop()
            raise ServerTrouble(_refused(self.name, code, words))
        self._expect((code, words))
        return connection

    def _expect(self, answer: tuple[int, bytes]) -> str:
        """The words of a positive answer. After a refusal the connection is made ready for the next mail."""
        code, words = answer
        text = _text(code, words)
        if 200 <= code < 300:
            return text
        if code == 421 or code < 0:
            self._drop()
        elif self._connection is not None:
            try:
                self._connection.rset()
            except (OSError, smtplib.SMTPException):
                self._drop()
        raise RefusedForGood(text) if 500 <= code < 600 else RefusedForNow(text)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        if self.scheme == "smtp" and not is_this_machine(self.host):
            raise ServerTrouble(
                _(
                    "GHISEU_SMTP_URL wants to speak to %(server)s without TLS, which is done on this machine only. "
                    "Use smtp+starttls:// or smtps://."
                )
                % {"server": self.name}
            )
        try:
            return self._sign_in(self._greeted())
        except smtplib.SMTPResponseException as error:
            raise ServerTrouble(_refused(self.name, error.smtp_code, _bytes(error.smtp_error))) from error
        except ssl.SSLCertVerificationError as error:
            raise ServerTrouble(
                _("The certificate of the mail server %(server)s is not trusted: %(cause)s.")
                % {"server": self.name, "cause": error.verify_message}
            ) from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise ServerTrouble(_broken(self.name, error)) from error

    def _greeted(self) -> smtplib.SMTP:
        # Without a name of ours the library would ask the DNS for one, which may take long.
        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(
                self.host,
                self.port,
                local_hostname=settings.MAIL_DOMAIN,
                timeout=ANSWER_SECONDS,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(self.host, self.port, local_hostname=settings.MAIL_DOMAIN, timeout=ANSWER_SECONDS)

    def _sign_in(self, connection: smtplib.SMTP) -> smtplib.SMTP:
        try:
            if self.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if self.login:
                connection.login(self.login, self.password)
        except BaseException:
            connection.close()
            raise
        return connection


def timeout_of(connection: smtplib.SMTP, seconds: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _text(code: int, words: bytes) -> str:
    said = " ".join(words.decode("utf-8", "replace").replace("\x00", "").split())
    return f"{code} {said}"[:1000].strip()


def _bytes(words: bytes | str) -> bytes:
    return words.encode() if isinstance(words, str) else words


def _refused(server: str, code: int, words: bytes) -> str:
    return _(
        "The mail server %(server)s lets the desk not in: %(answer)s. Check GHISEU_SMTP_URL; it is tried again."
    ) % {
        "server": server,
        "answer": _text(code, words).rstrip("."),
    }


def _broken(server: str, error: Exception) -> str:
    cause = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return _("The mail server %(server)s cannot be reached: %(cause)s. It is tried again.") % {
        "server": server,
        "cause": cause.rstrip("."),
    }
