from concurrent.futures import Future

import pytest
import watch
from world import Choice, Market, Person, Where, World, book, open_market


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "late: needs time to pass since the start; runs after the quick tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, then those that needed time to pass, and faults last: nothing else runs beside those."""
    items.sort(key=lambda item: (item.path.parent.name == "faults", item.get_closest_marker("late") is not None))


@pytest.fixture(scope="session")
def world() -> World:
    return World(Where.from_environment())


@pytest.fixture(scope="session")
def market(world: World) -> Market:
    return open_market(world)


@pytest.fixture(scope="session", autouse=True)
def abandoned_hold(market: Market) -> tuple[Person, Choice, dict[str, object]]:
    """A hold that nobody pays, made first so that it has ended by the time its tests come."""
    customer, choice = market.customer(), market.seats(2)
    return customer, choice, book(customer, choice)


@pytest.fixture(scope="session", autouse=True)
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
