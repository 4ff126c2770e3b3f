"""The command line: `python3 -m stack <command>`."""

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stack import (
    checks,
    demo,
    dependencies,
    environment,
    large,
    lifecycle,
    lock,
    memory,
    report,
    rotation,
    staff_rights,
    suites,
    variables,
)
from stack import up as starting
from stack.errors import StackError
from stack.instance import MAIN, ROOT, TEST, Instance
from stack.ports import USUAL
from stack.servers import rabbitmq, replicas
from stack.services import service_named
from stack.supervision import Supervisor, log_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code comes back. What is wrong is said in one line, with details below it."""
    options = _parser().parse_args(arguments)
    # Being told to stop is being interrupted: what must be cleared up at the end is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(options.run(options) or 0)
    except StackError as error:
        print(f"marquee: {error}", file=sys.stderr)
        if error.details:
            print("\n".join(f"    {line}" for line in error.details.splitlines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmarquee: interrupted; `make down` stops what was started", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m stack", description="Marquee on one machine, without containers.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(
        name: str, run: Callable[[argparse.Namespace], int | None], text: str, *, instance: bool = True
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        if instance:
            added.add_argument("--instance", help=f"which copy of the stack (default: {MAIN}, or MARQUEE_STATE's)")
        return added

    for name, run, text in (
        ("up", _up, "install what is missing and start everything"),
        ("infra", _infra, "start the databases, Redis and RabbitMQ only"),
    ):
        added = command(name, run, text)
        added.add_argument(
            "--port", action="append", default=[], metavar="NAME=NUMBER", help="a port that must be used"
        )
        added.add_argument(
            "--replicas", type=int, default=0, choices=range(replicas.MOST + 1), help="of catalog's database"
        )
        added.add_argument("--tls", action="store_true", help="over TLS everywhere, with an authority of its own")
        if name == "up":
            added.add_argument("--no-demo", action="store_true", help="no demo data, and buy no ticket")
            added.add_argument("--workers", type=int, default=1, metavar="N", help="workers of each service")
    command("demo-data", _demo_data, "load the demo data, or add what it has come to lack")
    added = command("load-large", _load_large, "load a large invented world, to see what grows with it")
    added.add_argument("--size", type=float, default=1.0, help="1: a million bookings (the default); 0.01: a hundredth")
    added = command("down", _down, "stop everything, in reverse order")
    added.add_argument("--erase", action="store_true", help="and forget its databases, secrets, ports and logs")
    added = command("restart", _restart, "stop and start processes, to run changed code say")
    added.add_argument("names", nargs="+", metavar="name", help="a process, or a service for its three")
    command("status", _status, "every process, and the addresses")
    added = command("logs", _logs, "what processes wrote")
    added.add_argument("name", nargs="?", help="a process or a service; all without it")
    added.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    added.add_argument("-n", "--lines", type=int, default=50, help="how many lines of each (default: %(default)s)")
    added = command("exec", _exec, "run a command as a service would: its folder, its environment")
    added.add_argument("service", help="a service, or rabbitmq")
    added.add_argument("words", nargs=argparse.REMAINDER, metavar="-- command")
    added = command("env", _env, "print a service's environment as shell exports")
    added.add_argument("service")
    added = command("rotate-certificates", _rotate_certificates, "new certificates for a running stack with TLS")
    added.add_argument("--authority", action="store_true", help="of a new authority, the old one trusted meanwhile")
    added = command("test", _test, "run every suite on a test instance, which is stopped at the end")
    added.set_defaults(instance=TEST)
    added.add_argument(
        "--only", action="append", default=[], metavar="SUITE", help=f"one of {', '.join(suites.names())}"
    )
    added.add_argument("arguments", nargs="*", metavar="-- pytest arguments")
    added = command("audit", _audit, "verify in the databases what must always be true")
    added.add_argument("--wait", type=float, default=30, help="seconds for what is under way (default: %(default)s)")
    command("check", _check, "format, lint, types, walls, dependencies, migrations, contracts, lock", instance=False)
    command("audit-dependencies", _audit_dependencies, "licences and known vulnerabilities", instance=False)
    command(
        "contracts",
        _contracts,
        "renew what is made from the code: documents in contracts/, tables in docs/",
        instance=False,
    )
    command("memory", _memory, "proportional set size per kind of process")
    added = command("install", _install, "install the servers and the locked packages", instance=False)
    added.add_argument("project", nargs="?", default="all", help="a service's name, or all (the default)")
    added.add_argument("--into", type=Path, help="folder of the environment for one project")
    added = command("lock", _lock, "renew requirements.lock", instance=False)
    added.add_argument("--check", action="store_true", help="only say whether it is stale")
    added.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    return parser


def _up(options: argparse.Namespace) -> None:
    say = _progress()
    with_demo = not options.no_demo
    stack, started = starting.up(
        _instance(options),
        fixed_ports=_ports(options.port),
        with_demo=with_demo,
        say=say,
        tls=options.tls,
        workers=options.workers,
        replicas=options.replicas,
    )
    if not started:
        print("marquee: it is running already")
    elif with_demo:
        say("buying a ticket")
        report.print_ticket(demo.buy_one(stack))
    report.print_addresses(stack)
    report.print_accounts(stack)
    if started:
        say("up; `make status` and `make logs` show more, `make down` stops it")


def _demo_data(options: argparse.Namespace) -> None:
    stack = lifecycle.load(_instance(options))
    demo.load(stack)
    report.print_accounts(stack)


def _load_large(options: argparse.Namespace) -> None:
    say = _progress()
    large.load(lifecycle.load(_instance(options)), size=options.size, say=say)
    say("loaded; public lists show it within a minute")


def _infra(options: argparse.Namespace) -> None:
    say = _progress()
    starting.infrastructure(
        _instance(options), fixed_ports=_ports(options.port), say=say, tls=options.tls, replicas=options.replicas
    )
    say("PostgreSQL, Redis and RabbitMQ are ready")


def _down(options: argparse.Namespace) -> None:
    instance = _instance(options)
    if not instance.state.exists():
        print("marquee: nothing to stop")
        return
    with instance.locked("make down"):
        stopped = lifecycle.stop(instance, say=_progress())
        if options.erase:
            lifecycle.erase(instance)
    print("marquee: stopped" if stopped else "marquee: nothing was running")


def _restart(options: argparse.Namespace) -> None:
    stack = lifecycle.load(_instance(options))
    chosen = [p for p in stack.programs if any(p.name == n or p.name.startswith(f"{n}-") for n in options.names)]
    if not chosen:
        raise StackError(f"there is no process {options.names[0]!r}; `make status` names them")
    for program in reversed(chosen):
        stack.supervisor.stop(program.supervised_name)
    lifecycle.start(stack, chosen)
    lifecycle.wait_ready(stack, chosen)
    print(f"marquee: restarted {', '.join(program.name for program in chosen)}")


def _rotate_certificates(options: argparse.Namespace) -> None:
    instance = _instance(options)
    with instance.locked("make rotate-certificates"):
        rotation.renew(lifecycle.load(instance), authority=options.authority, say=_progress())
    print("marquee: every server shows its new certificate")


def _status(options: argparse.Namespace) -> int:
    instance = _instance(options)
    processes = Supervisor(instance).processes()
    width = max(map(len, processes))
    for process in processes.values():
        print(f"{process.name:{width}}  {process.state.lower():9} {process.description}")
    print()
    stack = lifecycle.load(instance)
    report.print_addresses(stack)
    report.print_accounts(stack)
    return 0 if all(process.is_up for process in processes.values()) else 1


def _logs(options: argparse.Namespace) -> None:
    instance = _instance(options)
    names = [path.stem for path in sorted(instance.log.glob("*.log"))]
    if options.name:
        names = [name for name in names if name == options.name or name.startswith(f"{options.name}-")]
    if not names:
        raise StackError(f"nothing called {options.name!r} has a log" if options.name else "there are no logs yet")
    files = [str(log_file(instance, name)) for name in names]
    flags = ["-n", str(options.lines), *(["-F"] if options.follow else [])]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp("tail", ["tail", *flags, *files])


def _exec(options: argparse.Namespace) -> None:
    stack = lifecycle.load(_instance(options))
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise StackError("say which command, after --")
    if options.service == "rabbitmq":
        own: Mapping[str, str] = rabbitmq.tools_environment(stack.instance, ports=stack.ports)
    else:
        service = service_named(options.service)
        own = _service_environment(stack, service.name)
        os.chdir(service.folder)
    merged = {**os.environ, **own, "TERM": os.environ.get("TERM", "dumb")}
    merged.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        os.execvpe(words[0], words, merged)
    except OSError as error:
        raise StackError(f"cannot run {words[0]}: {error.strerror}") from error


def _env(options: argparse.Namespace) -> None:
    stack = lifecycle.load(_instance(options))
    for name, value in _service_environment(stack, options.service).items():
        print(f"export {name}={shlex.quote(value)}")


def _test(options: argparse.Namespace) -> int:
    started = time.monotonic()
    results = suites.run(_instance(options), only=options.only, arguments=options.arguments, say=_progress())
    suites.print_results(results, seconds=time.monotonic() - started)
    return 0 if all(result.passed for result in results) else 1


def _audit(options: argparse.Namespace) -> None:
    instance = _instance(options)
    lifecycle.load(instance)
    # It speaks to PostgreSQL, for which the standard library has nothing.
    words = [str(environment.PYTHON), "-m", "audit", str(instance.state), str(options.wait)]
    os.chdir(ROOT)
    os.execv(words[0], words)


def _check(_: argparse.Namespace) -> int:
    return 0 if checks.run() else 1


def _memory(options: argparse.Namespace) -> None:
    memory.print_table(_instance(options))


def _install(options: argparse.Namespace) -> None:
    if options.project == "all":
        starting.install(_progress())
        return
    folder = options.into or service_named(options.project).folder / ".venv"
    environment.install_project(options.project, folder)
    print(f"marquee: {options.project} has what it needs in {folder}")


def _audit_dependencies(_: argparse.Namespace) -> None:
    dependencies.check_licences()
    dependencies.audit(_progress())


def _contracts(_: argparse.Namespace) -> None:
    checks.write_api_documents()
    staff_rights.write()


def _lock(options: argparse.Namespace) -> None:
    environment.ensure_tools()
    if options.check:
        lock.check(environment.uv())
    else:
        lock.renew(environment.uv(), upgrade=options.upgrade)


def _service_environment(stack: lifecycle.Stack, name: str) -> Mapping[str, str]:
    return variables.of_service(stack.instance, service_named(name), ports=stack.ports, secrets=stack.secrets)


def _instance(options: argparse.Namespace) -> Instance:
    state = os.environ.get("MARQUEE_STATE")
    return Instance.at(state) if state and not options.instance else Instance.named(options.instance or MAIN)


def _ports(words: Sequence[str]) -> dict[str, int]:
    fixed = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in USUAL or not number.isdigit():
            raise StackError(f"--port wants NAME=NUMBER with a name of {', '.join(USUAL)}; not {word!r}")
        fixed[name] = int(number)
    return fixed


def _progress() -> Callable[[str], None]:
    """A line of progress, with the seconds since the start."""
    started = time.monotonic()
    return lambda text: print(f"marquee: {time.monotonic() - started:5.1f} s  {text}", flush=True)
