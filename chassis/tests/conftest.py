from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from kombu import Connection

from chassis.messaging import topology
from chassis.messaging.worker import service_tables
from chassis.testing_proxy import Proxy


@pytest.fixture
def queues(broker: str) -> str:
    """A new vhost with the service's exchanges and queues declared; its address."""
    topology.declare(*service_tables())
    return broker


@pytest.fixture
def depth(queues: str) -> Iterator[Callable[[str], int]]:
    """depth("chassis_queue") → how many messages are ready in that queue."""
    with Connection(queues) as connection:
        channel = connection.channel()
        yield lambda name: channel.queue_declare(name, passive=True).message_count


@pytest.fixture
def proxied() -> Iterator[Callable[[str, int], Proxy]]:
    """proxied(url, default_port) → a Proxy in front of that server."""
    proxies = []

    def make(url: str, default_port: int) -> Proxy:
        parts = urlsplit(url)
        proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or default_port)
        proxies.append(proxy)
        return proxy

    yield make
    for proxy in proxies:
        proxy.close()


LOCAL = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def admin_client(admin_user: Any) -> Client:
    """An operator's local account: what its session may do is not auth's to say."""
    client = Client()
    client.force_login(admin_user, backend=LOCAL)
    return client
