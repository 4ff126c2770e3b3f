"""Writes what docker-compose.yml reads from `.env`: generated secrets, and the few settings a person may want to turn.

`python docker/make_env.py [FILE]`. A name that the file has keeps its value and a name that it lacks is added, so it
may be run again after an update. GATEWAY_PORT in the environment chooses the port of a new file, TLS=1 TLS everywhere
(docker-compose.tls.yml): for a file that names that one, certificates are made, and anew before they end.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from stack import certificates, credentials  # noqa: E402
from stack.instance import Instance  # noqa: E402

OF_TLS = "docker-compose.tls.yml"
# Where that file mounts certificates from.
AUTHORITY = Instance.named("compose")
MAKERS: Mapping[str, Callable[[], str]] = {**credentials.MAKERS, "GRAFANA_PASSWORD": credentials.password}


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What a new file says besides the secrets. The profile `demo` loads demo data."""
    port = environment.get("GATEWAY_PORT", "80")
    written = {"COMPOSE_PROJECT_NAME": "marquee", "COMPOSE_PROFILES": "demo", "GATEWAY_PORT": port}
    if environment.get("TLS", "0") not in ("", "0"):
        tls_port = environment.get("GATEWAY_TLS_PORT", "443")
        return written | {
            "COMPOSE_FILE": f"docker-compose.yml:{OF_TLS}",
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
    else:
        credentials.write_private(path, after)
        print(f"{path.name}: {len(after.splitlines()) - len(before.splitlines())} values added; keep it to yourself")
    known = credentials.parse(after)
    if OF_TLS in known.get("COMPOSE_FILE", ""):
        make_certificates(known["PUBLIC_URL"].strip("'\""), AUTHORITY)


def make_certificates(public_url: str, instance: Instance) -> None:
    host = urlsplit(public_url).hostname
    if not host:
        sys.exit(f"PUBLIC_URL names no host: {public_url!r}")
    made = certificates.make_for_containers(instance, public_host=host)
    print(f"{len(made)} certificates made by the authority {instance.trusted}" if made else "certificates last")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".env")
