"""The gateway: NGINX with the templates of `nginx/`, which render themselves."""

import grp
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT, Instance
from stack.ports import HOST
from stack.servers import required
from stack.services import FRONTEND, NAMES

PASSED_ON = (
    "GATEWAY_RATE_PER_MINUTE",
    "GATEWAY_RATE_BURST",
    "GATEWAY_RATE_PER_USER",
    "GATEWAY_SOCKETS_PER_ADDRESS",
    "CORS_ALLOWED_ORIGINS",
    "GATEWAY_UPSTREAM_TIMEOUT",
)


def provision(instance: Instance, *, ports: Mapping[str, int]) -> None:
    """Render the configuration. The edge limit and the CORS origins may be set in our own environment."""
    shutil.rmtree(_aside(instance), ignore_errors=True)
    _render(instance, ports, {name: os.environ[name] for name in PASSED_ON if name in os.environ})


def lift_limit(instance: Instance, *, ports: Mapping[str, int]) -> None:
    """Render it without the limit per client address, and keep what it was until `restore`.

    When it is lifted already, by a run that was killed say, what is kept stays what it was at first.
    """
    if not _aside(instance).exists():
        draft = _aside(instance).with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(_folder(instance), draft)
        draft.rename(_aside(instance))
    _render(instance, ports, {"GATEWAY_RATE_PER_MINUTE": "0"})


def restore(instance: Instance) -> None:
    """The configuration as `lift_limit` found it, to the byte; nothing when it is not lifted."""
    if _aside(instance).exists():
        shutil.copytree(_aside(instance), _folder(instance), dirs_exist_ok=True)
        shutil.rmtree(_aside(instance))


def _render(instance: Instance, ports: Mapping[str, int], chosen: Mapping[str, str]) -> None:
    environment = {
        "PATH": os.defpath,
        "GATEWAY_BIND": HOST,
        "GATEWAY_PORT": str(ports["gateway"]),
        "GATEWAY_RUN_DIR": str(instance.data / "nginx"),
        "GATEWAY_USER": _worker_account(),
        **{f"{name.upper()}_UPSTREAM": f"{HOST}:{ports[name]}" for name in (*NAMES, FRONTEND, "flower")},
        "CARD_PAGE_UPSTREAM": f"{HOST}:{ports['gateway-simulator']}",
        **{f"{name.upper()}_UPSTREAM": f"{HOST}:{ports[name]}" for name in (*NAMES, "flower")},
        "LIVE_UPSTREAM": f"{HOST}:{ports['booking-live']}",
        **_tls(instance, ports),
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


def _tls(instance: Instance, ports: Mapping[str, int]) -> dict[str, str]:
    if not instance.is_secured:
        return {}
    return {
        "GATEWAY_TLS_PORT": str(ports["gateway-tls"]),
        "GATEWAY_TLS_CERTIFICATE": str(instance.certificate("gateway")),
        "GATEWAY_TLS_CERTIFICATE_KEY": str(instance.key("gateway")),
        "GATEWAY_UPSTREAM_CA": str(instance.trusted),
    }


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


def _aside(instance: Instance) -> Path:
    return instance.run / "nginx.aside"
