"""The gateway: NGINX with the templates of `nginx/`, which render themselves."""

import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.ports import HOST
from stack.servers import required
from stack.services import NAMES

PASSED_ON = ("GATEWAY_RATE_PER_MINUTE", "GATEWAY_RATE_BURST", "CORS_ALLOWED_ORIGINS", "GATEWAY_UPSTREAM_TIMEOUT")


def provision(instance: Instance, *, ports: Mapping[str, int]) -> None:
    """Render the configuration. The edge limit and the CORS origins may be set in our own environment."""
    chosen = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment = {
        "PATH": os.defpath,
        "GATEWAY_BIND": HOST,
        "GATEWAY_PORT": str(ports["gateway"]),
        "GATEWAY_RUN_DIR": str(instance.data / "nginx"),
        "GATEWAY_USER": _worker_account(),
        **{f"{name.upper()}_UPSTREAM": f"{HOST}:{ports[name]}" for name in (*NAMES, "flower")},
        **chosen,
    }
    result = subprocess.run(
        [sys.executable, str(ROOT / "nginx" / "render.py"), str(_folder(instance))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise StackError(f"the gateway's configuration: {result.stderr.strip()}")


def command(instance: Instance) -> list[str]:
    prefix = instance.data / "nginx"
    return [required("nginx"), "-p", str(prefix), "-c", str(_folder(instance) / "nginx.conf")]


def _worker_account() -> str:
    """Who the workers of a master that runs as root become: nobody, with its group as this system calls it."""
    if os.getuid() != 0:
        return ""
    return f"nobody {grp.getgrgid(pwd.getpwnam('nobody').pw_gid).gr_name}"


def _folder(instance: Instance) -> Path:
    return instance.run / "nginx"
