"""`up`: from a fresh clone, or from a crash, to a running system."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from stack import environment, lifecycle, packages, prepared, programs, variables
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.lifecycle import Stack
from stack.services import SERVICES, Service
from stack.supervision import Supervisor

Say = Callable[[str], None]
NEEDED_BYTES = 1_500_000_000
NEEDED_BYTES_AGAIN = 300_000_000
# How many services start at a time: Django starting is all CPU. While RabbitMQ is still starting it is one, for
# everything waits for RabbitMQ, which wants a core of its own.
BESIDE_RABBITMQ = 1
AT_ONCE = 2


def up(
    instance: Instance,
    *,
    fixed_ports: Mapping[str, int],
    with_demo: bool,
    say: Say,
    tls: bool = False,
    workers: int = 1,
    replicas: int = 0,
) -> tuple[Stack, bool]:
    """Start all of an instance. The second value is False when it ran already and nothing was done.

    with_demo: load the demo data, or add what it has come to lack. tls: everything speaks TLS, and nothing plainly.
    workers: how many each service has. replicas: how many catalog's database has.

    Raises StackError saying what is in the way.
    """
    instance.make_folders()
    with instance.locked("make up"):
        _check_switch(instance, tls=tls)
        _say_what_is_not_added(instance, workers=workers, replicas=replicas, say=say)
        if is_complete(instance):
            return lifecycle.load(instance), False
        _remember(instance, workers=workers, replicas=replicas)
        stack, installing = _start_infrastructure(instance, fixed_ports=fixed_ports, say=say, tls=tls)
        installing.result()
        lifecycle.set_wanted(instance, programs.TIERS)
        _start_services(stack, with_demo=with_demo, say=say)
        return stack, True


def infrastructure(
    instance: Instance, *, fixed_ports: Mapping[str, int], say: Say, tls: bool = False, replicas: int = 0
) -> Stack:
    """Start the databases, Redis and RabbitMQ alone, and install everything. replicas: of catalog's database."""
    instance.make_folders()
    with instance.locked("make infra"):
        _check_switch(instance, tls=tls)
        _say_what_is_not_added(instance, workers=1, replicas=replicas, say=say)
        _remember(instance, workers=1, replicas=replicas)
        stack, installing = _start_infrastructure(instance, fixed_ports=fixed_ports, say=say, tls=tls)
        installing.result()
        lifecycle.wait_ready(stack, stack.of_tier("infrastructure"))
        return stack


def _check_switch(instance: Instance, *, tls: bool) -> None:
    """What runs stays as it is: half of it with TLS would be no system."""
    if Supervisor(instance).is_running() and instance.is_secured != tls:
        raise StackError(f"it runs with{'' if instance.is_secured else 'out'} TLS: stop it first with `make down`")


def _say_what_is_not_added(instance: Instance, *, workers: int, replicas: int, say: Say) -> None:
    """Nothing is added to what runs, not even to a part of it."""
    if Supervisor(instance).is_running() and (workers > instance.workers or replicas > instance.replicas):
        runs = f"WORKERS={instance.workers} REPLICAS={instance.replicas}"
        say(
            f"it runs with {runs}, and nothing is added: `make down` first, then start it with as many as it shall have"
        )


def _remember(instance: Instance, *, workers: int, replicas: int) -> None:
    """What runs in part goes on as it began."""
    if not Supervisor(instance).is_running():
        instance.set_numbers(workers=workers, replicas=replicas)


def is_complete(instance: Instance) -> bool:
    """Whether every program of the stack is up."""
    try:
        return all(process.is_up for process in Supervisor(instance).processes().values())
    except StackError:
        return False


def install(say: Say) -> None:
    """The servers and the virtual environment, without starting anything."""
    packages.ensure(say)
    environment.ensure_tools()
    environment.install_all()


def _start_infrastructure(
    instance: Instance, *, fixed_ports: Mapping[str, int], say: Say, tls: bool
) -> tuple[Stack, Future[None]]:
    """The servers start while the rest of the virtual environment is installed, which is the future's business."""
    _check_disk(instance)
    packages.ensure(say)
    if not environment.is_complete():
        say("making .venv")
    environment.ensure_tools()
    installing: Future[None] = _in_background(environment.install_all)
    if Supervisor(instance).is_running():
        say("it runs in part; starting the rest")
        stack = lifecycle.load(instance)
    else:
        stack = lifecycle.configure(instance, fixed_ports=fixed_ports, tls=tls)
        say("starting PostgreSQL, Redis and RabbitMQ")
        lifecycle.provision(stack)
        lifecycle.start_supervisor(stack)
        if not lifecycle.wanted(instance):
            lifecycle.set_wanted(instance, programs.TIERS[:1])
    servers = stack.of_tier("infrastructure")
    epmd = [program for program in servers if program.name == "epmd"]
    lifecycle.start(stack, epmd)
    lifecycle.wait_ready(stack, epmd)
    lifecycle.start(stack, servers)
    return stack, installing


def _start_services(stack: Stack, *, with_demo: bool, say: Say) -> None:
    everything = {program.name: program for program in stack.programs}
    unprepared = [s for s in SERVICES if not prepared.is_prepared(stack, s, with_demo=with_demo)]
    say(_preparing(unprepared, with_demo=with_demo))
    lifecycle.wait_ready(
        stack, [everything[f"postgres-{service.name}"] for service in SERVICES] + [everything["redis"]]
    )
    broker_is_ready = threading.Event()
    turns = threading.Semaphore(BESIDE_RABBITMQ)
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        tasks = [
            pool.submit(
                _start_web,
                stack,
                service,
                prepare=service in unprepared,
                with_demo=with_demo,
                turns=turns,
                broker_is_ready=broker_is_ready,
            )
            for service in SERVICES
        ]
        lifecycle.start(stack, [everything[name] for name in ("gateway", "gateway-simulator", "message-sink")])
        try:
            lifecycle.wait_ready(stack, [everything["rabbitmq"]])
        finally:
            broker_is_ready.set()
            turns.release(AT_ONCE - BESIDE_RABBITMQ)
        for task in tasks:
            task.result()
    say("starting the services")
    lifecycle.start(stack, everything.values())
    lifecycle.wait_ready(stack, list(everything.values()))


def _start_web(
    stack: Stack,
    service: Service,
    *,
    prepare: bool,
    with_demo: bool,
    turns: threading.Semaphore,
    broker_is_ready: threading.Event,
) -> None:
    """Migrate if that is due, start the web process, and declare the topology once there is a broker."""
    web = [program for program in stack.programs if program.name == f"{service.name}-web"]
    with turns:
        command = _migrate(stack, service, with_demo=with_demo) if prepare else None
        lifecycle.start(stack, web)
        lifecycle.wait_ready(stack, web)
    if command is not None:
        broker_is_ready.wait()
        with turns:
            _finish(command, service, what="declaring the queues")
        prepared.remember(stack, service, with_demo=with_demo)


def _migrate(stack: Stack, service: Service, *, with_demo: bool) -> "subprocess.Popen[str]":
    """The preparing process when it has migrated; it waits for a line to go on."""
    command = subprocess.Popen(
        [str(PYTHON), "-m", "stack.prepare", *(["demo"] if with_demo else [])],
        cwd=service.folder,
        env={
            **variables.of_service(stack.instance, service, ports=stack.ports, secrets=stack.secrets),
            "PYTHONPATH": str(ROOT),
            "DEMO_PASSWORDS_FILE": str(stack.accounts_file),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    if command.stdout.readline().strip() != "migrated":
        _finish(command, service, what="migrating")
    return command


def _finish(command: "subprocess.Popen[str]", service: Service, *, what: str) -> None:
    _, complaint = command.communicate("go on\n")
    if command.returncode:
        raise StackError(f"{what} of {service.name} failed", details="\n".join(complaint.splitlines()[-12:]))


def _preparing(services: Sequence[Service], *, with_demo: bool) -> str:
    if not services:
        return "starting the web processes"
    return f"migrating{', loading demo data' if with_demo else ''}: {', '.join(s.name for s in services)}"


def _check_disk(instance: Instance) -> None:
    needed = NEEDED_BYTES_AGAIN if environment.is_complete() and instance.data.exists() else NEEDED_BYTES
    free = shutil.disk_usage(instance.data if instance.data.exists() else instance.state).free
    if free < needed:
        raise StackError(
            f"the disk is full: {free / 1e9:.1f} GB are free under {instance.state}, {needed / 1e9:.1f} GB are needed"
        )


def _in_background(work: Callable[[], None]) -> Future[None]:
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (handed to whoever asks for the result)
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name="install").start()
    return future
