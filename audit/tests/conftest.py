from collections.abc import Iterator

import pytest
from planted import World, stack


@pytest.fixture(scope="session")
def databases() -> Iterator[World]:
    world = World(stack())
    yield world
    world.close()


@pytest.fixture
def world(databases: World) -> World:
    databases.empty()
    return databases
