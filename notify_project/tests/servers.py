"""Servers for tests: the real message sink in its own process, and an SMTP server that misbehaves as told."""

import asyncio
import json
import os
import select
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from chassis.testing_ports import free_port

SMS_KEY = "a-key-for-tests"


class Sink:
    """The message sink; it can be stopped and started again on the same ports."""

    def __init__(self, *, code: Path, data: Path) -> None:
        self.smtp_port, self.http_port = free_port(), free_port()
        self._code, self._data = code, data
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "message_sink"],
            cwd=self._code,
            text=True,
            stdout=subprocess.PIPE,
            env=os.environ
            | {
                "SMTP_PORT": str(self.smtp_port),
                "HTTP_PORT": str(self.http_port),
                "MESSAGE_SINK_DATA": str(self._data),
                "SMS_GATEWAY_API_KEY": SMS_KEY,
            },
        )
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], 10)[0], "the message sink did not start within 10 s"
        assert "SMTP on" in self._process.stdout.readline()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=10)
            self._process = None

    def messages(self, to: str) -> list[dict[str, Any]]:
        """What came for the address or number, the oldest first."""
        url = f"http://127.0.0.1:{self.http_port}/messages?limit=1000&to={quote(to)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return list(reversed(json.load(answer)))

    def source(self, message: dict[str, Any]) -> str:
        url = f"http://127.0.0.1:{self.http_port}/messages/{message['id']}.eml"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())


class Listening:
    """A server of asyncio's in a thread of its own; subclasses answer in _serve()."""

    def __init__(self) -> None:
        self.port = free_port()
        self.connections = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    @contextmanager
    def running(self) -> Iterator[Self]:
        self._thread.start()
        assert self._started.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._started.set()
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class ScriptedSmtp(Listening):
    """Answers from a script: `replies` maps a command to what it is answered; None hangs up, "" says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, str | None] = {}
        self.accepted: list[str] = []
        self._writers: list[asyncio.StreamWriter] = []

    def hang_up(self) -> None:
        """Closes every connection; new ones are welcome."""

        async def close() -> None:
            for writer in self._writers:
                writer.close()
                await writer.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        content = ""
        in_data = False
        await self._answer(writer, "CONNECT", "220 ready")
        while line := (await reader.readline()).decode():
            if in_data:
                if line != ".\r\n":
                    content += line
                    continue
                in_data = False
                if (self.replies.get("CONTENT", "250") or "").startswith("250"):
                    self.accepted.append(content)
                await self._answer(writer, "CONTENT", "250 kept")
                continue
            command = line.split()[0].upper()
            usual = {"DATA": "354 go on", "EHLO": "250-scripted\r\n250 SIZE 1000000"}.get(command, "250 fine")
            in_data = await self._answer(writer, command, usual) and command == "DATA"
            content = ""
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, command: str, usual: str) -> bool:
        reply = self.replies.get(command, usual)
        if reply is None:
            writer.close()
            return False
        if reply:
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
        return reply[:1] in {"2", "3"}
