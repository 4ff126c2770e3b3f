"""The servers that are not ours: where their programs are, and how an instance's own copies are set up."""

import os
import pwd
import shutil
from pathlib import Path

from stack.errors import StackError


def run_as(user: str) -> str | None:
    """The account to start a server as: its own when we are root, else (None) ours."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise StackError(f"{user} refuses to run as root and there is no user {user!r} to run it as") from None
    return user


def private_folder(path: Path, *, owner: str | None) -> Path:
    """A folder that only the server's account may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if owner is not None:
        account = pwd.getpwnam(owner)
        os.chown(path, account.pw_uid, account.pw_gid)
    return path


def found(program: str, *folders: str) -> str | None:
    """Path of a program, from these folders or the usual ones."""
    path = os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/bin"])
    return shutil.which(program, path=path)


def required(program: str, *folders: str) -> str:
    path = found(program, *folders)
    if path is None:
        raise StackError(f"{program} is not installed; `make up` installs what is missing")
    return path
