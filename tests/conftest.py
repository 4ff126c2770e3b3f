from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import watch
from world import Choice, Market, Person, Where, World, book, open_market


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "only tests that stop servers of the stack, or only those that do not"
    parser.addoption("--servers", choices=("kept", "stopped"), help=about)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "late: needs time to pass since the start; runs after the quick tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Quick tests first, then those that needed time to pass, and last those that stop what others need."""
    if wanted := config.getoption("servers"):
        other = [item for item in items if ("whole_again" in _fixtures(item)) != (wanted == "stopped")]
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]
    items.sort(key=lambda item: ("whole_again" in _fixtures(item), item.get_closest_marker("late") is not None))


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []


@pytest.fixture(scope="session")
def world() -> World:
    return World(Where.from_environment())


@pytest.fixture(scope="session")
def market(world: World) -> Market:
    return open_market(world)


@pytest.fixture(autouse=True)
def _begun_early(request: pytest.FixtureRequest) -> None:
    """What takes a minute begins with the first test that looks at a stack, and is over by the time its tests come."""
    if "world" in request.fixturenames:
        request.getfixturevalue("abandoned_hold")
        request.getfixturevalue("watched_hold")


@pytest.fixture
def whole_again() -> Iterator[None]:
    """For a test that stops something: it runs again for the next one. Only where the local stack does."""
    from stack import control  # the other tests may look at a stack somewhere else

    yield
    for name in control.names():
        if not control.pid(name):
            control.start(name)
    control.wait_ready()


@pytest.fixture(scope="session")
def abandoned_hold(market: Market) -> tuple[Person, Choice, dict[str, object]]:
    """A hold that nobody pays."""
    customer, choice = market.world.new_customer(), market.seats(2)
    return customer, choice, book(customer, choice)


@pytest.fixture(scope="session")
def watched_hold(market: Market) -> "Future[watch.HoldEnd]":
    """How another hold ended, watched from its beginning while the other tests run."""
    return watch.in_background(market)


@pytest.fixture
def customer(market: Market) -> Person:
    return market.customer()


@pytest.fixture
def choice(market: Market) -> Choice:
    """Two seats side by side that nobody else was given."""
    return market.seats(2)


@pytest.fixture(scope="session")
def admin(world: World) -> Person:
    return world.staff("admin")


@pytest.fixture(scope="session")
def support(world: World) -> Person:
    return world.staff("support")
