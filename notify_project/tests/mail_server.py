"""A small SMTP server that keeps to the rules (RFC 5321, 2920), and does otherwise where a test says so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from servers import Listening

HANG_UP = None


class MailServer(Listening):
    """replies: what the n-th (from 1) command of a name is answered, HANG_UP for nothing ever; "END" is the end of a
    content. seconds: how long it takes for each answer to the end of a content; asking: to a MAIL.

    accepted: (recipient, content) of each mail that it took. together: the commands of each read, as they came.
    """

    def __init__(self, *, pipelining: bool) -> None:
        super().__init__()
        self.replies: dict[tuple[str, int], str | None] = {}
        self.seconds = 0.0
        self.asking = 0.0
        self.accepted: list[tuple[str, str]] = []
        self.together: list[list[str]] = []
        self.pipelining = pipelining
        self._came: Counter[str] = Counter()

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.accepted]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 ready\r\n")
        try:
            await self._talk(self._lines(reader), writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _lines(self, reader: asyncio.StreamReader) -> AsyncIterator[str]:
        rest = b""
        while read := await reader.read(1 << 20):
            self.together.append([])
            *lines, rest = (rest + read).split(b"\r\n")
            for line in lines:
                yield line.decode()

    async def _talk(self, lines: AsyncIterator[str], writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""
        content: list[str] | None = None
        async for line in lines:
            if content is not None and line != ".":
                content.append(line.removeprefix("."))
                continue
            command = line.split()[0].upper() if content is None else "END"
            self.together[-1].append(command)
            self._came[command] += 1
            usual = self._usual(command, sender, recipient)
            reply = self.replies.get((command, self._came[command]), usual)
            if reply is HANG_UP:
                return
            await asyncio.sleep({"END": self.seconds, "MAIL": self.asking}.get(command, 0.0))
            took = reply[0] in "23"
            if command == "END":
                if took and recipient:
                    self.accepted.append((recipient, "\r\n".join(content or [])))
                sender, recipient, content = "", "", None
            elif command in {"RSET", "EHLO"}:
                sender = recipient = ""
            elif command == "MAIL" and took:
                sender = line
            elif command == "RCPT" and took:
                recipient = line.partition("<")[2].partition(">")[0]
            elif command == "DATA" and took:
                content = []
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()

    def _usual(self, command: str, sender: str, recipient: str) -> str:
        match command:
            case "EHLO":
                return "250-here\r\n250 PIPELINING" if self.pipelining else "250 here"
            case "MAIL":
                return "503 a mail is under way" if sender else "250 fine"
            case "RCPT":
                return "250 fine" if sender else "503 MAIL first"
            case "DATA":
                return "354 go on" if recipient else "503 RCPT first"
            case "END":
                return "250 kept" if recipient else "554 nobody wants it"
            case _:
                return "250 fine"
