"""Handing mails to an SMTP server over one connection that is kept.

A mail is accepted, or the failure says whom it concerns: TemporaryFailure (this mail, later), PermanentFailure (this
mail, never), Unreachable (the server, so no mail for now). All time spent on one mail is bounded by `seconds`.

Where the server offers PIPELINING (RFC 2920) the commands of a mail go out together, right behind the content of the
mail before: a mail costs one round trip. Elsewhere each command waits for the answer to the one before. smtplib's
exceptions are OSErrors.
"""

import math
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from notifications.failures import DeliveryFailure, PermanentFailure, TemporaryFailure, Unreachable

T = TypeVar("T")

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0
MAILS_PER_CONNECTION = 200
RSET, DATA, END = b"RSET\r\n", b"DATA\r\n", b".\r\n"
GO_ON = 354
CLOSING = 421
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
    """sender, recipient: addresses and nothing beside them. content: the whole mail, lines ended by CRLF."""

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
        self._pace = 0.0
        self._deadline = 0.0
        self._pipelines = False
        # The commands of the next mail, when they are on their way already.
        self._begun: list[bytes] = []
        # The last mail was refused halfway: the server has to forget it.
        self._halfway = False

    def room(self, *, seconds: float) -> int:
        """How many mails it takes in so many seconds, going by the last ones; 1 while it is not known to be there."""
        if self._smtp is None or time.monotonic() - self._used_at > IDLE_SECONDS:
            return 1
        return max(1, int(min(seconds / max(self._pace, 0.001), MAILS_PER_CONNECTION)))

    def send(self, envelope: Envelope) -> None:
        """Returns when the server has taken the mail. Raises TemporaryFailure, PermanentFailure or Unreachable."""
        (failure,) = self.send_all([envelope])
        if failure is not None:
            raise failure

    def send_all(
        self, envelopes: Sequence[Envelope], *, begin_by: float = math.inf, patience: float = math.inf
    ) -> Iterator[DeliveryFailure | None]:
        """What became of each, one after the other as it is known; None: the server has taken it.

        A refusal is that mail's own. Once the server is Unreachable, so it is for those that follow.
        begin_by: by time.monotonic(); for a mail that was not begun then there was no time.
        patience: seconds that the server may take until it asks for the content of a mail. Until then it has taken
        nothing, so that giving up cannot make it two mails.
        """
        lost: Unreachable | None = None
        started = time.monotonic()
        try:
            for number, (envelope, following) in enumerate(zip(envelopes, [*envelopes[1:], None], strict=True), 1):
                if lost is None and time.monotonic() > begin_by:
                    self._drop_begun()
                    yield TemporaryFailure("no_time")
                    continue
                failure = lost or self._sent(envelope, following if time.monotonic() < begin_by else None, patience)
                if isinstance(failure, Unreachable):
                    lost = failure
                self._pace = (time.monotonic() - started) / number
                yield failure
        finally:
            self._drop_begun()

    def close(self) -> None:
        self._begun = []
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _drop_begun(self) -> None:
        """What was begun and is not gone on with cannot be taken back on this connection."""
        if self._begun:
            self.close()

    def _sent(self, envelope: Envelope, following: Envelope | None, patience: float) -> DeliveryFailure | None:
        now = time.monotonic()
        self._deadline = now + min(self._seconds, patience)
        try:
            self._ask(envelope)
            self._deadline = now + self._seconds
            self._hand_over(envelope, following)
        except DeliveryFailure as failure:
            return self._left_by(failure)
        except smtplib.SMTPResponseException as error:
            return self._left_by(Unreachable(f"smtp_{error.smtp_code}"))
        except OSError as error:
            return self._left_by(Unreachable(type(error).__name__))
        self._mails += 1
        return None

    def _left_by(self, failure: DeliveryFailure) -> DeliveryFailure:
        if isinstance(failure, Unreachable):
            self.close()
        return failure

    def _ask(self, envelope: Envelope) -> None:
        """Returns when the server waits for the content of the mail."""
        kept = self._kept_connection()
        try:
            self._talk(kept or self._connect(), envelope)
        except OSError:
            # A server may hang up between two mails. It has taken nothing of this one yet, so once more is safe.
            if kept is None:
                raise
            self.close()
            self._talk(self._connect(), envelope)

    def _talk(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        commands, self._begun = self._begun or self._begin(smtp, envelope), []
        refusal: DeliveryFailure | None = None
        code = 0
        try:
            for command in commands:
                if not self._pipelines:
                    self._write(smtp, command)
                code = self._answer(smtp)
                if command != RSET and not (code == GO_ON if command == DATA else 200 <= code < 300):
                    refusal = refusal or _refusal(code)
                    if not self._pipelines:
                        break
            self._halfway = refusal is not None and code != GO_ON
            if refusal is not None and code == GO_ON:
                # It takes contents for nobody (RFC 2920, 3.1): an empty one ends that.
                self._write(smtp, END)
                self._answer(smtp)
        except OSError:
            if refusal is None:
                raise
            # It refused and hung up: the refusal is what counts.
            self.close()
        if refusal is not None:
            raise refusal

    def _hand_over(self, envelope: Envelope, following: Envelope | None) -> None:
        smtp = self._smtp
        assert smtp is not None
        ahead: list[bytes] = []
        if following is not None and self._pipelines:
            with suppress(PermanentFailure):
                ahead = self._commands(smtp, following)
        self._write(smtp, _quoted(envelope.content) + END + b"".join(ahead))
        self._begun = ahead
        code = self._answer(smtp)
        if not 200 <= code < 300:
            raise _refusal(code)

    def _begin(self, smtp: smtplib.SMTP, envelope: Envelope) -> list[bytes]:
        commands = self._commands(smtp, envelope)
        if self._pipelines:
            self._write(smtp, b"".join(commands))
        return commands

    def _commands(self, smtp: smtplib.SMTP, envelope: Envelope) -> list[bytes]:
        """Raises PermanentFailure for an address that the server cannot be told."""
        addresses = envelope.sender + envelope.recipient
        if not addresses.isprintable():
            raise PermanentFailure("address_invalid")
        if addresses.isascii():
            options = ""
        elif smtp.has_extn("smtputf8"):
            options = " SMTPUTF8 BODY=8BITMIME"
        else:
            raise PermanentFailure("address_not_supported")
        return [
            *([RSET] if self._halfway else []),
            f"MAIL FROM:<{envelope.sender}>{options}\r\n".encode(),
            f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
            DATA,
        ]

    def _kept_connection(self) -> smtplib.SMTP | None:
        if self._smtp is None or self._begun:
            return self._smtp
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
        self._smtp, self._mails, self._halfway = smtp, 0, False
        self._bounded(smtp, smtp.ehlo_or_helo_if_needed)
        if server.start_tls:
            self._bounded(smtp, lambda: smtp.starttls(context=context))
            self._bounded(smtp, smtp.ehlo_or_helo_if_needed)
        if server.user:
            self._bounded(smtp, lambda: smtp.login(server.user, server.password))
        self._pipelines = smtp.has_extn("pipelining")
        return smtp

    def _write(self, smtp: smtplib.SMTP, content: bytes) -> None:
        self._bounded(smtp, lambda: smtp.send(content))

    def _answer(self, smtp: smtplib.SMTP) -> int:
        code, _ = self._bounded(smtp, smtp.getreply)
        self._used_at = time.monotonic()
        return code

    def _bounded(self, smtp: smtplib.SMTP, work: Callable[[], T]) -> T:
        if smtp.sock is not None:
            smtp.sock.settimeout(self._remaining())
        return work()

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining


def _refusal(code: int) -> DeliveryFailure:
    if code == CLOSING:
        return Unreachable(f"smtp_{code}")
    return (PermanentFailure if code >= 500 else TemporaryFailure)(f"smtp_{code}")


def _quoted(content: bytes) -> bytes:
    """As it stands between DATA and the end (RFC 5321, 4.5.2)."""
    quoted = content.replace(b"\r\n.", b"\r\n..")
    return (b"." if content.startswith(b".") else b"") + quoted + (b"" if content.endswith(b"\r\n") else b"\r\n")
