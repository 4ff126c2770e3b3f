"""Renders the gateway's configuration for a machine without containers.

The official nginx image renders ``templates/`` itself (envsubst, after sourcing
``docker-entrypoint.d/15-gateway.envsh``); this does the same with the standard library alone and adds
the main file. Use it as ``python nginx/render.py DESTINATION`` or call :func:`render`, then start
``nginx -p DESTINATION/run -c DESTINATION/nginx.conf`` (it stays in the foreground).
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULTS = HERE / "docker-entrypoint.d" / "15-gateway.envsh"
PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class RenderError(Exception):
    """A variable is missing or has a value that cannot be used; the message names it."""


def render(destination: Path, environment: Mapping[str, str]) -> Path:
    """Writes nginx.conf and conf.d/ under ``destination`` and returns the path of nginx.conf.

    ``environment`` holds the gateway's variables (nginx/README.md lists them); what it leaves out has
    a default. Files that nginx writes go to ``GATEWAY_RUN_DIR``, by default ``destination/run``.
    Raises RenderError naming the variable that is wrong.
    """
    destination = destination.resolve()
    variables = with_defaults(destination, environment)
    run_dir = Path(variables["GATEWAY_RUN_DIR"])
    run_dir.mkdir(parents=True, exist_ok=True)
    Path(variables["GATEWAY_CACHE_DIR"]).mkdir(parents=True, exist_ok=True)

    templates = HERE / "templates"
    for template in sorted(templates.rglob("*.template")):
        target = destination / "conf.d" / template.relative_to(templates).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_substituted(template, variables))
    main_file = destination / "nginx.conf"
    main_file.write_text(_substituted(HERE / "nginx.conf.template", variables))
    return main_file


def with_defaults(destination: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment completed by the local defaults and by what the image's script computes."""
    run_dir = environment.get("GATEWAY_RUN_DIR", str(destination / "run"))
    user = environment.get("GATEWAY_USER", "")
    local = {
        "GATEWAY_BIND": "127.0.0.1",
        "GATEWAY_PORT": "8080",
        "GATEWAY_TLS_PORT": "8443",
        "GATEWAY_RUN_DIR": run_dir,
        "GATEWAY_CACHE_DIR": f"{run_dir}/cache",
        "GATEWAY_ERROR_LOG": "stderr",
        "GATEWAY_USER_DIRECTIVE": f"user {user};" if user else "",
    }
    completed = subprocess.run(  # noqa: S603 - our own script, from this folder
        ["/bin/sh", "-c", '. "$0"; exec "$@"', str(DEFAULTS), sys.executable, "-c", _DUMP_ENVIRONMENT],
        env={**local, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode != 0:
        raise RenderError(completed.stderr.strip())
    return dict(json.loads(completed.stdout))


def _substituted(template: Path, variables: Mapping[str, str]) -> str:
    def value_of(match: re.Match[str]) -> str:
        try:
            return variables[match[1]]
        except KeyError:
            raise RenderError(f"{template.name} needs the variable {match[1]}") from None

    return PLACEHOLDER.sub(value_of, template.read_text())


_DUMP_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} DESTINATION")
    try:
        print(render(Path(sys.argv[1]), os.environ))
    except RenderError as error:
        sys.exit(str(error))
