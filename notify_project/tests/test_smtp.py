import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from servers import ScriptedSmtp

from chassis.testing_ports import free_port
from notifications.failures import PermanentFailure, TemporaryFailure, Unreachable
from notifications.smtp import Envelope, SmtpConnection, SmtpServer

SECONDS = 5.0


def envelope(recipient: str = "ada@example.com", text: str = "hello") -> Envelope:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "a mail"
    mail.set_content(text)
    return Envelope(sender="box@office.example", recipient=recipient, content=mail.as_bytes())


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp().running() as running:
        yield running


@pytest.fixture
def connection(server: ScriptedSmtp) -> Iterator[SmtpConnection]:
    connected = SmtpConnection(SmtpServer("127.0.0.1", server.port), seconds=SECONDS)
    yield connected
    connected.close()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025)),
        ("smtps://mail.example", SmtpServer("mail.example", 465, tls=True)),
        (
            "smtp+tls://us%40er:p%2Fw@mail.example",
            SmtpServer("mail.example", 587, user="us@er", password="p/w", start_tls=True),
        ),
    ],
)
def test_the_address_of_a_server_says_how_to_talk_to_it(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server


@pytest.mark.parametrize("url", ["", "mail.example:25", "http://mail.example", "smtp://"])
def test_what_is_not_an_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        SmtpServer.from_url(url)


def test_a_password_does_not_show_in_a_server_s_representation() -> None:
    assert "p/w" not in repr(SmtpServer.from_url("smtp://user:p%2Fw@mail.example"))


def test_mails_go_over_one_connection(server: ScriptedSmtp, connection: SmtpConnection) -> None:
    for number in range(5):
        connection.send(envelope(text=f"number {number}\n.\n.leading dot"))
    assert server.connections == 1
    assert len(server.accepted) == 5
    assert "..leading dot" in server.accepted[4]


def test_a_connection_that_was_closed_meanwhile_is_made_anew(server: ScriptedSmtp, connection: SmtpConnection) -> None:
    connection.send(envelope())
    server.hang_up()
    connection.send(envelope())
    assert server.connections == 2
    assert len(server.accepted) == 2


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize(
    ("reply", "failure"),
    [("450 later", TemporaryFailure), ("552 never", PermanentFailure), ("421 closing", Unreachable)],
)
def test_a_refusal_is_told_by_its_code_and_the_next_mail_goes_through(
    server: ScriptedSmtp,
    connection: SmtpConnection,
    command: str,
    reply: str,
    failure: type[Exception],
) -> None:
    server.replies[command] = reply
    with pytest.raises(failure) as refused:
        connection.send(envelope())
    assert type(refused.value) is failure
    assert refused.value.code == f"smtp_{reply[:3]}"  # type: ignore[attr-defined]

    del server.replies[command]
    connection.send(envelope())
    assert len(server.accepted) == 1


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
def test_a_server_that_hangs_up_is_unreachable(server: ScriptedSmtp, connection: SmtpConnection, command: str) -> None:
    server.replies |= {command: None, "HELO": None if command == "EHLO" else "250 fine"}
    with pytest.raises(Unreachable):
        connection.send(envelope())


@pytest.mark.parametrize("command", ["CONNECT", "MAIL", "CONTENT"])
def test_a_server_that_says_nothing_costs_a_bounded_time(server: ScriptedSmtp, command: str) -> None:
    server.replies[command] = ""
    connection = SmtpConnection(SmtpServer("127.0.0.1", server.port), seconds=0.3)
    started = time.monotonic()
    with pytest.raises(Unreachable):
        connection.send(envelope())
    assert time.monotonic() - started < 2
    connection.close()


def test_a_refusal_counts_even_when_the_server_hangs_up_after_it(
    server: ScriptedSmtp, connection: SmtpConnection
) -> None:
    server.replies |= {"RCPT": "550 no such user", "RSET": None}
    with pytest.raises(PermanentFailure):
        connection.send(envelope())


def test_a_server_that_is_not_there_is_unreachable() -> None:
    connection = SmtpConnection(SmtpServer("127.0.0.1", free_port()), seconds=SECONDS)
    with pytest.raises(Unreachable):
        connection.send(envelope())


def test_an_address_beyond_ascii_needs_a_server_that_can_take_it(
    server: ScriptedSmtp, connection: SmtpConnection
) -> None:
    with pytest.raises(PermanentFailure, match="address_not_supported"):
        connection.send(envelope(recipient="bấc@example.com"))
    server.replies["EHLO"] = "250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8"
    connection.close()
    connection.send(envelope(recipient="bấc@example.com"))
    assert len(server.accepted) == 1
