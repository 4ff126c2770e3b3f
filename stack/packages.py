"""Installs the servers that are missing, and a browser for the tests: apt-get on Debian and Ubuntu, brew on macOS."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from stack.environment import PYTHON
from stack.errors import StackError
from stack.servers import found, postgres, rabbitmq, redis

# Program that must be there → package that brings it, by package manager.
PACKAGES = {
    "apt-get": {
        "redis-server": "redis-server",
        "rabbitmq-server": "rabbitmq-server",
        "nginx": "nginx",
        "postgres": "postgresql",
        "openssl": "openssl",
        # That of the Python we run on, which need not be the one that is called python3.
        "ensurepip": f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",
    },
    "brew": {
        "redis-server": "redis",
        "rabbitmq-server": "rabbitmq",
        "nginx": "nginx",
        "postgres": "postgresql@15",
        "openssl": "openssl@3",
    },
}
# Those that Playwright can drive, by name and by where a Mac has them.
BROWSERS = ("chromium", "google-chrome", "Google Chrome", "Chromium")
MAC_BROWSERS = tuple(f"/Applications/{name}.app/Contents/MacOS" for name in ("Google Chrome", "Chromium"))
# Debian starts a server as soon as its package is there, on the usual port, and makes a database cluster. This
# forbids both for as long as the installation takes; we start our own copies.
APT_SCRIPT = """
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d/marquee.conf
made=
trap 'rm -f $made' EXIT
if [ ! -e $policy ]; then
    made=$policy
    printf '#!/bin/sh\\nexit 101\\n' > $policy
    chmod 755 $policy
fi
if [ ! -e $clusters ]; then
    made="$made $clusters"
    mkdir -p ${clusters%/*}
    echo 'create_main_cluster = false' > $clusters
fi
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "$@"
"""


def missing() -> list[str]:
    """Names of programs (keys of PACKAGES) that this machine lacks."""
    absent = [name for name in ("nginx", "openssl") if not found(name, "/opt/homebrew/bin")]
    for name, server in (("redis-server", redis.binary), ("rabbitmq-server", rabbitmq.script)):
        try:
            server()
        except StackError:
            absent.append(name)
    try:
        version = Path(postgres.binaries()).parent.name
        if version.isdigit() and int(version) < postgres.OLDEST:
            absent.append("postgres")
    except StackError:
        absent.append("postgres")
    if importlib.util.find_spec("ensurepip") is None:
        absent.append("ensurepip")
    return absent


def ensure(say: Callable[[str], None]) -> None:
    """Install what is missing. StackError with the command to run when we may not."""
    absent = missing()
    if not absent:
        return
    manager = next((name for name in PACKAGES if shutil.which(name)), None)
    if manager is None:
        raise StackError(
            f"missing: {', '.join(absent)}; install them, this is neither Debian, Ubuntu nor a Mac with brew"
        )
    wanted = sorted({PACKAGES[manager][name] for name in absent if name in PACKAGES[manager]})
    _install(wanted, _apt(wanted) if manager == "apt-get" else ["brew", "install", "--quiet", *wanted], say)
    postgres.binaries.cache_clear()
    if still := missing():
        raise StackError(f"{', '.join(still)} still missing after {manager} installed {', '.join(wanted)}")


def browser() -> str | None:
    """The program of a browser for the tests. None where this machine has none but what Playwright fetched itself."""
    return next((path for path in (found(name, *MAC_BROWSERS) for name in BROWSERS) if path), None)


def ensure_browser(say: Callable[[str], None]) -> None:
    """Install Chromium where there is no browser: Debian's; elsewhere, as Ubuntu's wants snapd, that of Playwright."""
    if browser() is None:
        of_debian = "ID=debian" in _system().splitlines()
        fetch = [str(PYTHON), "-m", "playwright", "install", "--with-deps", "chromium"]
        _install(["chromium"], _apt(["chromium"]) if of_debian else fetch, say)


def _system() -> str:
    try:
        return Path("/etc/os-release").read_text()
    except OSError:
        return ""


def _install(wanted: list[str], command: list[str], say: Callable[[str], None]) -> None:
    say(f"installing {', '.join(wanted)}")
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        raise StackError(f"could not install {', '.join(wanted)}", details=_end(result.stderr or result.stdout))


def _apt(packages: list[str]) -> list[str]:
    script = ["sh", "-c", APT_SCRIPT, "sh", *packages]
    if os.getuid() == 0:
        return script
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n", *script]
    raise StackError(
        f"{', '.join(packages)} missing and this user may not install packages: "
        f"run `sudo apt-get install {' '.join(packages)}` and try again"
    )


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-10:])
