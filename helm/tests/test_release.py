"""An install, an upgrade and an uninstall, as Helm goes through them."""

import ast
import re
import subprocess

import pytest
from chart import (
    CHART,
    SERVICES,
    VALUES,
    VARIANTS,
    environment,
    helm,
    hook_items,
    of_kind,
    parsed,
    pod,
    pods,
    rendered,
    secrets_sums,
    values,
    whole,
)


def hooks(variant: str, event: str) -> list[dict]:
    """The documents that Helm takes as hooks of this event: each of them is waited for before the next."""
    return [
        one
        for one in whole(variant)
        if event in (one["metadata"].get("annotations") or {}).get("helm.sh/hook", "").split(",")
    ]


@pytest.mark.parametrize("variant", [*VALUES, "operators", "external"])
def test_an_install_waits_for_nothing_that_waits_for_it(variant):
    """Pods are ready when their schema is there, so migrating is no hook: with --wait a hook comes after ready pods."""
    assert not hooks(variant, "post-install")
    assert not hooks(variant, "pre-install")
    jobs = [one for one in of_kind(variant, "Job") if "-migrate-" in one["metadata"]["name"]]
    assert len(jobs) == len(SERVICES)
    for job in jobs:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["args"][:2] == ["migrate", "--wait"]
        assert "--spare-broker" not in container["args"]


def test_an_upgrade_migrates_first_and_all_at_once():
    secret, hook = hooks("upgrade", "pre-upgrade")
    assert (secret["kind"], hook["kind"]) == ("Secret", "List")
    assert [job["metadata"]["name"] for job in hook_items(hook)] == [
        f"marquee-{name}-migrate" for name in sorted(SERVICES)
    ]
    assert not hooks("upgrade", "post-upgrade")
    for name in SERVICES:
        migrating = pod("upgrade", name, "migrate").container("migrate")
        # The upgrade may be what mends RabbitMQ.
        assert migrating["args"][0] == "migrate"
        assert "--spare-broker" in migrating["args"]
        # Before an upgrade the ConfigMap is the old version's.
        assert "envFrom" not in migrating


def named(one: dict) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]


def weight(hook: dict) -> int:
    return int(hook["metadata"]["annotations"].get("helm.sh/hook-weight", "0"))


def test_what_migrates_before_an_upgrade_finds_the_secrets_that_it_brings():
    """Helm changes the Secret of the release after the hooks, and a container whose key is missing is not made."""
    secret, jobs = hooks("upgrade", "pre-upgrade")
    assert weight(secret) < weight(jobs)
    (kept,) = [o for o in of_kind("upgrade", "Secret") if o["metadata"]["name"] == "marquee-secrets"]
    assert secret["data"] == kept["data"]
    assert "keep" not in secret["metadata"]["annotations"].values()
    asked = re.findall(r"'secretKeyRef': (\{[^}]*\})", str(jobs))
    assert len(asked) > 4 * len(SERVICES)
    for one in map(ast.literal_eval, asked):
        assert one["name"] == secret["metadata"]["name"]
        assert one["key"] in secret["data"] or one["optional"] is True


def test_a_secret_of_ones_own_is_read_by_what_migrates_and_nothing_is_made_beside_it():
    text = rendered("--is-upgrade", "--set", "secrets.existing=ours")
    assert "secrets-upgrade" not in text
    assert "name: ours, key: BOOKING_DATABASE_PASSWORD" in text


def test_demo_data_is_told_of_when_every_service_has_its_queue():
    queues = {service["worker"]["autoscaling"]["queue"]["name"] for service in values("local")["services"].values()}
    assert len(queues) == len(SERVICES)
    for name in ("auth", "catalog"):
        words = pod("local", name, "migrate").container("migrate")["args"]
        assert "--demo" in words
        assert set(words[words.index("--after-queues") + 1 :]) == queues


def test_what_a_failed_hook_left_goes_with_the_release():
    (hook,) = hooks("upgrade", "post-delete")
    left = [one for hook in hooks("upgrade", "pre-upgrade") for one in hook.get("items", [hook])]
    assert {named(one) for one in hook["items"]} == {named(one) for one in left}
    assert {one["spec"]["completions"] for one in hook["items"] if one["kind"] == "Job"} == {0}
    assert not [one for one in hook["items"] if one["kind"] == "Secret" and "data" in one]
    assert "before-hook-creation" in hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"]


@pytest.mark.parametrize("variant", ["local", "internal", "monitoring"])
def test_what_starts_slowly_is_not_started_anew(variant):
    """Where all of a release starts at once, the first answer is the slowest."""
    probed = [c for one in pods(variant) for c in one.containers if {"startupProbe", "livenessProbe"} <= c.keys()]
    assert len(probed) > 20
    for container in probed:
        first, later = (container[f"{kind}Probe"].get("timeoutSeconds", 1) for kind in ("startup", "liveness"))
        assert first >= later, container["name"]


def test_the_logs_of_a_test_are_printed_once():
    """`helm test --logs` asks for the logs of a pod by the name of each hook, whatever the hook is."""
    assert [(one["kind"], one["metadata"]["name"]) for one in hooks("default", "test")] == [("Pod", "marquee-test")]


@pytest.mark.parametrize("variant", ["upgrade", "production"])
def test_the_first_backup_is_taken_at_once(variant):
    """It is also who the volume's claim waits for: without it `helm install --wait` would not come back."""
    names = [one["metadata"]["name"] for one in of_kind(variant, "Job")]
    for name in SERVICES:
        (first,) = [one for one in names if re.fullmatch(f"marquee-backup-{name}-[0-9a-f]{{8}}", one)]
        job = next(one for one in pods(variant) if one.name == first)
        claims = [volume.get("persistentVolumeClaim") for volume in job.spec["volumes"]]
        assert {"claimName": "marquee-backups"} in claims
        # Not of an empty database.
        assert "migrate --check" in job.spec["initContainers"][0]["args"][-1]


def test_a_job_of_other_contents_has_another_name():
    """Jobs cannot be changed, and some apply what is rendered without asking what is there."""
    hashed = re.compile(r"name: (marquee-[a-z]+-migrate-[0-9a-f]{8})\n")
    names = [set(hashed.findall(rendered("--set", f"image.tag={tag}"))) for tag in ("1.0.0", "1.1.0")]
    assert [len(found) for found in names] == [len(SERVICES)] * 2
    assert not names[0] & names[1]


def test_pods_do_not_start_anew_because_their_secrets_are_there_now():
    """At the first upgrade the Secret is read that the install generated: the sum is of what is in it."""
    text = (CHART / "templates" / "_pods.tpl").read_text()
    body = text.partition('define "marquee.secretsGiven"')[2]
    assert 'include "marquee.secret"' in body
    sums = secrets_sums(parsed(rendered()))
    assert len(set(sums.values())) > len(SERVICES)
    # Of nothing, as it was when the Secret was looked for alone.
    assert "44136fa355b3678a" not in sums.values()


def test_a_secret_starts_those_alone_anew_that_are_given_it():
    """A Secret that somebody keeps: what is generated would differ with each render."""
    kept = ("--set", "secrets.existing=kept")
    before = secrets_sums(parsed(rendered(*kept)))
    brought = ("--set", "services.booking.secretEnv.BROUGHT_LATER=BROUGHT_LATER")
    after = secrets_sums(parsed(rendered(*kept, *brought)))
    assert {name for name in after if after[name] != before[name]} == {
        f"marquee-booking-{process}" for process in ("live", "relay", "web-blue", "worker")
    }


def test_what_is_asked_for_on_one_small_node_leaves_room_for_kubernetes():
    """Two cores and 4 GiB, of which a control plane on the same node asks for nearly one and some 400 MiB."""
    cpu = memory = 0.0
    for one in of_kind("local", "Deployment", "StatefulSet", "Job"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            asked = container["resources"]["requests"]
            cpu += one["spec"].get("replicas", 1) * float(asked["cpu"].removesuffix("m"))
            memory += one["spec"].get("replicas", 1) * float(asked["memory"].removesuffix("Mi"))
    assert 300 < cpu <= 900
    assert 1500 < memory <= 3200


@pytest.mark.parametrize("variant", VALUES)
def test_the_gateway_may_be_asked_by_each_name_that_a_cluster_gives_it(variant):
    for name in SERVICES:
        hosts = environment(variant, pod(variant, name, "web").container("web"))["ALLOWED_HOSTS"].split(",")
        for service in ("gateway", name):
            there = f"marquee-{service}.movie-booking-prod"
            assert {f"marquee-{service}", there, f"{there}.svc", f"{there}.svc.cluster.local"} <= set(hosts)


def measures(container: dict) -> bool:
    """Whether all that it shows are numbers of what runs beside it."""
    return [port["name"] for port in container.get("ports", [])] == ["metrics"]


@pytest.mark.parametrize("variant", [*VALUES, *VARIANTS])
def test_what_measures_a_server_does_not_decide_whether_it_is_there(variant):
    """A pod is ready when all its containers run and say so; a Service that must not care goes by the name alone."""
    measured = [
        one for one in pods(variant) if any(map(measures, one.containers)) and not all(map(measures, one.containers))
    ]
    behind = [
        (one, service["metadata"]["name"], service["spec"].get("publishNotReadyAddresses"))
        for one in measured
        for service in of_kind(variant, "Service")
        if one.labels.items() >= service["spec"]["selector"].items()
    ]
    assert {one.component for one in measured} <= {"postgres", "postgres-standby", "redis"}
    assert {one.name for one in measured} == {one.name for one, _, _ in behind}
    assert [name for _, name, always in behind if always is not True] == []
    probes = [key for one in measured for c in one.containers if measures(c) for key in c if key.endswith("Probe")]
    assert probes == []
    if not {"operators", "external"} & {variant}:
        assert len(measured) > len(SERVICES)


def test_the_chart_holds_files_and_no_links():
    """Helm packs what a link leads to and warns of each one; outside of the chart links lead into it."""
    assert not [path for path in CHART.rglob("*") if path.is_symlink()]
    said = helm("template", "marquee", str(CHART), "--kube-version", "1.34").stderr
    assert "symbolic link" not in said


def test_the_way_back_from_a_dump_is_a_script_that_bash_can_read():
    script = CHART.parent / "restore"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    refused = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "helm/restore SERVICE" in refused.stderr


def test_the_way_back_from_a_dump_waits_for_all_that_has_the_database_open():
    """One connection that is left, and the dump is refused."""
    script = (CHART.parent / "restore").read_text()
    [waited] = re.findall(r"marquee/process in \(([a-z,]+)\)", script)
    deployed = {one.process for one in pods("local") if one.kind == "Deployment" and one.component in SERVICES}
    assert set(waited.split(",")) == deployed


def test_a_node_of_rabbitmq_takes_part_in_every_queue_once_it_runs():
    """A queue that was declared before a node had joined has no copy there by itself."""
    node = pod("default", "rabbitmq").container("rabbitmq")
    assert node["command"] == ["bash", "/config/start.sh"]
    assert environment("default", node)["REPLICAS"] == "3"
    script = (CHART / "files" / "rabbitmq" / "start.sh").read_text()
    assert re.search(r"rabbitmq-queues .*grow .* all", script)
    assert "preStop" not in str(pod("local", "rabbitmq").container("rabbitmq")), "one node has no majority to wait for"


def test_a_node_of_rabbitmq_starts_on_the_volume_of_the_start_before(tmp_path):
    """The cookie of the first start is read-only, also for who wrote it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "run").mkdir()
    script = (CHART / "files" / "rabbitmq" / "configure.sh").read_text()
    for path, ours in (("/var/lib/rabbitmq", "home"), ("/run/rabbitmq", "run"), ("/config", "config")):
        script = script.replace(path, str(tmp_path / ours))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rabbitmq.conf").write_text("default_vhost = marquee\n")
    given = {"SERVER": "marquee-rabbitmq", "NODES": "nodes.example", "REPLICAS": "3"}
    login = {"RABBITMQ_USER": "marquee", "RABBITMQ_PASSWORD": "secret", "PATH": "/usr/bin:/bin"}
    for cookie in ("first", "second"):
        # Root may write to what is read-only, so it is looked at that nothing is: the file is another one each time.
        done = subprocess.run(
            ["bash", "-c", script],
            env={**given, **login, "COOKIE": cookie},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        written = tmp_path / "home" / ".erlang.cookie"
        assert written.read_text() == cookie
        assert written.stat().st_mode & 0o777 == 0o400
    assert '> "$home/.erlang.cookie"\n' not in script
    conf = (tmp_path / "run" / "rabbitmq.conf").read_text()
    assert conf.count("cluster_formation.classic_config.nodes.") == 3
    assert "default_vhost = marquee" in conf
