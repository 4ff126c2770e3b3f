"""One switch, and everything inside the cluster is asked over TLS and verified by name."""

import re
import select
import subprocess
from urllib.parse import urlsplit

import pytest
import yaml
from chart import CHART, FRONTEND, SERVICES, WEBS, environment, of_kind, parsed, pod, pods, rendered

INTERNAL = pytest.mark.parametrize("variant", ["internal", "production"])


def names(variant: str) -> dict[str, list[str]]:
    """Secret → the names in the certificate that is in it."""
    return {one["spec"]["secretName"]: one["spec"]["dnsNames"] for one in of_kind(variant, "Certificate")}


@INTERNAL
def test_the_switch_makes_every_address_one_of_tls(variant):
    looked_at = 0
    for name in SERVICES:
        for process in ("web", "worker", "relay", "migrate"):
            for container in pod(variant, name, process).containers:
                there = environment(variant, container)
                assert "sslmode=verify-full" in there["DATABASE_URL"]
                schemes = {key: value.partition("://")[0] for key, value in there.items() if key.endswith("_URL")}
                of_ours = {key: schemes[key] for key in ("AUTH_URL", "CATALOG_URL", "BOOKING_URL") if key in schemes}
                # A migration asks no other service.
                assert process == "migrate" or set(of_ours.values()) == {"https"}
                assert (schemes["REDIS_URL"], schemes["RABBITMQ_URL"]) == ("rediss", "amqps")
                assert there["SSL_CERT_FILE"].removesuffix("/ca.crt") in {
                    mount["mountPath"] for mount in container["volumeMounts"]
                }
                looked_at += 1
    assert looked_at == 20
    flower = environment(variant, pod(variant, "flower").container("flower"))
    assert flower["FLOWER_BROKER_API"].startswith("https://")


@INTERNAL
def test_whoever_is_asked_over_tls_has_a_certificate_of_the_name_it_is_asked_by(variant):
    certified = names(variant)
    gateway = environment(variant, pod(variant, "gateway").container("gateway"))
    assert gateway["GATEWAY_UPSTREAM_CA"] == "/tls/ca.crt"
    for upstream in (*WEBS, "flower"):
        known = certified[f"marquee-{upstream}-tls"]
        # As NGINX calls the group of it, and as the pod that waits for a colour calls it.
        assert {upstream, gateway[f"{upstream.upper()}_UPSTREAM"].partition(":")[0]} <= set(known)
    for name in WEBS:
        there = environment(variant, pod(variant, name, "web").container("web"))
        for key in [f"{other.upper()}_URL" for other in SERVICES]:
            if key in there:
                asked = there[key].removeprefix("https://").partition(":")[0]
                assert asked in certified[f"{asked}-tls"]


@INTERNAL
def test_web_processes_and_flower_show_their_own_certificate_and_are_probed_over_tls(variant):
    for component, process in [*((name, "web") for name in WEBS), ("flower", "flower")]:
        one = pod(variant, component, process)
        (container,) = one.spec["containers"]
        (secret,) = [v["secret"]["secretName"] for v in one.spec["volumes"] if v["name"] == "certificate"]
        assert secret == f"marquee-{component}-tls"
        assert {"name": "certificate", "mountPath": "/tls", "readOnly": True} in container["volumeMounts"]
        there = environment(variant, container)
        assert "/tls/tls.crt" in (there.get("TLS_CERTIFICATE"), there.get("FLOWER_CERTFILE"))
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
        assert [probe["scheme"] for probe in probes] == ["HTTPS"] * 3
    for name in SERVICES:
        for process in ("worker", "relay"):  # their metrics hold nothing of customers
            assert "scheme" not in pod(variant, name, process).containers[0]["livenessProbe"]["httpGet"]


@INTERNAL
def test_the_shop_verifies_whom_it_asks_and_knows_nobody_else(variant):
    (web,) = pod(variant, FRONTEND, "web").containers
    there = environment(variant, web)
    assert {
        value.partition("://")[0] for key, value in there.items() if key in [f"{n.upper()}_URL" for n in SERVICES]
    } == {"https"}
    assert there["REDIS_URL"].endswith("?ssl_ca_certs=/etc/marquee/tls/redis/ca.crt")
    assert there["SSL_CERT_FILE"] == "/etc/marquee/tls/services/ca.crt"
    mounted = {mount["mountPath"] for mount in web["volumeMounts"] if mount["mountPath"].startswith("/etc/")}
    assert mounted == {"/etc/marquee/tls/redis", "/etc/marquee/tls/services"}


@INTERNAL
def test_every_certificate_that_is_mounted_is_made(variant):
    mounted = {
        volume["secret"]["secretName"]
        for one in pods(variant)
        for volume in one.spec["volumes"]
        if volume.get("secret", {}).get("secretName", "").endswith("-tls")
    }
    assert mounted == names(variant).keys()


def test_prometheus_verifies_whom_it_asks():
    (web,) = [one for one in of_kind("production", "ServiceMonitor") if one["metadata"]["name"] == "marquee-web"]
    (endpoint,) = web["spec"]["endpoints"]
    assert endpoint["scheme"] == "https"
    certified = names("production")
    assert all(endpoint["tlsConfig"]["serverName"] in certified[f"marquee-{name}-tls"] for name in WEBS)
    assert endpoint["tlsConfig"]["ca"]["secret"]["name"] in certified


def test_the_charts_own_prometheus_verifies_them_too():
    words = ["--set", "tls.internal=true", "--set", "tls.issuer.name=ca", "--set", "monitoring.stack.enabled=true"]
    parts = parsed(rendered(*words))
    (config,) = [one for one in parts if one["kind"] == "ConfigMap" and "prometheus.yml" in one["data"]]
    jobs = {job["job_name"]: job for job in yaml.safe_load(config["data"]["prometheus.yml"])["scrape_configs"]}
    assert jobs["service"]["tls_config"] == {"ca_file": "/tls/ca.crt", "server_name": "marquee-web"}
    (scheme,) = [one for one in jobs["service"]["relabel_configs"] if one.get("target_label") == "__scheme__"]
    assert (scheme["regex"], scheme["replacement"]) == ("http", "https")
    (server,) = [
        one for one in parts if one["metadata"]["name"] == "marquee-prometheus" and "template" in one.get("spec", {})
    ]
    mounts = server["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {"name": "trusted", "mountPath": "/tls", "readOnly": True} in mounts


def test_a_standby_verifies_its_primary():
    copy = next(one for one in pods("production") if one.component == "postgres-standby").container("copy")
    there = environment("production", copy)
    assert there["PGSSLMODE"] == "verify-full"
    assert {"name": "tls", "mountPath": "/tls", "readOnly": True} in copy["volumeMounts"]


def test_who_reads_from_a_standby_verifies_it_by_the_name_that_it_shows():
    there = environment("production", pod("production", "catalog", "web").container("web"))
    urls = there["DATABASE_REPLICA_URLS"].split(",")
    (certificate,) = [
        one for one in of_kind("production", "Certificate") if one["metadata"]["name"] == "marquee-postgres-catalog"
    ]
    assert len(urls) == 2
    for url in urls:
        assert "sslmode=verify-full" in url
        assert urlsplit(url).hostname in certificate["spec"]["dnsNames"]


def test_off_nobody_needs_a_certificate():
    text = rendered()
    for word in ("sslmode=verify", "rediss:", "amqps:", "TLS_CERTIFICATE", "GATEWAY_UPSTREAM_CA", "scheme: HTTPS"):
        assert word not in text
    assert not re.search(r"secretName: \S+-tls", text)


def test_a_server_of_your_own_is_left_to_its_own_switch():
    words = ["--set", "tls.internal=true", "--set", "redis.external.enabled=true"]
    text = rendered(*words, "--set", "redis.external.host=redis.example:6379")
    assert "redis://:$(REDIS_PASSWORD)@redis.example:6379" in text
    assert "amqps://" in text


def test_who_must_be_told_of_a_renewed_certificate_is_told_until_it_works(tmp_path):
    """PostgreSQL and Redis are, by a script beside them."""
    folder, told = tmp_path / "tls", tmp_path / "told"
    folder.mkdir()
    certificate = folder / "tls.crt"
    certificate.write_text("0")
    # The first time it fails.
    command = f"cat {certificate} >> {told}; [ $(wc -c < {told}) -ge 2 ]"
    watch = subprocess.Popen(
        ["bash", str(CHART / "files" / "tls" / "watch.sh"), "bash", "-c", command],
        env={"PATH": "/usr/bin:/bin", "TLS_FOLDER": str(folder), "WATCH_SECONDS": "0.05"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watch.stdout
        # What it has not seen before it watches, it takes for what is shown: renewed until it is heard of.
        for renewal in range(1, 10):
            certificate.write_text(str(renewal))
            if select.select([watch.stdout], [], [], 1)[0]:
                break
        assert watch.stdout.readline() == "the renewed certificate is shown\n"
        assert told.read_text().endswith(certificate.read_text())
        assert len(told.read_text()) >= 2
    finally:
        watch.kill()
        watch.wait()


@pytest.mark.parametrize(("variant", "secured"), [("production", True), ("default", False)])
def test_postgresql_is_watched_over_where_it_has_a_certificate(variant, secured):
    servers = [one for one in pods(variant) if one.component in ("postgres", "postgres-standby")]
    assert servers
    for one in servers:
        assert ("watch.sh kill -HUP 1" in str(one.container("postgres").get("command"))) == secured
