"""The simulated gateway keeps its word: each operation once, nothing lost by a kill, cards that do as they say."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from chassis.testing import wait_until
from gateway_simulator.journal import Journal, JournalCorrupt, JournalInUse
from gateway_simulator.webhook import signature
from tests.simulator import WEBHOOK_SECRET, Simulator


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path).start()
    yield simulator
    simulator.stop()


def captured(bank: Simulator, *, amount: int = 25000) -> tuple[str, str]:
    """(authorisation id, capture id) of money that was taken."""
    _, authorisation = bank.authorise(amount=amount)
    _, capture = bank.post(f"/v1/authorisations/{authorisation['id']}/capture", key="c-1")
    return authorisation["id"], capture["id"]


def test_an_authorisation_is_captured_once_and_refunded_up_to_what_was_captured(bank: Simulator) -> None:
    status, authorisation = bank.authorise()
    assert (status, authorisation["status"]) == (201, "authorised")
    capture_path = f"/v1/authorisations/{authorisation['id']}/capture"
    assert bank.post(capture_path, {"amount": 25001}, key="c-0")[1]["code"] == "amount_too_large"
    status, capture = bank.post(capture_path, key="c-1")
    assert (status, capture["amount"]) == (201, 25000)
    assert bank.post(capture_path, key="c-2")[1]["code"] == "already_captured"
    refunds = f"/v1/captures/{capture['id']}/refunds"
    assert bank.post(refunds, {"amount": 20000}, key="r-1")[0] == 201
    assert bank.post(refunds, {"amount": 5001}, key="r-2")[1]["code"] == "amount_too_large"
    assert bank.post(refunds, {"amount": 5000}, key="r-3")[0] == 201
    assert bank.record("payment-1") == [
        {
            "id": authorisation["id"],
            "reference": "payment-1",
            "currency": "VND",
            "status": "captured",
            "authorised_amount": 25000,
            "captured_amount": 25000,
            "voided_amount": 0,
            "refunded_amount": 25000,
        }
    ]


def test_an_authorisation_tells_which_card_it_is_on_a_saved_one_too(bank: Simulator) -> None:
    _, saved = bank.post("/v1/payment_methods", {"payment_token": "tok_capture_fails"}, key="m-1")
    for key, token, last4 in (("a-1", "tok_visa", "4242"), ("a-2", saved["id"], "0341")):
        assert bank.authorise(token, key=key)[1]["card"] == {"brand": "visa", "last4": last4}


def test_a_voided_authorisation_can_be_neither_captured_nor_voided_again(bank: Simulator) -> None:
    _, authorisation = bank.authorise()
    path = f"/v1/authorisations/{authorisation['id']}"
    assert bank.post(f"{path}/void", key="v-1")[0] == 201
    assert bank.post(f"{path}/void", key="v-2")[1]["code"] == "already_voided"
    assert bank.post(f"{path}/capture", key="c-1")[1]["code"] == "already_voided"
    assert bank.record()[0]["voided_amount"] == 25000


def test_the_same_key_gets_the_same_answer_and_another_payload_is_refused(bank: Simulator) -> None:
    first = bank.authorise(key="a-1")
    assert bank.authorise(key="a-1") == first
    status, body = bank.authorise(key="a-1", amount=1)
    assert (status, body["code"]) == (422, "idempotency_key_reused")
    assert len(bank.record()) == 1
    assert bank.request("GET", "/v1/operations/a-1")[1]["answer"]["body"] == first[1]
    assert bank.request("GET", "/v1/operations/never-sent")[0] == 404


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_card_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
        ("tok_of_nobody", "invalid_token"),
    ],
)
def test_a_bad_card_is_declined_with_its_reason_and_takes_nothing(bank: Simulator, token: str, code: str) -> None:
    status, body = bank.authorise(token)
    assert (status, body["code"]) == (402, code)
    assert bank.record() == []


def test_the_record_is_read_a_page_after_the_other_and_by_reference(bank: Simulator) -> None:
    for number in (3, 1, 2, 2):
        assert bank.authorise(key=f"key-{number}-{len(bank.record())}", reference=f"payment-{number}")[0] == 201

    def references(query: str) -> list[str]:
        status, body = bank.request("GET", f"/v1/record?{query}")
        assert status == 200
        return [entry["reference"] for entry in body["authorisations"]]

    assert references("after=&limit=2") == ["payment-1", "payment-2", "payment-2"]
    assert references("after=payment-2&limit=2") == ["payment-3"]
    assert references("after=payment-3&limit=2") == []
    assert references("reference=payment-3&reference=payment-1&reference=nobody") == ["payment-3", "payment-1"]
    for limit in ("0", "1001", "-1", "x", "9" * 40):
        assert bank.request("GET", f"/v1/record?limit={limit}")[0] == 400


def test_a_card_that_times_out_once_has_been_charged_and_says_so_the_second_time(bank: Simulator) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        bank.authorise("tok_timeout_once")
    assert len(bank.record()) == 1
    assert bank.authorise("tok_timeout_once")[0] == 201
    assert len(bank.record()) == 1


def test_a_slow_card_takes_the_money_first_and_answers_after_three_seconds(bank: Simulator) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(bank.authorise, "tok_slow")
        wait_until(lambda: len(bank.record()) == 1)
        assert not answer.done()
        assert answer.result()[0] == 201
    assert time.monotonic() - started >= 3.0


def test_a_card_may_be_authorised_and_then_refuse_the_capture_for_good(bank: Simulator) -> None:
    _, authorisation = bank.authorise("tok_capture_fails")
    path = f"/v1/authorisations/{authorisation['id']}"
    assert bank.post(f"{path}/capture", key="c-1")[1]["code"] == "capture_refused"
    assert bank.post(f"{path}/capture", key="c-2")[1]["code"] == "capture_refused"
    assert bank.post(f"{path}/void", key="v-1")[0] == 201


def test_an_unavailable_processor_answers_503_and_never_takes_anything(bank: Simulator) -> None:
    assert [bank.authorise("tok_gateway_down")[0] for _ in range(2)] == [503, 503]
    assert bank.record() == []


def test_a_reversal_voids_what_came_and_refuses_what_comes_later(bank: Simulator) -> None:
    bank.authorise(key="a-1")
    status, body = bank.post("/v1/operations/a-1/reverse", key="rev-1")
    assert (status, body["voided_amount"]) == (200, 25000)
    assert bank.post("/v1/operations/a-2/reverse", key="rev-2")[1]["voided_amount"] == 0
    status, body = bank.authorise(key="a-2")
    assert (status, body["code"]) == (409, "reversed")
    assert [entry["status"] for entry in bank.record()] == ["voided"]


def test_a_reversal_never_undoes_a_capture(bank: Simulator) -> None:
    captured(bank)
    assert bank.post("/v1/operations/a-1/reverse", key="rev-1")[1]["code"] == "already_captured"
    assert bank.post("/v1/operations/c-1/reverse", key="rev-2")[1]["code"] == "not_reversible"


def test_a_saved_method_behaves_as_the_card_it_stands_for(bank: Simulator) -> None:
    status, method = bank.post("/v1/payment_methods", {"payment_token": "tok_expired_card"}, key="m-1")
    assert (status, method["last4"]) == (201, "0069")
    assert bank.authorise(method["id"])[1]["code"] == "expired_card"
    assert bank.post("/v1/payment_methods", {"payment_token": "tok_of_nobody"}, key="m-2")[0] == 402


def test_a_saved_method_is_good_for_its_customer_alone(bank: Simulator) -> None:
    _, method = bank.post("/v1/payment_methods", {"payment_token": "tok_visa", "customer": "mai"}, key="m-1")
    for number, customer in enumerate(["lan", None]):
        status, body = bank.authorise(method["id"], key=f"a-{number}", customer=customer)
        assert (status, body["code"]) == (402, "invalid_token"), customer
    assert bank.authorise(method["id"], key="a-mai", customer="mai")[0] == 201
    bank.kill()
    bank.start()
    assert bank.authorise(method["id"], key="a-9", customer="lan")[0] == 402
    assert len(bank.record()) == 1


def test_a_method_saved_before_customers_were_told_belongs_to_who_pays_with_it_first(bank: Simulator) -> None:
    _, method = bank.post("/v1/payment_methods", {"payment_token": "tok_visa"}, key="m-1")
    assert bank.authorise(method["id"], key="a-1", customer="mai")[0] == 201
    assert bank.authorise(method["id"], key="a-2", customer="lan")[0] == 402
    assert bank.authorise(method["id"], key="a-3", customer="mai")[0] == 201


def test_nothing_is_lost_or_done_twice_when_it_is_killed_at_any_moment(bank: Simulator) -> None:
    _, capture = captured(bank)
    with pytest.raises(http.client.RemoteDisconnected):
        bank.authorise("tok_timeout_once", key="a-2", reference="payment-2")
    bank.post("/v1/operations/a-9/reverse", key="rev-1")
    before = bank.record()
    bank.kill()
    bank.start()
    assert bank.record() == before
    assert bank.authorise("tok_timeout_once", key="a-2", reference="payment-2")[0] == 201
    assert bank.authorise(key="a-9")[1]["code"] == "reversed"
    assert bank.post(f"/v1/captures/{capture}/refunds", {"amount": 25001}, key="r-1")[0] == 409
    assert bank.record() == before


def test_a_torn_last_line_is_an_operation_that_never_happened(bank: Simulator) -> None:
    bank.authorise(key="a-1")
    bank.kill()
    whole = bank.journal.read_bytes()
    bank.journal.write_bytes(whole + whole[: len(whole) // 2])
    bank.start()
    assert bank.journal.read_bytes() == whole
    assert len(bank.record()) == 1


def test_a_journal_damaged_in_the_middle_is_told_and_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"key": 1}\n{"ke\n{"key": 3}\n')
    with pytest.raises(JournalCorrupt, match="line 2"):
        list(Journal(path).replay())


def test_two_simulators_never_write_to_one_journal(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(JournalInUse):
        Journal(first.path)
    first.close()
    Journal(first.path).close()


def test_sixteen_captures_at_once_take_the_money_once(bank: Simulator) -> None:
    _, authorisation = bank.authorise()
    path = f"/v1/authorisations/{authorisation['id']}/capture"
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: bank.post(path, key=f"c-{n}")[0], range(16)))
    assert sorted(answers) == [201] + [409] * 15


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/authorisations", b"{", 400),
        ("POST", "/v1/authorisations", b"[]", 400),
        ("POST", "/v1/authorisations", b"", 400),
        ("POST", "/v1/authorisations", b'{"amount": true}', 400),
        ("POST", "/v1/authorisations", b'{"amount": 1.5}', 400),
        ("POST", "/v1/authorisations", b'{"amount": -1}', 400),
        ("POST", "/v1/authorisations", b"[" * 10000, 400),
        ("POST", "/v1/authorisations/auth_x/void", b'{"why": 1}', 400),
        ("POST", "/v1/authorisations/auth_x/void", b"", 404),
        ("POST", "/v1/captures/cap_x/refunds", b'{"amount": 1}', 404),
        ("POST", "/v1/unknown", b"{}", 404),
        ("GET", "/v1/unknown", b"", 404),
        ("PUT", "/v1/record", b"", 501),
        ("POST", "/v1/authorisations", b"x" * 20000, 413),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_json(
    bank: Simulator, method: str, path: str, body: bytes, status: int
) -> None:
    answered, problem = bank.request(method, path, body, key="k-1")
    assert answered == status
    assert problem["code"]


def test_without_the_api_key_or_an_idempotency_key_nothing_happens(bank: Simulator) -> None:
    payload = {"amount": 1, "currency": "VND", "payment_token": "tok_visa", "reference": "p"}
    wrong = {"Authorization": "Bearer wrong"}
    assert bank.request("POST", "/v1/authorisations", payload, key="a", headers=wrong)[0] == 401
    assert bank.request("GET", "/v1/record", headers=wrong)[0] == 401
    assert bank.request("POST", "/v1/authorisations", payload)[0] == 400
    assert bank.request("GET", "/health", headers=wrong)[0] == 200
    assert bank.record() == []


def test_a_connection_is_kept_and_serves_many_requests(bank: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bank.port, timeout=5)
    connection.connect()
    socket = connection.sock
    for _ in range(3):
        connection.request("GET", "/health")
        assert json.loads(connection.getresponse().read()) == {"status": "ok"}
    assert connection.sock is socket
    connection.close()


def test_it_ends_at_once_and_cleanly_when_asked(bank: Simulator) -> None:
    assert bank.stop() == 0


def test_a_lost_answer_is_announced_by_a_signed_webhook(tmp_path: Path) -> None:
    received: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    merchant = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=merchant.serve_forever, kwargs={"poll_interval": 0.05}).start()
    bank = Simulator(tmp_path, webhook_url=f"http://127.0.0.1:{merchant.server_port}/hook").start()
    try:
        with pytest.raises(http.client.RemoteDisconnected):
            bank.authorise("tok_timeout_once", key="a-1")
        wait_until(lambda: received)
    finally:
        bank.stop()
        merchant.shutdown()
        merchant.server_close()
    headers, body = received[0]
    sent = {name.lower(): value for name, value in headers.items()}
    expected = signature(WEBHOOK_SECRET, sent["webhook-id"], int(sent["webhook-timestamp"]), body)
    assert sent["webhook-signature"] == expected
    assert json.loads(body)["data"]["idempotency_key"] == "a-1"


def test_what_was_moved_is_reported_by_day_and_by_reference(bank: Simulator) -> None:
    day = datetime.now(UTC).date().isoformat()
    for number in range(3):
        _, authorised = bank.authorise(key=f"a-{number}", reference=f"payment-{number}")
        _, captured = bank.post(f"/v1/authorisations/{authorised['id']}/capture", key=f"c-{number}")
    bank.post(f"/v1/captures/{captured['id']}/refunds", {"amount": 100}, key="r-2")
    bank.stop()
    bank.start()
    asked, seen = f"/v1/settlements?day={day}&limit=3", []
    _, page = bank.request("GET", asked)
    seen += page["entries"]
    _, page = bank.request("GET", f"{asked}&after={page['next']}")
    seen += page["entries"]
    assert page["next"] == ""
    assert [(each["kind"], each["key"], each["reference"]) for each in seen] == [
        *(("capture", f"c-{number}", f"payment-{number}") for number in range(3)),
        ("refund", "r-2", "payment-2"),
    ]
    assert bank.request("GET", "/v1/settlements?reference=payment-2")[1]["entries"] == seen[2:]
    assert bank.request("GET", "/v1/settlements?day=2020-01-01")[1] == {"entries": [], "next": ""}
    for wrong in ("", "day=today", f"day={day}&limit=0", f"day={day}&after=-1", f"day={day}&limit=1001"):
        assert bank.request("GET", f"/v1/settlements?{wrong}")[0] == 400
