"""Starting and stopping an instance, in order."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stack import certificates, credentials, ports, processes
from stack.errors import StackError
from stack.instance import Instance
from stack.programs import TIERS, Program, all_programs
from stack.servers import nginx, postgres, rabbitmq, redis, replicas
from stack.services import SERVICES, Service
from stack.supervision import Supervised, Supervisor, launch, log_file, write_configuration

POLL_SECONDS = 0.1
# A process that was started this often and never became ready is not going to.
HOPELESS_STARTS = 4
LOG_LINES = 15


@dataclass(frozen=True)
class Stack:
    """An instance with its ports, secrets and programs: all that its commands need to know."""

    instance: Instance
    ports: Mapping[str, int]
    secrets: Mapping[str, str]

    @property
    def accounts_file(self) -> Path:
        """Where auth's demo_data command keeps the passwords of the demo accounts."""
        return self.instance.state / "demo-accounts.json"

    @cached_property
    def programs(self) -> list[Program]:
        return all_programs(self.instance, ports=self.ports, secrets=self.secrets)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.instance)

    def of_tier(self, tier: str) -> list[Program]:
        return [program for program in self.programs if program.tier == tier]


def load(instance: Instance) -> Stack:
    """An instance that was set up before; StackError when it was not."""
    remembered = ports.load(instance.state / "ports.json")
    secrets_file = instance.state / "secrets.env"
    if set(remembered) != set(ports.USUAL) or not secrets_file.exists():
        raise StackError(f"instance {instance.name!r} was never started: run `make up`")
    return Stack(instance, remembered, credentials.load_or_make(secrets_file))


def configure(instance: Instance, *, fixed_ports: Mapping[str, int], tls: bool = False) -> Stack:
    """Choose ports, make secrets, and for TLS certificates. Call it only while the instance does not run, for its
    ports look taken then.
    """
    instance.make_folders()
    certificates.switch(instance, on=tls)
    file = instance.state / "ports.json"
    with ports.reservations(instance) as reserved:
        chosen = ports.choose(instance=instance.name, remembered=ports.load(file), fixed=fixed_ports, reserved=reserved)
        ports.save(file, chosen)
        ports.reserve(instance, chosen)
    return Stack(instance, chosen, credentials.load_or_make(instance.state / "secrets.env"))


def provision(stack: Stack) -> None:
    """Write every server's configuration and make the database clusters that are not there yet."""
    instance, secrets = stack.instance, stack.secrets
    rabbitmq.provision(instance, ports=stack.ports, secrets=secrets)
    redis.provision(instance, port=stack.ports["redis"], secrets=secrets)
    nginx.provision(instance, ports=stack.ports)
    replicas.provision(instance)
    metrics = instance.run / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)  # each process starts its numbers at zero
    for service in SERVICES:
        (metrics / service.name).mkdir(parents=True)
    for name in ("gateway-simulator", "messages"):
        (instance.data / name).mkdir(exist_ok=True)

    def make_cluster(service: Service) -> None:
        postgres.provision(instance, service, secrets=secrets)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(make_cluster, SERVICES))


def start_supervisor(stack: Stack) -> None:
    """Clear up after a crash, then start supervisord and nothing else."""
    leftovers = processes.of_instance(stack.instance)
    if leftovers:
        processes.end(leftovers, grace_seconds=5)
    write_configuration(stack.instance, stack.programs)
    launch(stack.instance)


def start(stack: Stack, programs: Iterable[Program]) -> None:
    """Begin to start programs; those that run stay as they are."""
    supervisor = stack.supervisor
    states = supervisor.processes()
    for program in programs:
        if not states[program.name].is_up:
            supervisor.start(program.supervised_name)


def wait_ready(stack: Stack, programs: Sequence[Program]) -> None:
    """Wait until each answers. StackError names the first that does not in its time, with the end of its log."""
    started = time.monotonic()
    waiting = {program.name: program for program in programs}
    starts: dict[str, set[int]] = {name: set() for name in waiting}
    while waiting:
        states = stack.supervisor.processes()
        for program in list(waiting.values()):
            state = states[program.name]
            if is_ready(program, state):
                del waiting[program.name]
                continue
            if state.started_at:
                starts[program.name].add(state.started_at)
            late = time.monotonic() - started > program.ready_seconds
            hopeless = len(starts[program.name]) >= HOPELESS_STARTS and not state.is_up
            if late or hopeless or state.state == "FATAL":
                raise not_ready(stack.instance, program, "ends as soon as it starts" if hopeless else "is not ready")
        if waiting:
            time.sleep(POLL_SECONDS)


def is_ready(program: Program, state: Supervised) -> bool:
    """Whether it answers, or runs if it has nothing to answer with."""
    if program.ready is None:
        return state.state == "RUNNING"
    return state.is_up and program.ready()


def not_ready(instance: Instance, program: Program, complaint: str) -> StackError:
    file = log_file(instance, program.name)
    return StackError(f"{program.name} {complaint}; the end of {file}:", details=last_lines(instance, program.name))


def last_lines(instance: Instance, name: str, count: int = LOG_LINES) -> str:
    try:
        text = log_file(instance, name).read_text(errors="replace")
    except FileNotFoundError:
        return "(it wrote nothing)"
    return "\n".join(text.splitlines()[-count:]) or "(it wrote nothing)"


def stop(instance: Instance, *, say: Callable[[str], None]) -> bool:
    """Stop everything, the last started first. False when nothing ran."""
    set_wanted(instance, ())
    supervisor = Supervisor(instance)
    ran = supervisor.is_running()
    if ran:
        for tier in reversed(TIERS):
            say(f"stopping: {tier}")
            supervisor.stop_tier(tier)
            _wait_stopped(supervisor, tier)
        pid = supervisor.pid()
        supervisor.shut_down()
        _wait_gone(instance, pid)
    ports.release(instance)
    leftovers = processes.of_instance(instance)
    if leftovers:
        say(f"ending {len(leftovers)} processes that were left behind")
        processes.end(leftovers, grace_seconds=5)
    return ran or bool(leftovers)


def erase(instance: Instance) -> None:
    """Forget all that a stopped instance has: its databases, secrets, ports and logs."""
    shutil.rmtree(instance.data, ignore_errors=True)
    for path in instance.state.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _wait_stopped(supervisor: Supervisor, tier: str) -> None:
    """supervisord itself kills what does not stop in its time, so this ends."""
    while any(
        process.tier == tier and process.state in ("STARTING", "RUNNING", "STOPPING", "BACKOFF")
        for process in supervisor.processes().values()
    ):
        time.sleep(POLL_SECONDS)


def _wait_gone(instance: Instance, supervisor_pid: int, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while processes.is_alive(supervisor_pid):
        if time.monotonic() > deadline:
            raise StackError(f"supervisord (process {supervisor_pid}) does not stop; see {instance.log}")
        time.sleep(POLL_SECONDS)


def wanted(instance: Instance) -> tuple[str, ...]:
    """The tiers that should be up; none after `down`."""
    try:
        return tuple((instance.run / "wanted").read_text().split())
    except FileNotFoundError:
        return ()


def set_wanted(instance: Instance, tiers: Sequence[str]) -> None:
    if instance.run.exists():
        (instance.run / "wanted").write_text(" ".join(tiers))


def revive(instance: Instance) -> None:
    """Start again what was wanted, after supervisord died. No server was told to stop, so it is as after a crash."""
    stack = load(instance)
    processes.end(processes.of_instance(instance), grace_seconds=3)
    launch(instance)
    for tier in wanted(instance):
        programs = stack.of_tier(tier)
        start(stack, programs)
        if tier == TIERS[0]:
            wait_ready(stack, programs)
