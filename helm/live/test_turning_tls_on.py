"""A release that speaks plainly gets TLS inside, and gives it up again, each by one upgrade."""

import time

import authority
import certificates
import cluster
import pytest
from cluster import helm, wait_until

SETTLE_SECONDS = 600


@pytest.fixture(scope="module", autouse=True)
def installed(namespace):
    if cluster.KEEP:
        return
    helm("install", "marquee", cluster.CHART, *cluster.LOCAL, *cluster.EXTRA)
    assert helm("test", "marquee", "--logs", "--timeout", "10m", limit=700).count("bought ") == 1


def test_tls_is_turned_on_and_off_by_an_upgrade_each():
    words = certificates.begin(authority.Authority(), "--set", "tls.internal=true")
    for turned, word in (("on", "true"), ("off", "false")):
        began = time.monotonic()
        cluster.upgrade("--set", f"tls.internal={word}", *words, "--wait")
        wait_until(cluster.all_ready, SETTLE_SECONDS, "all pods are ready")
        assert helm("test", "marquee", "--logs", "--timeout", "10m", limit=700).count("bought ") == 1
        cluster.figure(f"`tls.internal` turned {turned} by an upgrade, to the next ticket", time.monotonic() - began)
