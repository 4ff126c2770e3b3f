import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.db import connection

from chassis.storage.models import IdempotencyKey
from payments import bookings, gateways, operations
from payments.gateways import side_by_side
from payments.models import UNFINISHED, GatewayOperation, Payment
from tests.factories import booking_data
from tests.lossy import LossyPath
from tests.simulator import API_KEY, WEBHOOK_SECRET, Simulator


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The real gateway simulator, one for all tests: each looks only at its own payments."""
    running = Simulator(tmp_path_factory.mktemp("gateway")).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _gateway_address(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    """The service asks the simulator; each test starts with a closed breaker."""
    if "bank" not in request.fixturenames:
        settings.PAYMENT_GATEWAY_URL = request.getfixturevalue("simulator").url
    settings.PAYMENT_GATEWAY_API_KEY = API_KEY
    settings.BOOKING_URL = "http://127.0.0.1:9"  # the discard port: nobody answers
    settings.PAYMENT_WEBHOOK_SECRET = WEBHOOK_SECRET
    gateways.named.cache_clear()
    bookings.client.cache_clear()
    yield
    gateways.named.cache_clear()
    bookings.client.cache_clear()


@pytest.fixture(autouse=True)
def _only_tests_make_time_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be tried again is not due by itself, however slow the machine is: see time_passes()."""
    monkeypatch.setattr(operations, "FIRST_PAUSE", operations.LONGEST_PAUSE)


@pytest.fixture(autouse=True)
def _answers_are_waited_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is; another thread would not see what a test's transaction holds. See `impatient`."""
    if "impatient" not in request.fixturenames:
        monkeypatch.setattr(side_by_side, "PATIENCE", 30.0)
        monkeypatch.setattr(side_by_side, "TOGETHER", 30.0)


@pytest.fixture
def impatient() -> None:
    """Slow cards are left to themselves, as in earnest. For tests whose transactions are real."""


@pytest.fixture
def lossy(simulator: Simulator, settings: Any) -> Iterator[LossyPath]:
    """The service reaches the simulator over a path that loses what it is told to."""
    path = LossyPath(simulator.port)
    settings.PAYMENT_GATEWAY_URL = path.url
    gateways.named.cache_clear()
    yield path
    path.shutdown()
    path.server_close()


class Killed(BaseException):
    """Stands for SIGKILL at this very place: nothing after it runs."""


@pytest.fixture
def killed_before_the_call(monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[object]:
    """`with killed_before_the_call:` the process in it dies when it is about to ask the gateway."""

    def die(_: GatewayOperation) -> gateways.Outcome:
        raise Killed

    return _dying(monkeypatch, die)


@pytest.fixture
def killed_after_the_call(monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[object]:
    """`with killed_after_the_call:` the process in it dies when the gateway has answered and nothing is recorded."""
    perform = gateways.perform

    def ask_and_die(operation: GatewayOperation) -> gateways.Outcome:
        perform(operation)
        raise Killed

    return _dying(monkeypatch, ask_and_die)


@contextmanager
def _dying(monkeypatch: pytest.MonkeyPatch, instead: Callable[[GatewayOperation], gateways.Outcome]) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(gateways, "perform", instead)
        with pytest.raises(Killed):
            yield


@pytest.fixture
def during_the_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """during_the_call(do): once, while the gateway is being asked, do() happens elsewhere."""

    def arrange(do: Callable[[], object]) -> None:
        perform = gateways.perform

        def ask(operation: GatewayOperation) -> gateways.Outcome:
            monkeypatch.setattr(gateways, "perform", perform)
            outcome = perform(operation)
            do()
            if threading.current_thread() is not threading.main_thread():
                connection.close()
            return outcome

        monkeypatch.setattr(gateways, "perform", ask)

    return arrange


@pytest.fixture
def time_passes() -> Callable[[], int]:
    """time_passes() makes every unfinished operation due, its holder gone; how many there are."""

    def pass_() -> int:
        return GatewayOperation.objects.filter(state__in=UNFINISHED).update(
            due_at="2020-01-01T00:00Z", leased_until=None
        )

    return pass_


@pytest.fixture
def leases_end() -> Callable[[], int]:
    """leases_end(): the leases of requests that were killed have run out."""
    return lambda: IdempotencyKey.objects.update(leased_until="2020-01-01T00:00Z")


@pytest.fixture
def payment(deliver: Callable[..., bool]) -> Payment:
    """180,000 VND that the gateway really took."""
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])
