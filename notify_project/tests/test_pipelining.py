"""Many mails over one connection, with a server that offers PIPELINING and with one that does not."""

import time
from collections.abc import Iterator

import pytest
from mail_server import HANG_UP, MailServer

from notifications.failures import DeliveryFailure, PermanentFailure, TemporaryFailure, Unreachable
from notifications.smtp import Envelope, SmtpConnection, SmtpServer

FIVE = [
    Envelope(sender="box@office.example", recipient=f"{n}@b.example", content=b"Subject: s\r\n\r\n.number %d\r\n" % n)
    for n in range(1, 6)
]


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with MailServer(pipelining=request.param).running() as running:
        yield running


@pytest.fixture
def pipelining() -> Iterator[MailServer]:
    with MailServer(pipelining=True).running() as running:
        yield running


def connected(server: MailServer, *, seconds: float = 5.0) -> SmtpConnection:
    return SmtpConnection(SmtpServer("127.0.0.1", server.port), seconds=seconds)


def numbers(server: MailServer) -> list[int]:
    """Of the mails that the server took."""
    assert all(content == f"Subject: s\r\n\r\n.number {recipient[0]}" for recipient, content in server.accepted)
    return [int(recipient[0]) for recipient in server.recipients]


def kinds(outcomes: list[DeliveryFailure | None]) -> list[type | None]:
    return [None if outcome is None else type(outcome) for outcome in outcomes]


def test_many_mails_go_over_one_connection_as_they_are(server: MailServer) -> None:
    assert list(connected(server).send_all(FIVE)) == [None] * 5
    assert numbers(server) == [1, 2, 3, 4, 5]
    assert server.connections == 1


def test_the_commands_of_a_mail_go_out_right_behind_the_content_of_the_one_before(pipelining: MailServer) -> None:
    list(connected(pipelining).send_all(FIVE))
    group = ["MAIL", "RCPT", "DATA"]
    assert pipelining.together == [["EHLO"], group, *[["END", *group]] * 4, ["END"]]


@pytest.mark.parametrize("reply", ["450 later", "552 never"])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "END"])
def test_a_refusal_is_of_its_own_mail_and_of_no_other(server: MailServer, command: str, reply: str) -> None:
    server.replies[command, 3] = reply
    outcomes = list(connected(server).send_all(FIVE))
    refused = TemporaryFailure if reply.startswith("4") else PermanentFailure
    assert kinds(outcomes) == [None, None, refused, None, None]
    assert outcomes[2] is not None
    assert outcomes[2].code == f"smtp_{reply[:3]}"
    assert numbers(server) == [1, 2, 4, 5]
    assert server.connections == 1


def test_a_content_that_is_asked_for_though_nobody_is_to_have_it_is_not_sent(pipelining: MailServer) -> None:
    pipelining.replies |= {("RCPT", 3): "550 no such user", ("DATA", 3): "354 go on"}
    outcomes = list(connected(pipelining).send_all(FIVE))
    assert kinds(outcomes) == [None, None, PermanentFailure, None, None]
    assert numbers(pipelining) == [1, 2, 4, 5]


def test_a_refusal_of_the_last_mail_is_forgotten_by_the_server_before_the_next(server: MailServer) -> None:
    connection = connected(server)
    server.replies["RCPT", 5] = "550 no such user"
    list(connection.send_all(FIVE))
    assert list(connection.send_all(FIVE)) == [None] * 5
    assert numbers(server) == [1, 2, 3, 4, 1, 2, 3, 4, 5]
    assert server.connections == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "END"])
def test_a_server_that_closes_is_unreachable_for_all_that_follow(server: MailServer, command: str) -> None:
    server.replies[command, 3] = "421 closing"
    assert kinds(list(connected(server).send_all(FIVE))) == [None, None, *[Unreachable] * 3]
    assert numbers(server) == [1, 2]


def test_what_was_handed_over_without_an_answer_is_unreachable_and_so_is_what_follows(server: MailServer) -> None:
    server.replies["END", 3] = HANG_UP
    assert kinds(list(connected(server).send_all(FIVE))) == [None, None, *[Unreachable] * 3]
    assert numbers(server) == [1, 2]
    assert server.connections == 1


def test_a_server_that_refuses_and_hangs_up_has_refused_one_and_the_others_go_out_once(server: MailServer) -> None:
    server.replies |= {("RCPT", 3): "550 no such user", ("DATA", 3) if server.pipelining else ("RSET", 1): HANG_UP}
    assert kinds(list(connected(server).send_all(FIVE))) == [None, None, PermanentFailure, None, None]
    assert numbers(server) == [1, 2, 4, 5]


def test_a_server_that_hangs_up_between_two_mails_and_does_not_come_back(server: MailServer) -> None:
    server.replies |= {("MAIL", 4): HANG_UP, ("EHLO", 2): HANG_UP, ("HELO", 1): HANG_UP}
    assert kinds(list(connected(server).send_all(FIVE))) == [None, None, None, Unreachable, Unreachable]
    assert numbers(server) == [1, 2, 3]


def test_none_is_begun_when_the_time_is_over(server: MailServer) -> None:
    server.seconds = 0.5
    connection = connected(server)
    outcomes = list(connection.send_all(FIVE, begin_by=time.monotonic() + 0.8))
    assert kinds(outcomes) == [None, None, *[TemporaryFailure] * 3]
    assert outcomes[-1] is not None
    assert outcomes[-1].code == "no_time"
    server.seconds = 0.0
    assert list(connection.send_all(FIVE[2:])) == [None] * 3
    assert numbers(server) == [1, 2, 3, 4, 5]


def test_patience_ends_before_anything_is_taken_and_not_after(server: MailServer) -> None:
    connection = connected(server)
    server.asking = 1.0
    started = time.monotonic()
    assert kinds(list(connection.send_all(FIVE, patience=0.1))) == [Unreachable] * 5
    assert time.monotonic() - started < 0.9
    server.asking, server.seconds = 0.0, 0.8
    assert list(connection.send_all(FIVE[:1], patience=0.5)) == [None]
    assert numbers(server) == [1]


def test_a_server_that_hangs_costs_the_bound_of_one_mail(server: MailServer) -> None:
    server.seconds = 5.0
    started = time.monotonic()
    assert kinds(list(connected(server, seconds=0.3).send_all(FIVE))) == [Unreachable] * 5
    assert time.monotonic() - started < 2


def test_an_address_that_cannot_be_told_costs_the_server_nothing(server: MailServer) -> None:
    strange = [
        Envelope("box@office.example", address, b"x\r\n") for address in ("bấc@b.example", "a\r\nRSET@b.example")
    ]
    outcomes = list(connected(server).send_all([FIVE[0], *strange, FIVE[1]]))
    assert kinds(outcomes) == [None, PermanentFailure, PermanentFailure, None]
    assert numbers(server) == [1, 2]


def test_there_is_room_for_one_mail_where_the_server_is_not_known_and_for_few_where_it_is_slow(
    server: MailServer,
) -> None:
    connection = connected(server)
    assert connection.room(seconds=4.0) == 1
    list(connection.send_all(FIVE))
    assert connection.room(seconds=4.0) > 16
    server.seconds = 0.1
    list(connection.send_all(FIVE))
    assert 2 <= connection.room(seconds=1.0) <= 10
    connection.close()
    assert connection.room(seconds=4.0) == 1
