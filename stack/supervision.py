"""supervisord: its configuration, written from the programs, and what we ask of it over its socket."""

import http.client
import os
import shlex
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.credentials import write_private
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.programs import TIERS, Program, parent_death_prefix

# Marks each process (and its children) as one of an instance's; `processes` finds them by it.
MARK = "MARQUEE_SUPERVISED"
LOG_BYTES = "5MB"
LOG_BACKUPS = 2
NOT_RUNNING = 70  # fault of stopProcess and signalProcess
ALREADY_STARTED = 60
BAD_NAME = 10


def configuration(instance: Instance, programs: Sequence[Program]) -> str:
    """supervisord.conf. Nothing starts by itself but the keeper: the order of the start is ours."""
    sections = [
        _section(
            "unix_http_server",
            {"file": str(instance.socket), "chmod": "0700"},
        ),
        _section(
            "supervisord",
            {
                "logfile": str(instance.log / "supervisord.log"),
                "logfile_maxbytes": LOG_BYTES,
                "logfile_backups": str(LOG_BACKUPS),
                "pidfile": str(instance.run / "supervisord.pid"),
                "childlogdir": str(instance.log),
                "directory": str(ROOT),
                "nodaemon": "true",
                "silent": "true",
                "identifier": f"marquee-{instance.name}",
                **({"user": "root"} if os.getuid() == 0 else {}),
            },
        ),
        _section(
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        _section(
            "eventlistener:keeper",
            {
                "command": shlex.join([str(PYTHON), "-m", "stack.keeper", str(instance.state)]),
                "events": "PROCESS_STATE_BACKOFF,PROCESS_STATE_EXITED,PROCESS_STATE_FATAL",
                "buffer_size": "200",
                "directory": str(ROOT),
                "environment": _environment({"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)}),
                "startretries": "1000000",
                "stopwaitsecs": "5",
                "stdout_logfile": "NONE",
                "stderr_logfile": str(instance.log / "keeper.log"),
                "stderr_logfile_maxbytes": LOG_BYTES,
                "stderr_logfile_backups": "1",
            },
        ),
    ]
    sections += [_program(instance, program) for program in programs]
    for priority, tier in enumerate(TIERS, start=1):
        members = ",".join(program.name for program in programs if program.tier == tier)
        if members:
            sections.append(_section(f"group:{tier}", {"programs": members, "priority": str(100 * priority)}))
    return "\n".join(sections)


def _program(instance: Instance, program: Program) -> str:
    options = {
        "command": shlex.join([*parent_death_prefix(program.stop_signal), *program.command]),
        "directory": str(program.directory),
        "environment": _environment({**program.environment, MARK: f"{instance.state}:{program.name}"}),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        # Without an end: what it needs may be away for an hour. The pause grows by a second each time.
        "startretries": "1000000",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(program.stop_seconds),
        # Only the process itself is asked to stop, it knows its children; what outlives it is killed.
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(log_file(instance, program.name)),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }
    if program.user is not None:
        options["user"] = program.user
    return _section(f"program:{program.name}", options)


def _section(name: str, options: Mapping[str, str]) -> str:
    # A percent sign begins an expansion in any value.
    lines = [f"{key} = {value.replace('%', '%%')}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _environment(variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        if '"' in value or "\n" in value:
            raise StackError(f"{name} may hold neither a double quote nor a line break")
    return ",".join(f'{name}="{value}"' for name, value in variables.items())


def log_file(instance: Instance, name: str) -> Path:
    return instance.log / f"{name}.log"


def configuration_file(instance: Instance) -> Path:
    return instance.run / "supervisord.conf"


def write_configuration(instance: Instance, programs: Sequence[Program]) -> None:
    """It holds the secrets of every process, so only its owner may read it."""
    write_private(configuration_file(instance), configuration(instance, programs))


def launch(instance: Instance, *, wait_seconds: float = 20) -> None:
    """Start supervisord in the background and wait until it answers; StackError when it does not."""
    complaints = instance.log / "supervisord.err"
    with complaints.open("w") as stderr:
        process = subprocess.Popen(
            [str(PYTHON.parent / "supervisord"), "-c", str(configuration_file(instance))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": os.path.expanduser("~")},
            start_new_session=True,
        )
    supervisor = Supervisor(instance)
    deadline = time.monotonic() + wait_seconds
    while not supervisor.is_running():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError("supervisord did not start", details=complaints.read_text().strip())
        time.sleep(0.02)


@dataclass(frozen=True)
class Supervised:
    """A process as supervisord sees it. pid is 0 when it has none; started_at is in seconds since the epoch."""

    name: str
    tier: str
    state: str
    pid: int
    started_at: int
    description: str

    @property
    def is_up(self) -> bool:
        return self.state in ("STARTING", "RUNNING")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)


class Supervisor:
    """The running supervisord of an instance. Calls raise StackError when there is none."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def is_running(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except StackError:
            return False

    def pid(self) -> int:
        return int(self._call("getPID"))

    def processes(self) -> dict[str, Supervised]:
        """All programs by name, the keeper too."""
        return {
            info["name"]: Supervised(
                info["name"], info["group"], info["statename"], info["pid"], info["start"], info["description"]
            )
            for info in self._call("getAllProcessInfo")
        }

    def start(self, program: str) -> None:
        """Begin to start `tier:name`; nothing when it runs."""
        self._call("startProcess", program, False, unless=ALREADY_STARTED)

    def stop(self, program: str, *, wait: bool = True) -> None:
        """Stop `tier:name`; nothing when it does not run."""
        self._call("stopProcess", program, wait, unless=NOT_RUNNING)

    def stop_tier(self, tier: str) -> None:
        """Begin to stop every program of a tier."""
        self._call("stopProcessGroup", tier, False, unless=BAD_NAME)

    def shut_down(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: Any, unless: int | None = None) -> Any:
        transport = _UnixTransport(self._instance.socket)
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == unless:
                return None
            raise StackError(
                f"supervisord refused {method} {' '.join(map(str, arguments))}: {fault.faultString}"
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise StackError(f"instance {self._instance.name!r} is not running") from error
        finally:
            transport.close()
