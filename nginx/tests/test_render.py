import os
import re
import subprocess
from pathlib import Path

import pytest
from gateway import nginx_binary
from render import HERE, RenderError, render, with_defaults

# What the official image's /etc/nginx/nginx.conf says (1.25), with paths that a test may write to.
OFFICIAL_MAIN_FILE = """
worker_processes  auto;
error_log  stderr notice;
pid        %(folder)s/nginx.pid;
events { worker_connections  1024; }
http {
    default_type  application/octet-stream;
    client_body_temp_path %(folder)s/client_body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';
    access_log  %(folder)s/access.log  main;
    sendfile        on;
    keepalive_timeout  65;
    include conf.d/*.conf;
}
"""


def test_the_templates_load_under_the_official_images_main_file(tmp_path: Path) -> None:
    render(tmp_path, {})
    (tmp_path / "nginx.conf").write_text(OFFICIAL_MAIN_FILE % {"folder": tmp_path})
    checked = subprocess.run(
        [nginx_binary(), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr


def test_every_variable_of_the_templates_has_a_value_in_a_container(tmp_path: Path) -> None:
    """The image replaces only variables that are set, and only those that its filter names."""
    variables = with_defaults(tmp_path, {})
    allowed = re.compile(variables["NGINX_ENVSUBST_FILTER"])
    templates = sorted((HERE / "templates").rglob("*.template"))
    assert templates
    named = {name for template in templates for name in re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", template.read_text())}
    assert {name for name in named if not allowed.search(name)} == set()
    assert named <= set(variables)


def test_the_script_of_the_image_can_be_executed_by_it() -> None:
    assert os.access(HERE / "docker-entrypoint.d" / "15-gateway.envsh", os.X_OK)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"GATEWAY_RATE_PER_MINUTE": "many"}, "GATEWAY_RATE_PER_MINUTE"),
        ({"GATEWAY_RATE_PER_MINUTE": "-1"}, "GATEWAY_RATE_PER_MINUTE"),
        ({"GATEWAY_RATE_PER_USER": "0"}, "GATEWAY_RATE_PER_USER"),
        ({"GATEWAY_HTTPS": "yes"}, "GATEWAY_HTTPS"),
        ({"GATEWAY_TLS_CERTIFICATE": "/x.pem"}, "GATEWAY_TLS_CERTIFICATE_KEY"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    with pytest.raises(RenderError, match=named):
        render(tmp_path, variables)


@pytest.mark.parametrize(
    ("rate", "expected"), [("100", ("100", "99", "1")), ("1", ("1", "1", "60")), ("7", ("7", "6", "9"))]
)
def test_burst_and_retry_after_follow_the_rate(tmp_path: Path, rate: str, expected: tuple[str, str, str]) -> None:
    variables = with_defaults(tmp_path, {"GATEWAY_RATE_PER_MINUTE": rate})
    names = ("GATEWAY_RATE", "GATEWAY_RATE_BURST", "GATEWAY_RATE_RETRY_AFTER")
    assert tuple(variables[name] for name in names) == expected
