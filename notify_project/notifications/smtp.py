"""Handing mails to an SMTP server over one connection that is kept.

A mail is accepted, or the failure says whom it concerns: TemporaryFailure (this mail, later), PermanentFailure (this
mail, never), Unreachable (the server, so no mail for now). All time spent on one mail is bounded by `seconds`.
smtplib's exceptions are OSErrors.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from notifications.failures import PermanentFailure, TemporaryFailure, Unreachable

T = TypeVar("T")

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0
MAILS_PER_CONNECTION = 200
TRANSACTION_LOST = 421
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    start_tls: bool = False

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """smtp://, smtps:// (TLS from the start) or smtp+tls:// (STARTTLS), with [user:password@]host[:port].

        Raises ValueError.
        """
        parts = urlsplit(url)
        default_ports = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
        if parts.scheme not in default_ports or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://, smtps:// or smtp+tls://[user:password@]host[:port]")
        return cls(
            host=parts.hostname,
            port=parts.port or default_ports[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp+tls",
        )


def mail_address(text: str, *, name: str) -> str:
    """The address that a variable of the environment holds, or "". Raises ValueError, with the variable's name."""
    address = text.strip()
    if address and not PLAIN_ADDRESS.fullmatch(address):
        raise ValueError(f"{name} must be a mail address as help@cinema.example, and nothing beside it")
    return address


@dataclass(frozen=True, slots=True)
class Envelope:
    """content: the whole mail, lines ended by CRLF."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)


class SmtpConnection:
    """One per thread. Connects when the first mail comes, and again when the server hung up."""

    def __init__(self, server: SmtpServer, *, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._smtp: smtplib.SMTP | None = None
        self._used_at = 0.0
        self._mails = 0
        self._deadline = 0.0

    def send(self, envelope: Envelope) -> None:
        """Returns when the server has taken the mail. Raises TemporaryFailure, PermanentFailure or Unreachable."""
        self._deadline = time.monotonic() + self._seconds
        try:
            self._send(envelope)
        except Unreachable:
            self.close()
            raise

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _send(self, envelope: Envelope) -> None:
        kept = self._kept_connection()
        try:
            smtp = kept or self._connect()
            try:
                self._start(smtp, envelope)
            except OSError:
                # A server may hang up between two mails. It has taken nothing yet, so once more is safe.
                if kept is None:
                    raise
                self.close()
                smtp = self._connect()
                self._start(smtp, envelope)
            self._finish(smtp, envelope)
        except smtplib.SMTPResponseException as error:
            raise Unreachable(f"smtp_{error.smtp_code}") from error
        except OSError as error:
            raise Unreachable(type(error).__name__) from error
        self._used_at = time.monotonic()
        self._mails += 1

    def _kept_connection(self) -> smtplib.SMTP | None:
        if self._smtp is None:
            return None
        idle = time.monotonic() - self._used_at
        if idle > IDLE_SECONDS or self._mails >= MAILS_PER_CONNECTION:
            self.close()
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context() if server.tls or server.start_tls else None
        timeout = min(CONNECT_SECONDS, self._remaining())
        if server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
        self._smtp, self._mails = smtp, 0
        self._bounded(smtp, smtp.ehlo_or_helo_if_needed)
        if server.start_tls:
            self._bounded(smtp, lambda: smtp.starttls(context=context))
            self._bounded(smtp, smtp.ehlo_or_helo_if_needed)
        if server.user:
            self._bounded(smtp, lambda: smtp.login(server.user, server.password))
        return smtp

    def _start(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        options = []
        if not (envelope.sender + envelope.recipient).isascii():
            if not smtp.has_extn("smtputf8"):
                raise PermanentFailure("address_not_supported")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        self._expect(smtp, lambda: smtp.mail(envelope.sender, options))
        self._expect(smtp, lambda: smtp.rcpt(envelope.recipient))

    def _finish(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        try:
            self._expect(smtp, lambda: smtp.data(envelope.content))
        except smtplib.SMTPDataError as error:
            self._refuse(smtp, error.smtp_code)

    def _expect(self, smtp: smtplib.SMTP, command: Callable[[], tuple[int, bytes]]) -> None:
        code, _ = self._bounded(smtp, command)
        if not 200 <= code < 300:
            self._refuse(smtp, code)

    def _refuse(self, smtp: smtplib.SMTP, code: int) -> None:
        if code == TRANSACTION_LOST:
            raise Unreachable(f"smtp_{code}")
        try:
            self._bounded(smtp, smtp.rset)
        except OSError:
            # It refused and hung up: the refusal is what counts.
            self.close()
        failure = PermanentFailure if code >= 500 else TemporaryFailure
        raise failure(f"smtp_{code}")

    def _bounded(self, smtp: smtplib.SMTP, command: Callable[[], T]) -> T:
        if smtp.sock is not None:
            smtp.sock.settimeout(self._remaining())
        return command()

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining
