"""The large invented world of contracts/large.toml: the services' own commands load it, each its part."""

import subprocess
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime

from stack import variables
from stack.environment import PYTHON
from stack.errors import StackError
from stack.instance import ROOT
from stack.lifecycle import Stack
from stack.services import SERVICES

# What a smaller world has as many of.
FIXED = ("theaters",)


def load(stack: Stack, *, size: float, say: Callable[[str], None]) -> None:
    """Loads it into the databases of a running stack that has none yet, in one moment of that world.

    size: 1 for the usual one, 0.01 for a hundredth. StackError says which service's part could not be loaded; those
    before it are there then.
    """
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
    usual = tomllib.loads((ROOT / "contracts" / "large.toml").read_text())["sizes"]
    sizes = [f"--{name}={n if name in FIXED else max(round(n * size), 1)}" for name, n in usual.items()]
    for service in SERVICES:
        say(f"loading {service.name}")
        result = subprocess.run(
            [str(PYTHON), "manage.py", "load_large", "--at", at, *sizes],
            cwd=service.folder,
            env=dict(variables.of_service(stack.instance, service, ports=stack.ports, secrets=stack.secrets)),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            last = "\n".join(result.stderr.splitlines()[-12:])
            raise StackError(f"the large world of {service.name} was not loaded", details=last)
        print(result.stdout, end="", flush=True)
