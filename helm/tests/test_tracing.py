"""With a collector's address every process of a service sends its spans there, and may."""

from functools import cache

import pytest
from chart import SERVICES, parsed, rendered, selects

ADDRESS = "http://otel-collector.observability:4318"
PROCESSES = ("web", "worker", "relay")


@cache
def objects(*settings: str) -> list[dict]:
    words = [word for setting in settings for word in ("--set", setting)]
    return parsed(rendered(*words))


def settings_of(found: list[dict], service: str) -> dict:
    return next(
        one["data"] for one in found if one["kind"] == "ConfigMap" and one["data"].get("SERVICE_NAME") == service
    )


def ways_out(found: list[dict], service: str, process: str) -> list[dict]:
    """The egress rules for port 4318 that hold for this pod."""
    labels = next(
        one["spec"]["template"]["metadata"]["labels"]
        for one in found
        if one["kind"] == "Deployment" and one["metadata"]["name"].startswith(f"marquee-{service}-{process}")
    )
    return [
        rule
        for one in found
        if one["kind"] == "NetworkPolicy" and selects(one["spec"]["podSelector"], labels)
        for rule in one["spec"].get("egress", [])
        if 4318 in [entry["port"] for entry in rule["ports"]]
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_collector_is_told_and_allowed_to_every_process(service):
    found = objects(f"tracing.endpoint={ADDRESS}", "tracing.ratio=0.05")
    told = settings_of(found, service)
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == ADDRESS
    assert (told["OTEL_TRACES_SAMPLER"], told["OTEL_TRACES_SAMPLER_ARG"]) == ("parentbased_traceidratio", "0.05")
    for process in PROCESSES:
        [rule] = ways_out(found, service, process)
        assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}}}]


def test_a_collector_outside_of_the_cluster_has_an_address():
    found = objects("tracing.endpoint=https://otlp.example:4318", "tracing.cidr=192.0.2.0/24")
    [rule] = ways_out(found, "booking", "relay")
    assert rule["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]


def test_without_a_collector_nothing_is_traced():
    found = objects()
    for service in SERVICES:
        assert not [name for name in settings_of(found, service) if name.startswith("OTEL_")]
        assert not [rule for process in PROCESSES for rule in ways_out(found, service, process)]


def test_the_page_of_a_trace_is_told_to_the_desk_of_bookings_alone():
    page = "https://jaeger.example/trace/{trace_id}"
    found = objects(f"tracing.page={page}")
    assert {service: settings_of(found, service).get("TRACE_URL") for service in SERVICES} == {
        **dict.fromkeys(SERVICES),
        "booking": page,
    }
