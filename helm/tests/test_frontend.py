"""The shop's web pods: what they are told, and who asks them where."""

import re
import sys

import pytest
from chart import FRONTEND, HELM, SERVICES, VALUES, VARIANTS, environment, of_kind, pod, pods, values

sys.path.insert(0, str(HELM.parent))
from stack import credentials
from stack.instance import MAIN, Instance
from stack.ports import USUAL
from stack.variables import of_frontend

ALL = [*VALUES, *VARIANTS]


@pytest.mark.parametrize("variant", ALL)
def test_the_shop_is_told_what_its_settings_require_and_no_secret_of_a_service(variant):
    (web,) = pod(variant, FRONTEND, "web").containers
    there = environment(variant, web)
    local = of_frontend(
        Instance.named(MAIN), ports=dict.fromkeys(USUAL, 1), secrets=dict.fromkeys(credentials.MAKERS, "")
    )
    # What a machine has beside: where its programs are, and what an instance is.
    assert local.keys() - {"PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "MARQUEE_STATE"} <= there.keys()
    for name in SERVICES:
        port = values(variant)["services"][name]["port"]
        assert re.fullmatch(rf"https?://marquee-{name}:{port}", there[f"{name.upper()}_URL"])
    assert {value for value in there.values() if "secretKeyRef" in value} == {
        f'{{"secretKeyRef": {{"name": "marquee-secrets", "key": "{key}"}}}}'
        for key in ("FRONTEND_SECRET_KEY", "REDIS_PASSWORD")
    } | {
        f'{{"secretKeyRef": {{"name": "marquee-secrets", "key": "{key}", "optional": true}}}}'
        for key in ("APPLE_PASS_PEM", "GOOGLE_WALLET_KEY")
    }
    assert there["REDIS_URL"].startswith(("redis://:$(REDIS_PASSWORD)@", "rediss://:$(REDIS_PASSWORD)@"))
    assert not [one for one in pods(variant) if one.component == FRONTEND and one.process != "web"]


@pytest.mark.parametrize("variant", ALL)
def test_the_gateway_asks_the_shop_at_port_80_and_cards_are_typed_where_there_is_a_page(variant):
    color = pod(variant, FRONTEND, "web").labels["marquee/color"]
    ports = {
        one["metadata"]["name"]: [(port["port"], port["targetPort"]) for port in one["spec"]["ports"]]
        for one in of_kind(variant, "Service")
        if one["metadata"]["labels"]["app.kubernetes.io/component"] == FRONTEND
    }
    assert ports.keys() >= {f"marquee-{FRONTEND}", f"marquee-{FRONTEND}-{color}"}
    assert all(each == [(80, "http")] for each in ports.values())
    gateway = environment(variant, pod(variant, "gateway").container("gateway"))
    assert gateway["FRONTEND_UPSTREAM"] in {f"{name}:80" for name in ports}
    shop = environment(variant, pod(variant, FRONTEND, "web").container("web"))
    if values(variant)["simulator"]["enabled"]:
        assert gateway["CARD_PAGE_UPSTREAM"] == "marquee-gateway-simulator:9001"
        assert shop["CARD_PAGE_URL"] == f"{shop['PUBLIC_URL']}/simulated-card"
    else:
        # Nobody listens there: NGINX would not start with a name that nobody has.
        assert gateway["CARD_PAGE_UPSTREAM"] == "127.0.0.1:8900"
        assert shop["CARD_PAGE_URL"].startswith("https://")
