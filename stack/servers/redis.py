"""One Redis, or Valkey, for caches, locks and revoked tokens: nothing in it that could not be lost."""

from collections.abc import Mapping

from stack.credentials import write_private
from stack.instance import Instance
from stack.ports import HOST
from stack.servers import found, private_folder, required

HOMEBREW = ("/opt/homebrew/bin",)


def provision(instance: Instance, *, port: int, secrets: Mapping[str, str]) -> None:
    """Write its configuration, which holds the password."""
    folder = private_folder(instance.data / "redis", owner=None)
    lines = [
        f"bind {HOST}",
        f"port {port}",
        f"requirepass {secrets['REDIS_PASSWORD']}",
        f'dir "{folder}"',
        'save ""',
        "appendonly no",
        "maxmemory 128mb",
        # Locks and revoked tokens expire by themselves; of what has a lifetime the least used goes first.
        "maxmemory-policy volatile-lru",
        "tcp-keepalive 60",
        "databases 16",
    ]
    write_private(instance.run / "redis.conf", "\n".join(lines) + "\n")


def binary() -> str:
    """Path of Redis, else of Valkey, which reads the same configuration. StackError without either."""
    return found("redis-server", *HOMEBREW) or found("valkey-server", *HOMEBREW) or required("redis-server")


def command(instance: Instance) -> list[str]:
    return [binary(), str(instance.run / "redis.conf")]
