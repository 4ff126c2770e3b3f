"""One Redis for caches, locks and revoked tokens: nothing in it that could not be lost."""

from collections.abc import Mapping

from stack.credentials import write_private
from stack.instance import Instance
from stack.ports import HOST
from stack.servers import private_folder, required


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


def command(instance: Instance) -> list[str]:
    return [required("redis-server"), str(instance.run / "redis.conf")]
