"""One Redis, or Valkey, for caches, locks and revoked tokens: nothing in it that could not be lost."""

from collections.abc import Mapping

from stack import probes
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
        *_listening(instance, port),
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


def _listening(instance: Instance, port: int) -> list[str]:
    if not instance.is_secured:
        return [f"port {port}"]
    return [
        "port 0",
        f"tls-port {port}",
        f'tls-cert-file "{instance.certificate("redis")}"',
        f'tls-key-file "{instance.key("redis")}"',
        f'tls-ca-cert-file "{instance.trusted}"',
        "tls-auth-clients no",
    ]


def read_certificate(instance: Instance, *, port: int, password: str) -> str:
    """Makes a running one read its certificate and key again; what it answers, empty when all is well."""
    files = {"tls-cert-file": instance.certificate("redis"), "tls-key-file": instance.key("redis")}
    told = " ".join(f'{name} "{file}"' for name, file in files.items())
    message = f"AUTH {password}\r\nCONFIG SET {told}\r\nQUIT\r\n"
    answers = probes.answer(port, message.encode(), trusted=instance.trusted, until=None).decode().splitlines()
    return "" if answers == ["+OK"] * 3 else " ".join(answers) or "it does not answer"


def binary() -> str:
    """Path of Redis, else of Valkey, which reads the same configuration. StackError without either."""
    return found("redis-server", *HOMEBREW) or found("valkey-server", *HOMEBREW) or required("redis-server")


def command(instance: Instance) -> list[str]:
    return [binary(), str(instance.run / "redis.conf")]
