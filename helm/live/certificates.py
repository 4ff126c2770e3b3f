"""Certificates of a release's servers: cert-manager's where the cluster has it, else made as it makes them."""

import json
import time

import cluster
import yaml
from authority import Authority
from cluster import kubectl

ISSUER = "marquee-live"
# Where cert-manager looks for the Secrets of a ClusterIssuer.
MANAGER = "cert-manager"


def has_manager() -> bool:
    return "cert-manager.io/v1" in cluster.run("kubectl", "api-versions").split()


def begin(signer: Authority, *words: str) -> tuple[str, ...]:
    """For a release with these words for helm: further words, with which it has certificates of this authority."""
    if not has_manager():
        _make(signer, *words)
        return ()
    secret = {"kind": "Secret", "metadata": {"name": ISSUER, "namespace": MANAGER}, "type": "kubernetes.io/tls"}
    issuer = {"kind": "ClusterIssuer", "metadata": {"name": ISSUER}, "spec": {"ca": {"secretName": ISSUER}}}
    _apply(
        {"apiVersion": "v1", **secret, "stringData": signer.secret()}, {"apiVersion": "cert-manager.io/v1", **issuer}
    )
    return ("--set", f"tls.issuer.name={ISSUER}")


def renew(signer: Authority, *words: str) -> None:
    """A new key and certificate for each server of such a release."""
    if not has_manager():
        _make(signer, *words)
        return
    for certificate in json.loads(kubectl("get", "certificates", "-o", "json"))["items"]:
        # As `cmctl renew` asks for it.
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        asked = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now}
        conditions = [one for one in certificate["status"]["conditions"] if one["type"] != "Issuing"]
        patch = json.dumps({"status": {"conditions": [*conditions, asked]}})
        kubectl(
            "patch", "certificate", certificate["metadata"]["name"], "--subresource=status", "--type=merge", "-p", patch
        )


def _wanted(*words: str) -> dict[tuple[str, str], list[str]]:
    """(namespace, Secret) → names: what cert-manager would be asked for by a release with these words for helm."""
    known = ("template", "marquee", cluster.CHART, *cluster.LOCAL, *words, "--kube-version", "1.34")
    said = cluster.helm(*known, "--set", "tls.issuer.name=none", "--show-only", "templates/certificates.yaml")
    return {
        (one["metadata"].get("namespace", cluster.NAMESPACE), one["spec"]["secretName"]): one["spec"]["dnsNames"]
        for one in yaml.safe_load_all(said)
    }


def _make(signer: Authority, *words: str) -> None:
    _apply(
        *(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": secret, "namespace": namespace},
                "type": "kubernetes.io/tls",
                "stringData": signer.issue(names) | {"ca.crt": signer.certificate},
            }
            for (namespace, secret), names in _wanted(*words).items()
        )
    )


def _apply(*objects: dict) -> None:
    cluster.run("kubectl", "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
