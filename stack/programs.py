"""Every process of the stack: its command, environment, account, order, and when it counts as ready."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from stack import probes, variables
from stack.environment import PYTHON
from stack.instance import ROOT, Instance
from stack.ports import HOST
from stack.servers import nginx, postgres, rabbitmq, redis, replicas, run_as
from stack.services import FRONTEND, FRONTEND_FOLDER, SERVICES, Service, service_named

# What these do, nobody waits for: mails and counts come last.
PATIENT = ("notify", "catalog")
# The command of a web process, in its project's folder.
WEB = [f"{variables.BINARIES}/gunicorn", "-c", "python:chassis.web.gunicorn", "config.wsgi"]
# Started in this order and stopped in the other one.
TIERS = ("infrastructure", "services", "edge")


@dataclass(frozen=True)
class Program:
    """A process that supervisord keeps running.

    stop_seconds: how long it may take to stop before it is killed.
    ready: whether it answers now; without one, running is ready. ready_seconds: how long that may take.
    """

    name: str
    tier: str
    command: list[str]
    environment: Mapping[str, str]
    directory: Path = ROOT
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    ready: Callable[[], bool] | None = field(default=None, compare=False)
    ready_seconds: int = 120

    @property
    def supervised_name(self) -> str:
        """How supervisord calls it: a tier is one of its groups."""
        return f"{self.tier}:{self.name}"


def all_programs(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> list[Program]:
    """The whole stack, in the order in which it is started."""
    programs = [
        *infrastructure(instance, ports=ports, secrets=secrets),
        *helpers(instance, ports=ports, secrets=secrets),
    ]
    for service in SERVICES:
        programs += of_service(instance, service, ports=ports, secrets=secrets)
    programs += [
        live_seats(instance, ports=ports, secrets=secrets),
        frontend(instance, ports=ports, secrets=secrets),
        *clock(instance, ports=ports, secrets=secrets),
    ]
    return [*programs, audit(instance, ports=ports, secrets=secrets), gateway(instance, ports=ports)]


def infrastructure(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> list[Program]:
    """Databases, Redis and RabbitMQ: what tests of a single service need."""
    marked = {"MARQUEE_STATE": str(instance.state), "LANG": "C.UTF-8", "TZ": "UTC"}
    rabbit_environment = {**marked, **rabbitmq.environment(instance, ports=ports), "PATH": _path()}
    programs = [
        Program(
            "epmd",
            "infrastructure",
            rabbitmq.epmd_command(),
            rabbit_environment,
            directory=Path("/"),
            user=run_as(rabbitmq.ACCOUNT),
            ready=probes.listens(ports["epmd"]),
        ),
        Program(
            "rabbitmq",
            "infrastructure",
            [rabbitmq.script()],
            rabbit_environment,
            directory=instance.data / "rabbitmq",
            user=run_as(rabbitmq.ACCOUNT),
            stop_seconds=40,
            ready=probes.amqp(ports["rabbitmq"], trusted=instance.trusted_if_secured),
        ),
        Program(
            "redis",
            "infrastructure",
            redis.command(instance),
            marked,
            directory=instance.data,
            ready=probes.redis(ports["redis"], secrets["REDIS_PASSWORD"], trusted=instance.trusted_if_secured),
        ),
    ]
    servers = {
        f"postgres-{service.name}": (
            postgres.command(instance, service, port=ports[f"postgres-{service.name}"]),
            {**marked, "LC_ALL": "C"},
        )
        for service in SERVICES
    }
    servers |= {
        name: (
            replicas.command(instance, name, ports=ports),
            {**marked, "LC_ALL": "C", **replicas.environment(instance, name, ports=ports, secrets=secrets)},
        )
        for name in replicas.names(instance)
    }
    return programs + [
        Program(
            name,
            "infrastructure",
            command,
            environment,
            directory=Path("/"),
            user=run_as(postgres.ACCOUNT),
            stop_signal="INT",
            stop_seconds=60,
            ready=probes.postgres(ports[name], trusted=instance.trusted_if_secured),
        )
        for name, (command, environment) in servers.items()
    ]


def helpers(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> list[Program]:
    """Stand-ins for what a company buys: a card gateway, a mail server and an SMS gateway."""
    return [
        Program(
            "gateway-simulator",
            "services",
            [str(PYTHON), "-m", "gateway_simulator"],
            variables.of_gateway_simulator(instance, ports=ports, secrets=secrets),
            directory=ROOT / "payment_project",
            ready=probes.listens(ports["gateway-simulator"]),
        ),
        Program(
            "message-sink",
            "services",
            [str(PYTHON), "-m", "message_sink"],
            variables.of_message_sink(instance, ports=ports, secrets=secrets),
            directory=ROOT / "mailbox",
            ready=lambda: probes.listens(ports["smtp"])() and probes.listens(ports["mailbox"])(),
        ),
    ]


def of_service(
    instance: Instance, service: Service, *, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> list[Program]:
    environment = variables.of_service(instance, service, ports=ports, secrets=secrets)
    commands = {
        "web": WEB,
        "worker": _worker(service, f"{service.name}@%h"),
        **{
            f"worker-{number}": _worker(service, f"{service.name}-{number}@%h")
            for number in range(2, instance.workers + 1)
        },
        "relay": [str(PYTHON), "-m", "chassis.messaging.relay"],
    }
    ready = {"web": _answers(instance, ports[service.name])}
    return [
        Program(
            f"{service.name}-{kind}",
            "services",
            command,
            environment,
            directory=service.folder,
            stop_seconds=30,
            ready=ready.get(kind),
        )
        for kind, command in commands.items()
    ]


def frontend(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Program:
    """The shop."""
    return Program(
        f"{FRONTEND}-web",
        "services",
        WEB,
        variables.of_frontend(instance, ports=ports, secrets=secrets),
        directory=FRONTEND_FOLDER,
        stop_seconds=30,
        ready=_answers(instance, ports[FRONTEND]),
    )


def _answers(instance: Instance, port: int) -> Callable[[], bool]:
    """Whether the web process at this port can do its work."""
    address = variables.secured_url(instance, port)
    return probes.healthy(f"{address}/health/ready", trusted=instance.trusted_if_secured)


def live_seats(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Program:
    """What tells pages which seats go, beside booking's web process."""
    booking = service_named("booking")
    return Program(
        "booking-live",
        "services",
        [str(PYTHON), "-m", "live_seats"],
        variables.of_live_seats(instance, booking, ports=ports, secrets=secrets),
        directory=booking.folder,
        stop_seconds=30,
        ready=_answers(instance, ports["booking-live"]),
    )


def _worker(service: Service, node: str) -> list[str]:
    """Customers wait for web; the saga may take a moment longer while everybody books at once."""
    return [
        *(_when_idle() if service.name in PATIENT else ("nice", "-n", "15")),
        *(f"{variables.BINARIES}/celery", "-A", "config.celery", "worker", "-n", node),
        *("-E", "--heartbeat-interval", "10", "--without-mingle", "--without-gossip", "--loglevel", "INFO"),
    ]


def clock(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> list[Program]:
    """The one scheduler, and Flower, which shows what the workers do."""
    environment = variables.of_clock(instance, ports=ports, secrets=secrets)
    celery = [f"{variables.BINARIES}/celery", "-A", "chassis.messaging.clock"]
    return [
        Program(
            "scheduler",
            "services",
            [*celery, "beat", "--scheduler", "celery.beat:Scheduler", "--loglevel", "INFO", "--pidfile="],
            environment,
            directory=instance.run,
        ),
        Program(
            "flower",
            "services",
            [*_when_idle(), *celery, "flower", f"--address={HOST}", f"--port={ports['flower']}", "--url_prefix=flower"],
            variables.of_flower(instance, ports=ports, secrets=secrets),
            directory=instance.run,
            ready=probes.listens(ports["flower"]),
        ),
    ]


def audit(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Program:
    """Looks each hour whether what must always be true is."""
    return Program(
        "audit",
        "services",
        [*_when_idle(), str(PYTHON), "-m", "audit", "hourly"],
        variables.of_audit(instance, ports=ports, secrets=secrets),
        ready=probes.listens(ports["audit"]),
    )


def gateway(instance: Instance, *, ports: Mapping[str, int]) -> Program:
    return Program(
        "gateway",
        "edge",
        nginx.command(instance),
        {"MARQUEE_STATE": str(instance.state), "PATH": _path()},
        directory=instance.data,
        stop_signal="QUIT",
        stop_seconds=10,
        ready=probes.healthy(f"{variables.gateway_url(instance, ports)}/health", trusted=instance.trusted_if_secured),
    )


@cache
def parent_death_prefix(signal: str) -> tuple[str, ...]:
    """On Linux, words before a command that make it stop when supervisord dies without stopping it."""
    words = (shutil.which("setpriv") or "", "--pdeathsig", signal)
    return words if sys.platform.startswith("linux") and _works(words) else ()


def _works(words: tuple[str, ...]) -> bool:
    """Whether a command can be started behind these words here."""
    if shutil.which(words[0]) is None:
        return False
    return subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0


@cache
def _when_idle() -> tuple[str, ...]:
    """Words before a command that has the processor when nobody else wants it, and gives it up at once."""
    words = ("chrt", "--idle", "0")
    return words if _works(words) else ("nice", "-n", "19")


def _path() -> str:
    return "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin"
