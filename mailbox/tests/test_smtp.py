import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from message_sink import conversation as smtp
from message_sink.conversation import Conversation
from message_sink.smtp import Connection
from message_sink.store import Store

ENVELOPE = b"MAIL FROM:<box@office.example>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n"
MAIL = b"Subject: Your ticket\r\n\r\nRow A, seat 7\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    kept = Store(tmp_path / "kept", keep=1000)
    yield kept
    kept.close()


@pytest.fixture
def conversation(store: Store) -> Conversation:
    begun = Conversation(store)
    assert codes(begun.hear(b"EHLO client.example\r\n")) == [250]
    return begun


def codes(answers: bytes) -> list[int]:
    """The code of each answer, however many lines it has; all of them end as they should."""
    lines = answers.decode().split("\r\n")
    assert lines.pop() == ""
    assert all(re.match(r"[2-5][0-9][0-9][ -]", line) for line in lines)
    return [int(line[:3]) for line in lines if line[3] == " "]


def contents(store: Store, to: str = "ada@example.com") -> list[bytes]:
    """What came for the address, the oldest first, without the envelope."""
    whole = [store.content(message) for message in reversed(store.newest(to=to, limit=1000))]
    return [re.sub(rb"\A(Return-Path|Delivered-To): .*\r\n(Delivered-To: .*\r\n)*", b"", each) for each in whole]


def test_what_the_server_can_do_is_said_to_who_asks(store: Store) -> None:
    said = Conversation(store).hear(b"EHLO client.example\r\n").decode().splitlines()
    assert [line[4:] for line in said[1:]] == ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8"]
    assert Conversation(store).hear(b"HELO client.example\r\n") == b"250 message-sink.localhost\r\n"


def test_commands_that_come_together_are_answered_in_order_and_at_once(
    conversation: Conversation, store: Store
) -> None:
    together = b"RSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n"
    assert codes(conversation.hear(together)) == [250, 250, 501, 250, 354]
    assert codes(conversation.hear(MAIL + b".\r\n" + ENVELOPE)) == [250, 250, 250, 354]
    assert codes(conversation.hear(MAIL + b".\r\nNOOP\r\nQUIT\r\nNOOP\r\n")) == [250, 250, 221]
    assert conversation.over
    assert conversation.hear(b"NOOP\r\n") == b""
    assert contents(store) == [MAIL, MAIL]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7])
def test_a_mail_may_come_in_pieces(conversation: Conversation, store: Store, size: int) -> None:
    whole = ENVELOPE + MAIL + b".\r\n" + b"NOOP\r\n"
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    answers = b"".join([conversation.hear(piece) for piece in pieces])
    assert codes(answers) == [250, 250, 354, 250, 250]
    assert contents(store) == [MAIL]


@pytest.mark.parametrize("at", range(1, 5))
def test_the_end_of_a_content_may_be_split(conversation: Conversation, store: Store, at: int) -> None:
    conversation.hear(ENVELOPE)
    whole = MAIL + b".\r\n"
    assert conversation.hear(whole[:-at]) == b""
    assert codes(conversation.hear(whole[-at:])) == [250]
    assert contents(store) == [MAIL]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"..a\r\n...\r\nb.\r\n\r\n..\r\n.\r\n", b".a\r\n..\r\nb.\r\n\r\n.\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\n.\nb\r.\rc\r\n.\r\n", b"a\n.\nb\r.\rc\r\n"),
        (b"\xff\x00\xc3\xa9\r\n.\r\n", b"\xff\x00\xc3\xa9\r\n"),
    ],
)
def test_dots_at_the_start_of_lines_are_undone_and_all_else_stays(
    conversation: Conversation, store: Store, sent: bytes, kept: bytes
) -> None:
    assert codes(conversation.hear(ENVELOPE + sent)) == [250, 250, 354, 250]
    assert contents(store) == [kept]


def test_a_mail_that_is_too_large_is_refused_and_the_next_is_taken(
    conversation: Conversation, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MAX_MAIL_BYTES", 10_000)
    line = b"x" * 98 + b"\r\n"

    assert codes(conversation.hear(b"MAIL FROM:<a@example.com> SIZE=10001\r\n")) == [552]
    conversation.hear(ENVELOPE)
    assert codes(conversation.hear(line * 100 + b".\r\n")) == [250]
    conversation.hear(ENVELOPE)
    assert codes(conversation.hear(line * 100 + b"\r\n.\r\n")) == [552]
    conversation.hear(ENVELOPE)
    assert {conversation.hear(line * 10) for _ in range(100)} == {b""}
    assert len(conversation._received) < 20_000
    assert codes(conversation.hear(b".\r\nNOOP\r\n")) == [552, 250]
    conversation.hear(ENVELOPE)
    assert codes(conversation.hear(MAIL + b".\r\n")) == [250]
    assert contents(store) == [line * 100, MAIL]


@pytest.mark.parametrize("before", [b"", b"short\r\n", (b"x" * 70 + b"\r\n") * 50])
def test_a_line_that_no_mail_may_have_is_refused(conversation: Conversation, store: Store, before: bytes) -> None:
    longest = b"x" * 999 + b"\r\n"
    assert codes(conversation.hear(ENVELOPE + before + b"x" + longest + b".\r\n")) == [250, 250, 354, 500]
    assert codes(conversation.hear(ENVELOPE + before + longest + before + b".\r\n")) == [250, 250, 354, 250]
    assert contents(store) == [before + longest + before]


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"MAIL FROM:<a@example.com>", 503),
        (b"EHLO", 501),
        (b"EHLO x\r\nRCPT TO:<a@example.com>", 503),
        (b"EHLO x\r\nDATA", 503),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nDATA", 503),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nMAIL FROM:<b@example.com>", 503),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRSET\r\nRCPT TO:<a@example.com>", 503),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nEHLO x\r\nRCPT TO:<a@example.com>", 503),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<a@example.com>\r\nDATA now", 501),
        (b"EHLO x\r\nMAIL", 501),
        (b"EHLO x\r\nMAIL FROM:a@example.com", 501),
        (b"EHLO x\r\nMAIL FROM:<a@example.com", 501),
        (b"EHLO x\r\nMAIL FROM:<a@example.com>SIZE=1", 501),
        (b'EHLO x\r\nMAIL FROM:<"a\rEvil: b"@example.com>', 501),
        (b"EHLO x\r\nMAIL FROM:<a@example.com> SIZE=many", 555),
        (b"EHLO x\r\nMAIL FROM:<a@example.com> SIZE=99999999999", 552),
        (b"EHLO x\r\nMAIL FROM:<a@example.com> BODY=BINARYMIME", 555),
        (b"EHLO x\r\nMAIL FROM:<a@example.com> AUTH=<>", 555),
        (b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.com> NOTIFY=NEVER", 555),
        (b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a b@example.com>", 501),
        (b"mail from:<a@example.com>\r\nehlo x\r\nmail from: <a@example.com> size=10 body=8bitmime smtputf8", 250),
        (b"EHLO x\r\nVRFY ada", 252),
        (b"STARTTLS", 500),
        (b"NOOP" + b" " * 3000, 500),
        (b"\xff\xfe", 500),
        (b"", 500),
    ],
)
def test_a_command_is_answered_by_its_code(store: Store, said: bytes, answered: int) -> None:
    assert codes(Conversation(store).hear(said + b"\r\n"))[-1] == answered


def test_a_mail_has_a_bounded_number_of_recipients(conversation: Conversation, store: Store) -> None:
    conversation.hear(b"MAIL FROM:<>\r\n")
    answers = conversation.hear(b"".join(b"RCPT TO:<%d@example.com>\r\n" % number for number in range(1001)))
    assert codes(answers) == [250] * 1000 + [452]
    assert codes(conversation.hear(b"DATA\r\n" + MAIL + b".\r\n")) == [354, 250]
    assert contents(store, to="999@example.com") == [MAIL]
    assert contents(store, to="1000@example.com") == []


def test_an_address_beyond_ascii_is_found_again(conversation: Conversation, store: Store, tmp_path: Path) -> None:
    said = "MAIL FROM:<hộp@example.com> SMTPUTF8\r\nRCPT TO:<bấc@example.com>\r\nDATA\r\n".encode()
    conversation.hear(said)
    conversation.hear(MAIL + b".\r\n")
    assert contents(store, to="bấc@example.com") == [MAIL]

    for index in (tmp_path / "kept").glob("index.sqlite*"):
        index.unlink()
    again = Store(tmp_path / "kept", keep=1000)
    assert contents(again, to="bấc@example.com") == [MAIL]
    assert again.newest() == store.newest()
    again.close()


def test_garbage_is_refused_and_soon_not_listened_to(store: Store) -> None:
    conversation = Conversation(store)
    assert {conversation.hear(b"\x00\xff" * 1000) for _ in range(100)} == {b""}
    assert len(conversation._received) <= 4000
    assert codes(conversation.hear(b"\r\nNOOP\r\n")) == [500, 250]
    assert codes(conversation.hear(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\n\r\n\r\n")) == [
        500,
        500,
        500,
        500,
        421,
    ]
    assert conversation.over


def served(store: Store, talk: Callable[[int], Awaitable[None]], *, idle_seconds: float = 300.0) -> None:
    """Run `talk(port)` against a server of this process."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(store, idle_seconds=idle_seconds), "127.0.0.1", 0)
        try:
            await asyncio.wait_for(talk(server.sockets[0].getsockname()[1]), 30)
        finally:
            server.close()

    asyncio.run(main())


def test_a_whole_mail_in_one_write_is_taken_over_a_socket(store: Store) -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO x\r\n" + (ENVELOPE + MAIL + b".\r\n") * 50 + b"QUIT\r\n")
        assert codes(await reader.read()) == [220, 250, *[250, 250, 354, 250] * 50, 221]
        writer.close()

    served(store, talk)
    assert contents(store) == [MAIL] * 50


@pytest.mark.parametrize("said", [b"", b"MAIL FR", ENVELOPE, ENVELOPE + MAIL, ENVELOPE + MAIL + b".\r"])
def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(store: Store, said: bytes) -> None:
    async def talk(port: int) -> None:
        for reset in (False, True):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"EHLO x\r\n" + said)
            await reader.readuntil(b"250 SMTPUTF8\r\n")
            if reset:
                writer.transport.abort()
            else:
                writer.write_eof()
                await reader.read()
                writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO x\r\n" + ENVELOPE + MAIL + b".\r\nQUIT\r\n")
        assert codes(await reader.read())[-2:] == [250, 221]
        writer.close()

    served(store, talk)
    assert store.count() == 1


def test_who_talks_is_listened_to_and_who_falls_silent_is_hung_up_on(store: Store) -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert codes(await reader.readline()) == [220]
        until = time.monotonic() + 0.7
        while time.monotonic() < until:
            writer.write(b"NOOP\r\n")
            assert codes(await reader.readline()) == [250]
        assert codes(await reader.read()) == [421]
        writer.close()

    served(store, talk, idle_seconds=0.2)


def test_a_client_that_reads_no_answer_is_not_listened_to_for_ever(store: Store) -> None:
    sent = 0

    async def talk(port: int) -> None:
        def flood() -> None:
            nonlocal sent
            with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
                until = time.monotonic() + 20
                while time.monotonic() < until:
                    sent += client.send(b"NOOP\r\n" * 10_000)

        with pytest.raises(TimeoutError):
            await asyncio.get_running_loop().run_in_executor(None, flood)

    served(store, talk)
    assert 0 < sent < 64 * 1024 * 1024
