"""What an SMTP server says to what it hears: RFC 5321, with PIPELINING (RFC 2920), SIZE, 8BITMIME and SMTPUTF8.

It takes bytes as they come, in whichever pieces, and knows no sockets. Everybody's mail is taken, as it came: none is
parsed here.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from message_sink.store import Store

HOST = "message-sink.localhost"
MAX_MAIL_BYTES = 10 * 1024 * 1024
MAX_CONTENT_LINE_BYTES = 1001
MAX_COMMAND_BYTES = 2048
MAX_RECIPIENTS = 1000
MAX_UNKNOWN_COMMANDS = 5

LINE_END = b"\r\n"
CONTENT_END = b"\r\n.\r\n"

GREETING = f"220 {HOST} ESMTP Marquee message sink"
WELCOME = f"250 {HOST}"
EXTENDED_WELCOME = f"250-{HOST}\r\n250-PIPELINING\r\n250-SIZE {MAX_MAIL_BYTES}\r\n250-8BITMIME\r\n250 SMTPUTF8"
TOO_LARGE = f"552 A mail has at most {MAX_MAIL_BYTES} bytes"

# The part before the @ may be a quoted string. No control characters: they could make headers of their own.
PATH = r'<((?:"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"|[^<>"\s\x00-\x1f\x7f])*)>((?: +\S+)*)'
SENDER = re.compile(rf"FROM: *{PATH}", re.IGNORECASE)
RECIPIENT = re.compile(rf"TO: *{PATH}", re.IGNORECASE)
PARAMETER = re.compile(r"SIZE=(?P<size>[0-9]{1,20})|BODY=(?:7BIT|8BITMIME)|SMTPUTF8", re.IGNORECASE)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Envelope:
    """sender: None before MAIL, "" when nobody is to be told of a failure."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Conversation:
    """One connection's. `over`: nothing is answered any more, and the server is to hang up."""

    def __init__(self, store: Store) -> None:
        self.over = False
        self._store = store
        self._received = bytearray()
        self._envelope = Envelope()
        self._greeted = False
        self._unknown_commands = 0
        self._in_content = False
        # Up to here there is no end of the content.
        self._searched = 0
        # The start of what is being received was dropped: it is too long.
        self._dropped = False

    def hear(self, data: bytes) -> bytes:
        """All that is to be answered now, in order; nothing when more has to come first."""
        self._received += data
        return "".join(f"{answer}\r\n" for answer in iter(self._next_answer, None)).encode()

    def _next_answer(self) -> str | None:
        if self.over:
            return None
        return self._after_content() if self._in_content else self._after_command()

    def _after_command(self) -> str | None:
        end = self._received.find(b"\n")
        if end < 0:
            if len(self._received) > MAX_COMMAND_BYTES:
                self._received.clear()
                self._dropped = True
            return None
        line = self._received[:end]
        del self._received[: end + 1]
        if self._dropped or len(line) > MAX_COMMAND_BYTES:
            self._dropped = False
            return "500 Line too long"
        try:
            verb, _, argument = line.decode().strip().partition(" ")
        except UnicodeDecodeError:
            return self._not_recognised()
        command = COMMANDS.get(verb.upper())
        return command(self, argument.strip()) if command else self._not_recognised()

    def _not_recognised(self) -> str:
        self._unknown_commands += 1
        if self._unknown_commands < MAX_UNKNOWN_COMMANDS:
            return "500 Command not recognised"
        self.over = True
        return f"421 {HOST} Too much that is no command"

    def _ehlo(self, argument: str) -> str:
        return self._greet(argument, EXTENDED_WELCOME)

    def _helo(self, argument: str) -> str:
        return self._greet(argument, WELCOME)

    def _greet(self, argument: str, welcome: str) -> str:
        if not argument:
            return "501 Say who you are"
        self._greeted = True
        self._envelope = Envelope()
        return welcome

    def _mail(self, argument: str) -> str:
        if not self._greeted:
            return "503 Say EHLO first"
        if self._envelope.sender is not None:
            return "503 A mail has begun already"
        match = SENDER.fullmatch(argument)
        if match is None:
            return "501 Syntax: MAIL FROM:<address> [SIZE=bytes] [BODY=8BITMIME] [SMTPUTF8]"
        for word in match[2].split():
            parameter = PARAMETER.fullmatch(word)
            if parameter is None:
                return "555 Parameter not recognised"
            if int(parameter["size"] or 0) > MAX_MAIL_BYTES:
                return TOO_LARGE
        self._envelope.sender = match[1]
        return "250 OK"

    def _rcpt(self, argument: str) -> str:
        if self._envelope.sender is None:
            return "503 Say MAIL first"
        match = RECIPIENT.fullmatch(argument)
        if match is None or not match[1]:
            return "501 Syntax: RCPT TO:<address>"
        if match[2]:
            return "555 Parameter not recognised"
        if len(self._envelope.recipients) >= MAX_RECIPIENTS:
            return f"452 A mail has at most {MAX_RECIPIENTS} recipients"
        self._envelope.recipients.append(match[1])
        return "250 OK"

    def _data(self, argument: str) -> str:
        if argument:
            return "501 Syntax: DATA"
        if not self._envelope.recipients:
            return "503 Say RCPT first"
        self._in_content = True
        # The end of DATA's line counts as content until that is taken, so that its first line is like all others.
        self._received[:0] = LINE_END
        self._searched = 0
        return "354 End it with a dot on a line of its own"

    def _rset(self, _argument: str) -> str:
        self._envelope = Envelope()
        return "250 OK"

    def _noop(self, _argument: str) -> str:
        return "250 OK"

    def _vrfy(self, _argument: str) -> str:
        return "252 Everybody's mail is taken"

    def _quit(self, _argument: str) -> str:
        self.over = True
        return f"221 {HOST} Bye"

    def _after_content(self) -> str | None:
        end = self._received.find(CONTENT_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._received) - len(CONTENT_END) + 1)
            if self._searched > MAX_MAIL_BYTES:
                del self._received[: self._searched]
                self._searched = 0
                self._dropped = True
            return None
        stuffed = bytes(self._received[: end + len(LINE_END)])
        del self._received[: end + len(CONTENT_END)]
        content = stuffed.replace(b"\r\n.", LINE_END).removeprefix(LINE_END)
        envelope, too_large = self._envelope, self._dropped or len(content) > MAX_MAIL_BYTES
        self._envelope, self._in_content, self._dropped = Envelope(), False, False
        if too_large:
            return TOO_LARGE
        if has_long_line(content):
            return f"500 A line has at most {MAX_CONTENT_LINE_BYTES} bytes"
        return self._keep(envelope, content)

    def _keep(self, envelope: Envelope, content: bytes) -> str:
        try:
            message = self._store.keep_email(
                sender=envelope.sender or "", recipients=envelope.recipients, content=content
            )
        except OSError:
            # A full disk is the sender's cue to try again later, not to give the mail up.
            logger.exception("mail refused for now")
            return "452 4.3.1 Insufficient system storage"
        return f"250 2.0.0 Kept as {message.id}"


COMMANDS: dict[str, Callable[[Conversation, str], str]] = {
    "EHLO": Conversation._ehlo,
    "HELO": Conversation._helo,
    "MAIL": Conversation._mail,
    "RCPT": Conversation._rcpt,
    "DATA": Conversation._data,
    "RSET": Conversation._rset,
    "NOOP": Conversation._noop,
    "VRFY": Conversation._vrfy,
    "QUIT": Conversation._quit,
}


def has_long_line(content: bytes) -> bool:
    """Whether a line, its end counted, has more than MAX_CONTENT_LINE_BYTES."""
    start = 0
    while len(content) - start > MAX_CONTENT_LINE_BYTES:
        end = content.rfind(LINE_END, start, start + MAX_CONTENT_LINE_BYTES)
        if end < 0:
            return True
        start = end + len(LINE_END)
    return False
