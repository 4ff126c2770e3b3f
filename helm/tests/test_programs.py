"""What the chart tells programs of others, held against the programs themselves: Debian's, for no image is had."""

import re
import shutil
import subprocess

import pytest
import tools
from chart import of_kind, pods

EXPORTERS = {
    "postgres-exporter": "prometheus-postgres-exporter",
    "redis_exporter": "prometheus-redis-exporter",
}


@pytest.mark.parametrize("variant", ["default", "production"])
def test_exporters_know_the_switches_that_they_are_given(variant):
    looked_at = set()
    for one in pods(variant):
        for container in one.containers:
            program = EXPORTERS.get(container["image"].rpartition("/")[2].partition(":")[0])
            if program is None:
                continue
            looked_at.add(program)
            for word in container.get("args", []):
                assert not re.fullmatch(r"--[^=]+=(true|false)", word), f"{word}: a switch takes no value"
                name = word.lstrip("-").partition("=")[0]
                assert re.search(rf"^\s*--?{re.escape(name)}\b", help_of(program), re.MULTILINE), f"{program}: {word}"
    assert looked_at == set(EXPORTERS.values())


def help_of(program: str) -> str:
    result = subprocess.run([tools.program(program), "--help"], capture_output=True, text=True, check=False, timeout=20)
    return result.stdout + result.stderr


@pytest.mark.parametrize("variant", ["default", "production"])
def test_haproxy_takes_its_configuration(variant, tmp_path):
    (config,) = [one for one in of_kind(variant, "ConfigMap") if "haproxy.cfg" in one["data"]]
    file = tmp_path / "haproxy.cfg"
    file.write_text(config["data"]["haproxy.cfg"])
    words = [tools.program("haproxy"), "-c", "-f", str(file)]
    environment = {**tools.libraries(), "REDIS_PASSWORD": "secret"}
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=20)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ALERT" not in result.stderr


def test_the_proxy_believes_the_sentinels_and_the_node_itself():
    (config,) = [one for one in of_kind("default", "ConfigMap") if "haproxy.cfg" in one["data"]]
    text = config["data"]["haproxy.cfg"]
    for node in range(3):
        assert f"use_backend node-{node} if {{ nbsrv(sentinels-of-{node}) ge 2 }}" in text
        asked = text.partition(f"backend sentinels-of-{node}\n")[2].partition("\nbackend ")[0]
        assert f"expect string marquee-redis-{node}." in asked
        assert asked.count(":26379") == 3
        itself = text.partition(f"backend node-{node}\n")[2].partition("\nbackend ")[0]
        assert "expect string master" in itself
        assert "on-marked-down shutdown-sessions" in itself
    assert "default_backend" not in text


@pytest.mark.parametrize("variant", ["production"])
def test_rclone_knows_what_it_is_told(variant):
    told = [c for one in pods(variant) for c in one.containers if c["image"].startswith("rclone/")]
    assert told
    command = shutil.which("rclone") or tools.program("rclone")
    known = subprocess.run([command, "help", "flags"], capture_output=True, text=True, check=False, timeout=20).stdout
    for container in told:
        for word in container["args"]:
            assert not word.startswith("--") or re.search(rf"{word}\b", known), word
