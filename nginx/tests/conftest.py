from collections.abc import Iterator

import pytest
from gateway import SERVICES, Gateway, Upstream


@pytest.fixture(scope="session")
def running_upstreams() -> Iterator[dict[str, Upstream]]:
    upstreams = {service: Upstream(service) for service in SERVICES}
    yield upstreams
    for upstream in upstreams.values():
        upstream.stop()


@pytest.fixture
def upstreams(running_upstreams: dict[str, Upstream]) -> dict[str, Upstream]:
    for upstream in running_upstreams.values():
        upstream.reset()
    return running_upstreams


@pytest.fixture(scope="session")
def shared_gateway(
    running_upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    addresses = {name: upstream.address for name, upstream in running_upstreams.items()}
    origins = "https://shop.example http://localhost:3000"
    with Gateway(tmp_path_factory.mktemp("gateway"), addresses, CORS_ALLOWED_ORIGINS=origins) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway: Gateway, upstreams: dict[str, Upstream]) -> Gateway:
    """The gateway without a rate limit, in front of upstreams that have forgotten earlier tests."""
    return shared_gateway
