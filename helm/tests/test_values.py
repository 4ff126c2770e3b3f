"""A wrong value is refused, and the refusal names it."""

import pytest
from chart import CHART, helm

WRONG = {
    "color=red": "/color",
    "services.booking.web.thread=3": "thread",
    "services.booking.web.threads=many": "/services/booking/web/threads",
    "services.booking.port=0": "/services/booking/port",
    "services.booking.database.storage=big": "/services/booking/database/storage",
    "services.booking.worker.concurrency=none": "/services/booking/worker/concurrency",
    "services.bookings.port=8003": "bookings",
    "redis.replicas=2": "/redis/replicas",
    "rabbitmq.replicas=4": "/rabbitmq/replicas",
    "redis.image=redis:latest": "/redis/image",
    "postgresql.settings.max_connections=10": "max_connections",
    "publicUrl=tickets.example": "/publicUrl",
    "gateway.trustedProxies[0]=everyone": "/gateway/trustedProxies/0",
    "monitoring.rules=maybe": "/monitoring/rules",
    "backup.hour=24": "/backup/hour",
    "backup.keep=0": "/backup/keep",
    "logLevel=LOUD": "/logLevel",
    "exportedRows=0": "/exportedRows",
    "importedLines=10001": "/importedLines",
    "tracing.endpoint=http://collector": "/tracing/endpoint",
    "tracing.ratio=2": "/tracing/ratio",
    "replicas=3": "replicas",
    "postgresql.external.enabled=true": "postgresql.external.hosts.auth",
    "redis.external.enabled=true": "redis.external.host",
}


@pytest.mark.parametrize(("setting", "name"), WRONG.items())
def test_a_wrong_value_is_refused_by_name(setting, name):
    result = helm("template", "marquee", str(CHART), "--kube-version", "1.34", "--set", setting)
    assert result.returncode != 0, f"--set {setting} was taken"
    assert name in result.stderr


def test_an_old_kubernetes_is_refused():
    result = helm("template", "marquee", str(CHART), "--kube-version", "1.27")
    assert "1.28" in result.stderr
