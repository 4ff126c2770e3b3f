"""Where an instance of the stack keeps what it has: everything under `.stack/<instance>/`."""

import fcntl
import hashlib
import os
import pwd
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

ROOT = Path(__file__).resolve().parent.parent
MAIN = "main"
# What `make test` runs on, and forgets.
TEST = "test"
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL included.
LONGEST_SOCKET_PATH = 100
# Files of the state folder.
WORKERS = "workers"
REPLICAS = "replicas"


@dataclass(frozen=True)
class Instance:
    """One copy of the whole stack; several run side by side, each with its own folder and ports."""

    name: str
    state: Path

    @classmethod
    def named(cls, name: str) -> "Instance":
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise StackError(f"{name!r} cannot name an instance: use small letters, digits and hyphens")
        return cls(name, ROOT / ".stack" / name)

    @classmethod
    def at(cls, state: str | Path) -> "Instance":
        """The instance that keeps its state in this folder."""
        folder = Path(state).resolve()
        return cls(folder.name, folder)

    @property
    def data(self) -> Path:
        """Where it really is: servers of other accounts cannot follow a link out of a folder that is closed to them."""
        return (self.state / "data").resolve()

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def tls(self) -> Path:
        """Where its authority is; `certificates` says what else."""
        return self.state / "tls"

    @property
    def trusted(self) -> Path:
        """The certificates of whoever its clients trust, as PEM."""
        return self.tls / "ca.crt"

    @property
    def trusted_by_servers(self) -> Path:
        """The same, where servers of other accounts can read it."""
        return self.data / "tls" / "ca.crt"

    @property
    def trusted_folder(self) -> Path:
        """The same, each in a file of the name that OpenSSL looks for: for who reads the other one only once."""
        return self.tls / "authorities"

    @property
    def tls_switch(self) -> Path:
        """There while the instance speaks TLS."""
        return self.tls / "on"

    @property
    def is_secured(self) -> bool:
        """Whether everything in it speaks TLS."""
        return self.tls_switch.exists()

    @property
    def workers(self) -> int:
        """How many workers each service has, as `up` was told."""
        return self._number(WORKERS, default=1)

    @property
    def replicas(self) -> int:
        """How many replicas of catalog's database there are."""
        return self._number(REPLICAS, default=0)

    def set_numbers(self, *, workers: int, replicas: int) -> None:
        (self.state / WORKERS).write_text(str(workers))
        (self.state / REPLICAS).write_text(str(replicas))

    def _number(self, name: str, *, default: int) -> int:
        file = self.state / name
        return int(file.read_text()) if file.exists() else default

    def certificate(self, server: str) -> Path:
        """What a server of it shows, as PEM; `certificates.SERVERS` names them."""
        return self.data / "tls" / server / "tls.crt"

    def key(self, server: str) -> Path:
        return self.data / "tls" / server / "tls.key"

    @property
    def trusted_if_secured(self) -> Path | None:
        return self.trusted if self.is_secured else None

    @property
    def digest(self) -> str:
        """Tells this instance from those of other checkouts, in names that live outside its folder."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    @property
    def owner(self) -> int:
        """User id of whoever runs it."""
        return os.getuid()

    @property
    def socket(self) -> Path:
        """supervisord's socket; in the temporary folder when the path of the checkout is too long for one."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        return Path(tempfile.gettempdir()) / f"marquee-{self.owner}-{self.digest}.sock"

    def make_folders(self) -> None:
        """Create the folders; raises StackError when the file system does not let us."""
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self.run.mkdir(mode=0o700, exist_ok=True)
            self.log.mkdir(exist_ok=True)
            if not self.data.exists():
                self._make_data()
        except OSError as error:
            raise StackError(f"cannot make {error.filename}: {error.strerror}") from error

    def _make_data(self) -> None:
        """PostgreSQL and RabbitMQ refuse root; where their own users cannot reach the checkout, data is elsewhere."""
        data = self.state / "data"
        if os.getuid() != 0 or all(reachable(self.state, user) for user in ("postgres", "rabbitmq")):
            data.mkdir(mode=0o755, exist_ok=True)
            return
        elsewhere = Path("/var/lib/marquee") / self.digest
        elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
        data.unlink(missing_ok=True)
        data.symlink_to(elsewhere)

    @contextmanager
    def locked(self, command: str, *, wait_seconds: float = 120) -> Iterator[None]:
        """Only one command changes an instance at a time; others wait for it, and say for which."""
        deadline = time.monotonic() + wait_seconds
        with (self.state / "lock").open("a+") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    file.seek(0)
                    holder = file.read().strip() or "another command"
                    if time.monotonic() > deadline:
                        raise StackError(f"{holder} is still at work on instance {self.name!r}") from None
                    time.sleep(0.2)
            file.truncate(0)
            file.write(f"{command} (process {os.getpid()})")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def reachable(path: Path, user: str) -> bool:
    """Whether this user may walk to `path`, judged by the permission bits of the folders on the way."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return False
    groups = set(os.getgrouplist(user, account.pw_gid))
    for folder in [path, *path.parents]:
        if not folder.exists():
            continue
        status = folder.stat()
        if status.st_uid == account.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid in groups:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True
