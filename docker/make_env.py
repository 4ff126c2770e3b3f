"""Writes what docker-compose.yml reads from `.env`: generated secrets, and the few settings a person may want to turn.

`python docker/make_env.py [FILE]`. A name that the file has keeps its value and a name that it lacks is added, so it
may be run again after an update. GATEWAY_PORT in the environment chooses the port of a new file, HTTPS=1 the gateway
with TLS (docker/https.yml).
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from stack import credentials  # noqa: E402

MAKERS: Mapping[str, Callable[[], str]] = {**credentials.MAKERS, "GRAFANA_PASSWORD": credentials.password}


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What a new file says besides the secrets. The profile `demo` loads demo data."""
    port = environment.get("GATEWAY_PORT", "80")
    written = {"COMPOSE_PROJECT_NAME": "marquee", "COMPOSE_PROFILES": "demo", "GATEWAY_PORT": port}
    if environment.get("HTTPS"):
        tls_port = environment.get("GATEWAY_TLS_PORT", "443")
        return written | {
            "COMPOSE_FILE": "docker-compose.yml:docker/https.yml",
            "GATEWAY_TLS_PORT": tls_port,
            "PUBLIC_URL": _address("https", tls_port, usual="443"),
        }
    return written | {"PUBLIC_URL": _address("http", port, usual="80")}


def _address(scheme: str, port: str, *, usual: str) -> str:
    return f"{scheme}://localhost" if port == usual else f"{scheme}://localhost:{port}"


def complete(text: str, environment: Mapping[str, str]) -> str:
    """The text of a `.env` file with all that it lacked at its end. Values are quoted: keys have spaces in them."""
    known = credentials.parse(text)
    lines = [f"{name}={value}" for name, value in settings(environment).items() if name not in known]
    lines += [f"{name}='{make()}'" for name, make in MAKERS.items() if name not in known]
    if text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{line}\n" for line in lines)


def main(path: Path) -> None:
    before = path.read_text() if path.exists() else ""
    after = complete(before, os.environ)
    if after == before:
        print(f"{path.name} has everything")
        return
    credentials.write_private(path, after)
    print(f"{path.name}: {len(after.splitlines()) - len(before.splitlines())} values added; keep it to yourself")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".env")
