"""The programs that look at the chart, and the schemas they look with; pinned, fetched once, kept in .stack/tools.

helm, kubeconform and Alertmanager (Debian's wants files beside it) come by `go install`; Prometheus, its tools and
exporters from Debian's packages, where they are not installed. Schemas of Kubernetes ship with the package
kubernetes-validate, those of custom resources in the Go modules that define them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".stack" / "tools"
BIN = TOOLS / "bin"
LIBRARIES = TOOLS / "lib"
SCHEMAS = TOOLS / "schemas"

GO_TOOLS = {
    "alertmanager": "github.com/prometheus/alertmanager/cmd/alertmanager@v0.27.0",
    "helm": "helm.sh/helm/v3/cmd/helm@v3.19.0",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0",
}
# Packages that may have them; Debian 13 has taken promtool out of Prometheus's.
DEBIAN_TOOLS = {
    "promtool": ("promtool", "prometheus"),
    "amtool": ("prometheus-alertmanager",),
    "haproxy": ("haproxy",),
    "prometheus": ("prometheus",),
    "prometheus-nginx-exporter": ("prometheus-nginx-exporter",),
    "prometheus-node-exporter": ("prometheus-node-exporter",),
    "prometheus-postgres-exporter": ("prometheus-postgres-exporter",),
    "prometheus-redis-exporter": ("prometheus-redis-exporter",),
    "rclone": ("rclone",),
}
DEPENDS = (
    *("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts"),
    *("--no-breaks", "--no-replaces", "--no-enhances"),
)
KUBERNETES_SCHEMAS = "kubernetes-validate==1.37.0"
OLDEST_KUBERNETES = (1, 28)
REFERENCE = re.compile(r'"#/\$defs/([^"]+)"')
CUSTOM_RESOURCES = {
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": [
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ],
    "github.com/kedacore/keda/v2@v2.18.1": [
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "config/crd/bases/keda.sh_triggerauthentications.yaml",
    ],
    "github.com/cert-manager/cert-manager@v1.19.1": ["deploy/crds/cert-manager.io_certificates.yaml"],
}


class Missing(Exception):
    """Something to check with is not there and cannot be had; the message says what to do."""


def program(name: str) -> str:
    """Path of one of the programs, installed when it is missing. Raises Missing."""
    ours = BIN / name
    if ours.exists():
        return str(ours)
    if name in DEBIAN_TOOLS:
        return shutil.which(name) or _from_debian(name)
    go = shutil.which("go")
    if go is None:
        raise Missing(f"{name} is not here, and neither is Go to install {GO_TOOLS[name]} with")
    BIN.mkdir(parents=True, exist_ok=True)
    print(f"  installing {GO_TOOLS[name]}", flush=True)
    _run([go, "install", GO_TOOLS[name]], environment={"GOBIN": str(BIN)})
    return str(ours)


def kubernetes_versions() -> list[str]:
    """Those there are schemas for, the oldest first: "1.28.0". Fetches the schemas. Raises Missing."""
    if not any(SCHEMAS.glob("v*")):
        _fetch_kubernetes_schemas()
    return sorted(
        (folder.name.removeprefix("v") for folder in SCHEMAS.glob("v*")),
        key=lambda version: tuple(map(int, version.split("."))),
    )


def custom_resource_schemas() -> Path:
    """The folder of the schemas of custom resources, <kind>_<version>.json. Raises Missing."""
    folder = SCHEMAS / "custom"
    if not folder.exists():
        go = shutil.which("go")
        if go is None:
            raise Missing("Go is not here to fetch the schemas of custom resources with")
        draft = SCHEMAS / "custom.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for module, paths in CUSTOM_RESOURCES.items():
            print(f"  fetching {module}", flush=True)
            there = json.loads(_run([go, "mod", "download", "-json", module]))["Dir"]
            for path in paths:
                _write_schemas(yaml.safe_load((Path(there) / path).read_text()), draft)
        draft.rename(folder)
    return folder


def _write_schemas(definition: dict[str, Any], folder: Path) -> None:
    kind = definition["spec"]["names"]["kind"].lower()
    for version in definition["spec"]["versions"]:
        schema = _strict(version["schema"]["openAPIV3Schema"])
        # Like the API server, which adds it to every object.
        schema["properties"]["metadata"] = {"type": "object"}
        (folder / f"{kind}_{version['name']}.json").write_text(json.dumps(schema))


def _strict(schema: Any) -> Any:
    """The schema with unknown fields refused, as the API server would drop them."""
    if not isinstance(schema, dict):
        return schema
    strict = {
        key: {name: _strict(value) for name, value in part.items()}
        if key == "properties"
        else _strict(part)
        if key in ("items", "additionalProperties")
        else part
        for key, part in schema.items()
    }
    if "properties" in strict and not strict.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    if strict.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    return strict


def _fetch_kubernetes_schemas() -> None:
    print(f"  fetching {KUBERNETES_SCHEMAS}", flush=True)
    wheels = TOOLS / "wheels"
    _run([*_pip(), "download", "--quiet", "--no-deps", "--dest", str(wheels), KUBERNETES_SCHEMAS])
    (wheel,) = wheels.glob("kubernetes_validate-*.whl")
    draft = TOOLS / "schemas.new"
    shutil.rmtree(draft, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        files = {Path(entry).parts[-2:]: entry for entry in archive.namelist() if "-local-strict/" in entry}
        for (folder, name), entry in files.items():
            version = folder.removesuffix("-local-strict")
            if tuple(map(int, version[1:].split(".")[:2])) < OLDEST_KUBERNETES or name != "_definitions.json":
                continue
            (draft / version).mkdir(parents=True)
            definitions = json.loads(archive.read(entry))["$defs"]
            for (other, kind), schema in files.items():
                if other == folder and kind not in ("_definitions.json", "all.json") and not kind.endswith("list.json"):
                    _write_self_contained(json.loads(archive.read(schema)), definitions, draft / version / kind)
    SCHEMAS.mkdir(parents=True, exist_ok=True)
    for written in draft.iterdir():
        written.rename(SCHEMAS / written.name)
    shutil.rmtree(wheels)
    shutil.rmtree(draft)


def _write_self_contained(schema: dict[str, Any], definitions: dict[str, Any], path: Path) -> None:
    """The schema of a kind with those definitions that it needs, instead of a reference to the file of all."""
    if "enum" not in schema.get("properties", {}).get("apiVersion", {}):
        return  # part of an object, no object
    text = json.dumps(schema).replace("/api/_definitions.json#/", "#/")
    needed: dict[str, dict[str, Any]] = {}
    found = set(REFERENCE.findall(text))
    while found:
        name = found.pop()
        needed[name] = json.loads(json.dumps(definitions[name]).replace("/api/_definitions.json#/", "#/"))
        found |= set(REFERENCE.findall(json.dumps(needed[name]))) - needed.keys()
    path.write_text(json.dumps({**json.loads(text), "$defs": needed}))


def _pip() -> list[str]:
    """pip of the Python that made the environment: the environment itself has none."""
    return [getattr(sys, "_base_executable", sys.executable), "-m", "pip"]


def _from_debian(name: str) -> str:
    """Takes the one program out of its package: installing that would start a server."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Missing(f"{name} is not here: install it (on Debian: apt-get download {DEBIAN_TOOLS[name][0]})")
    print(f"  fetching {name}", flush=True)
    TOOLS.mkdir(parents=True, exist_ok=True)
    # Of its own: two suites may be fetching at once.
    with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
        return _out_of_package(name, Path(folder))


def _out_of_package(name: str, downloads: Path) -> str:
    known = set(_run(["apt-cache", "pkgnames"]).split())
    package = next((it for it in DEBIAN_TOOLS[name] if it in known), name)
    installed = set(_run(["dpkg-query", "-W", "-f", "${Package}\n"]).split())
    needs = set(re.findall(r"^lib\S+", _run([*DEPENDS, package]), re.MULTILINE)) & known - installed
    _run(["apt-get", "download", "-qq", package, *sorted(needs)], folder=downloads)
    for file in downloads.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(file), str(downloads / "files")])
    for folder in (BIN, LIBRARIES):
        folder.mkdir(parents=True, exist_ok=True)
    for library in (downloads / "files" / "usr" / "lib").glob("*/lib*.so.*"):
        shutil.copy2(library, LIBRARIES / library.name)
    (there,) = [file for folder in ("bin", "sbin") for file in (downloads / "files" / "usr" / folder).glob(name)]
    shutil.copy2(there, downloads / name)
    (downloads / name).rename(BIN / name)
    return str(BIN / name)


def libraries() -> dict[str, str]:
    """The environment that programs out of packages find those libraries with that are in packages of their own."""
    return {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}


def _run(words: Sequence[str], *, folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    result = subprocess.run(
        words, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise Missing(f"`{' '.join(words)}` failed: {result.stderr.strip().splitlines()[-1:]}")
    return result.stdout
