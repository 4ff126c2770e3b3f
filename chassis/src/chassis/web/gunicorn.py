"""gunicorn's configuration: `gunicorn -c python:chassis.web.gunicorn config.wsgi`."""

import os
from typing import Any

from gunicorn import sock
from gunicorn.glogging import Logger

from chassis import garbage
from chassis.telemetry import tracing
from chassis.telemetry.logs import logging_config
from chassis.telemetry.metrics import forget_process
from chassis.web.certificate import Renewed

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ['PORT']}"
# PEM files; naming them turns TLS on, and there is no plain HTTP beside it then.
certfile = os.environ.get("TLS_CERTIFICATE") or None
keyfile = os.environ.get("TLS_CERTIFICATE_KEY") or None
ssl_context = Renewed()
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# Loaded once and shared by fork; the connections of a worker are its own, made on first use.
preload_app = True
timeout = 30
graceful_timeout = 20
keepalive = 75
backlog = 512
# What a request may be long is the gateway's to say, in problem details; 0 is no limit of our own.
limit_request_line = 0
limit_request_fields = 8000
limit_request_field_size = 32 * 1024
forwarded_allow_ips = "*"


class _Logger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Without an access log, for the gateway's has every request; gunicorn would prepare each line all the same."""

    access_log_enabled = False


logger_class = _Logger
accesslog = None
logconfig_dict = logging_config(service=os.environ.get("SERVICE_NAME", ""), level=os.environ.get("LOG_LEVEL", "INFO"))
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  (heartbeat files, no data)
os.environ.setdefault("DATABASE_POOL_SIZE", str(threads))


def when_ready(server: Any) -> None:
    """What was loaded before the fork stays out of the collector's way, and its pages shared.

    With it the certificate: a worker that begins while one is renewed has that of before until both files are there.
    """
    if server.cfg.is_ssl:
        sock.ssl_context(server.cfg)
    garbage.settle()


def post_fork(server: Any, worker: Any) -> None:
    tracing.start()


def child_exit(server: Any, worker: Any) -> None:
    forget_process(worker.pid)
