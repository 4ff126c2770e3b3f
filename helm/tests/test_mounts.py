"""What a pod mounts or takes its variables from is there, in the pod's own namespace."""

from collections.abc import Iterator

import pytest
from chart import NAMESPACE, VALUES, VARIANTS, WORKLOADS, of_kind, pod

# Of the operator of the release, by the names that values give them.
OF_OTHERS = {("Secret", "marquee-backup-s3")}
KEPT = {"secret": ("Secret", "secretName"), "configMap": ("ConfigMap", "name")}
KEPT |= {"persistentVolumeClaim": ("PersistentVolumeClaim", "claimName")}


def space(one: dict) -> str:
    return one["metadata"].get("namespace", NAMESPACE)


def wanted(spec: dict) -> Iterator[tuple[str, str]]:
    """(kind, name) of what the pod does not start without."""
    for volume in spec.get("volumes", []):
        for key, (kind, name) in KEPT.items():
            if key in volume and not volume[key].get("optional"):
                yield kind, volume[key][name]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for entry in container.get("env", []):
            source = entry.get("valueFrom", {}).get("secretKeyRef")
            if source and not source.get("optional"):
                yield "Secret", source["name"]
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]


@pytest.mark.parametrize("variant", [*VALUES, *VARIANTS])
def test_what_a_pod_starts_with_is_in_its_own_namespace(variant):
    there = {
        (space(one), one["kind"], one["metadata"]["name"])
        for one in of_kind(variant, "Secret", "ConfigMap", "PersistentVolumeClaim")
    }
    there |= {(space(one), "Secret", one["spec"]["secretName"]) for one in of_kind(variant, "Certificate")}
    looked_at = 0
    for one in of_kind(variant, *WORKLOADS):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        for kind, name in wanted(spec if one["kind"] == "Pod" else spec["template"]["spec"]):
            known = (space(one), kind, name) in there or (kind, name) in OF_OTHERS
            assert known, f"{one['metadata']['name']} waits for the {kind} {name} in {space(one)}"
            looked_at += 1
    assert looked_at > 50


def test_the_simulator_of_a_bank_keeps_what_it_took():
    """Else nothing that was paid before it was started anew could be given back, and the audit misses the money."""
    volumes = pod("local", "gateway-simulator").spec["volumes"]
    assert [one["persistentVolumeClaim"]["claimName"] for one in volumes if one["name"] == "data"] == [
        "marquee-gateway-simulator"
    ]
