"""One RabbitMQ with its management and Prometheus plugins, its own epmd beside it."""

import os
import pwd
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stack.instance import Instance
from stack.ports import HOST
from stack.servers import found, private_folder, required, run_as

ACCOUNT = "rabbitmq"
USER = "marquee"
VHOST = "marquee"

# Idle schedulers sleep instead of spinning: every process of the stack shares the same few cores.
ERLANG_FLAGS = "-noinput +S 1:1 +A 4 +sbwt none +sbwtdcpu none +sbwtdio none"


@cache
def script() -> str:
    """rabbitmq-server itself; Debian's wrapper in /usr/sbin would want to become another user first."""
    return found("rabbitmq-server", "/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin") or required("rabbitmq-server")


def provision(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> None:
    """Write its configuration and make its folders."""
    owner = run_as(ACCOUNT)
    home = private_folder(_home(instance), owner=owner)
    private_folder(home / "mnesia", owner=owner)
    private_folder(home / "log", owner=owner)
    _write(home / "rabbitmq.conf", configuration(instance, ports, secrets), owner=owner)
    _write(home / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n", owner=owner)


def configuration(instance: Instance, ports: Mapping[str, int], secrets: Mapping[str, str]) -> str:
    """rabbitmq.conf; the user is made at the first start, and there is no guest."""
    lines = [
        *_listening(instance, ports),
        f"prometheus.tcp.ip = {HOST}",
        f"prometheus.tcp.port = {ports['rabbitmq-prometheus']}",
        f"default_user = {USER}",
        f"default_pass = {secrets['RABBITMQ_PASSWORD']}",
        f"default_vhost = {VHOST}",
        "log.file = false",
        "log.console = true",
        "log.console.level = info",
        "log.console.use_colors = off",
        "vm_memory_high_watermark.absolute = 512MiB",
        "disk_free_limit.absolute = 200MB",
        # The write-ahead log of quorum queues is kept in memory until it is this long (512 MB if not said).
        "raft.wal_max_size_bytes = 33554432",
        "collect_statistics_interval = 10000",
    ]
    return "\n".join(lines) + "\n"


def _listening(instance: Instance, ports: Mapping[str, int]) -> list[str]:
    """Plainly or over TLS, never both. Metrics have nothing secret in them, and stay plain."""
    amqp, management = f"{HOST}:{ports['rabbitmq']}", ports["rabbitmq-management"]
    if not instance.is_secured:
        return [f"listeners.tcp.1 = {amqp}", f"management.tcp.ip = {HOST}", f"management.tcp.port = {management}"]
    files = {"certfile": instance.certificate("rabbitmq"), "keyfile": instance.key("rabbitmq")}
    return [
        "listeners.tcp = none",
        f"listeners.ssl.1 = {amqp}",
        "ssl_options.verify = verify_none",
        "ssl_options.fail_if_no_peer_cert = false",
        f"management.ssl.ip = {HOST}",
        f"management.ssl.port = {management}",
        *(f"{of}.{name} = {file}" for of in ("ssl_options", "management.ssl") for name, file in files.items()),
    ]


def environment(instance: Instance, *, ports: Mapping[str, int]) -> dict[str, str]:
    """What the server and its command line tools need to know."""
    home = _home(instance)
    return {
        "HOME": str(home),
        "RABBITMQ_NODENAME": _node(instance),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq-distribution"]),
        # With a shell in between, signals would not reach the server; -noinput keeps it from reading one.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{ERLANG_FLAGS} -kernel inet_dist_use_interface {{127,0,0,1}}",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": HOST,
        "LANG": "C.UTF-8",
    }


def tools_environment(instance: Instance, *, ports: Mapping[str, int]) -> dict[str, str]:
    """What rabbitmqctl and its like ask this instance's server with.

    Of two programs of one name the one beside the server comes first: Debian's wrapper in /usr/sbin would become
    another user, and read the cookie of the system's server.
    """
    path = os.pathsep.join([str(Path(script()).parent), os.environ.get("PATH", os.defpath)])
    return {**environment(instance, ports=ports), "PATH": path}


def database_folder(instance: Instance) -> Path:
    """Where it keeps its queues; there once it has run."""
    return _home(instance) / "mnesia" / _node(instance)


def cookie(instance: Instance) -> Path:
    """What the server and its tools know each other by; made at its first start."""
    return _home(instance) / ".erlang.cookie"


def epmd_command() -> list[str]:
    """Erlang's port mapper in the foreground; a server that finds none starts one that nobody would stop."""
    folders = [str(path.parent) for path in Path("/usr/lib/erlang").glob("erts-*/bin/epmd")]
    return [required("epmd", *folders, "/opt/homebrew/bin")]


def _node(instance: Instance) -> str:
    return f"marquee-{instance.digest}@localhost"


def _home(instance: Instance) -> Path:
    return instance.data / "rabbitmq"


def _write(path: Path, text: str, *, owner: str | None) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    if owner is not None:
        account = pwd.getpwnam(owner)
        os.chown(path, account.pw_uid, account.pw_gid)
