"""What each of our processes finds in its environment; the same names in containers and in a cluster."""

import os
from collections.abc import Mapping
from urllib.parse import quote

from stack.environment import PYTHON
from stack.instance import Instance
from stack.ports import HOST
from stack.servers import postgres, rabbitmq, replicas
from stack.services import FRONTEND, NAMES, SERVICES, Service

FLOWER_USER = "operator"
SENDER = "Marquee <tickets@marquee.example>"
SUPPORT = "help@marquee.example"
# Passed on when set in the environment of `up`: knobs that a person may want to turn for once.
PASSED_ON = (
    "LOG_LEVEL",
    "WEB_WORKERS",
    "WEB_THREADS",
    "CSRF_TRUSTED_ORIGINS",
    *("OUTBOX_KEEP_SECONDS", "INBOX_KEEP_SECONDS", "IDEMPOTENCY_KEEP_SECONDS"),
    *("EXPORTED_ROWS", "IMPORTED_LINES"),
)
# OpenTelemetry's: with OTEL_EXPORTER_OTLP_ENDPOINT among them the services send their spans there.
TRACING = "OTEL_"
# What a customer may hold, for how long and how often; what is kept for how long; and where its saga is traced.
OF_BOOKING = (
    "TRACE_URL",
    *("HOLD_SECONDS", "MAX_SEATS_PER_BOOKING", "MAX_OPEN_HOLDS", "MAX_OPEN_HOLDS_IN_ALL", "MAX_SEATS_UNVERIFIED"),
    *("MAX_HOLDS_AGAIN", "HOLDS_AGAIN_SECONDS", "HOLD_EXTENSION_SECONDS"),
    *("SEATS_KEEP_HOURS", "BOOKING_HISTORY_KEEP_DAYS"),
    *("CORS_ALLOWED_ORIGINS", "LIVE_SOCKETS", "LIVE_SOCKETS_PER_ADDRESS", "LIVE_PATIENCE_SECONDS"),
)
# The audit misses no message that is older.
MESSAGES_KEPT = "NOTIFICATION_KEEP_DAYS"
# Those of one service.
ITS_OWN = {
    "auth": ("ACCESS_TOKEN_SECONDS", "REFRESH_TOKEN_SECONDS"),
    "booking": OF_BOOKING,
    "catalog": ("DATABASE_REPLICA_MAX_LAG",),
    "notify": (MESSAGES_KEPT,),
}
BINARIES = str(PYTHON.parent)


def base(instance: Instance) -> dict[str, str]:
    """What every Python process of ours gets. MARQUEE_STATE also marks it as a process of this instance."""
    # OpenSSL trusts it beside what the system does.
    trusted = {"SSL_CERT_FILE": str(instance.trusted)} if instance.is_secured else {}
    return {
        "PATH": f"{BINARIES}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": os.path.expanduser("~"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        # glibc gives every thread an arena of its own; two are enough, and memory stays small.
        "MALLOC_ARENA_MAX": "2",
        "MARQUEE_STATE": str(instance.state),
        **trusted,
    }


def url(port: int) -> str:
    """Of what speaks plain HTTP always: the stand-ins for what a company buys."""
    return f"http://{HOST}:{port}"


def secured_url(instance: Instance, port: int) -> str:
    """Of what speaks HTTPS where the instance speaks TLS."""
    return f"http{'s' if instance.is_secured else ''}://{HOST}:{port}"


def gateway_url(instance: Instance, ports: Mapping[str, int]) -> str:
    return secured_url(instance, ports["gateway-tls" if instance.is_secured else "gateway"])


def broker_url(instance: Instance, ports: Mapping[str, int], secrets: Mapping[str, str]) -> str:
    login = f"{rabbitmq.USER}:{secrets['RABBITMQ_PASSWORD']}"
    return f"amqp{'s' if instance.is_secured else ''}://{login}@{HOST}:{ports['rabbitmq']}/{rabbitmq.VHOST}"


def management_url(instance: Instance, ports: Mapping[str, int], secrets: Mapping[str, str]) -> str:
    scheme, _, rest = secured_url(instance, ports["rabbitmq-management"]).partition("://")
    return f"{scheme}://{rabbitmq.USER}:{secrets['RABBITMQ_PASSWORD']}@{rest}"


def redis_url(instance: Instance, ports: Mapping[str, int], secrets: Mapping[str, str], *, number: int = 0) -> str:
    """number: which of its databases."""
    place = f":{secrets['REDIS_PASSWORD']}@{HOST}:{ports['redis']}/{number}"
    return (
        f"rediss://{place}?ssl_ca_certs={quote(str(instance.trusted))}" if instance.is_secured else f"redis://{place}"
    )


def database_url(
    instance: Instance, service: Service, ports: Mapping[str, int], secrets: Mapping[str, str], *, server: str = ""
) -> str:
    """server: which one has it, if not the primary."""
    login = f"{service.role}:{secrets[f'{service.name.upper()}_DATABASE_PASSWORD']}"
    return _database_url(instance, service, ports, login, server=server)


def _database_url(
    instance: Instance, service: Service, ports: Mapping[str, int], login: str, *, server: str = ""
) -> str:
    place = f"{login}@{HOST}:{ports[server or f'postgres-{service.name}']}/{service.database}"
    verified = f"?sslmode=verify-full&sslrootcert={quote(str(instance.trusted))}" if instance.is_secured else ""
    return f"postgres://{place}{verified}"


def of_service(
    instance: Instance, service: Service, *, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a service: of its web process, worker, relay and commands alike."""
    return {
        **base(instance),
        "SERVICE_NAME": service.name,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets[f"{service.name.upper()}_SECRET_KEY"],
        "DATABASE_URL": database_url(instance, service, ports, secrets),
        "REDIS_URL": redis_url(instance, ports, secrets),
        "RABBITMQ_URL": broker_url(instance, ports, secrets),
        "RABBITMQ_MANAGEMENT_URL": management_url(instance, ports, secrets),
        "AUTH_URL": secured_url(instance, ports["auth"]),
        "ALLOWED_HOSTS": f"{HOST},localhost,[::1]",
        "PUBLIC_URL": gateway_url(instance, ports),
        "BIND": HOST,
        "PORT": str(ports[service.name]),
        "WORKER_CONCURRENCY": str(service.worker_concurrency),
        "PROMETHEUS_MULTIPROC_DIR": str(instance.run / "metrics" / service.name),
        **_own(instance, service, ports=ports, secrets=secrets),
        **_shown(instance, service.name, "TLS_CERTIFICATE", "TLS_CERTIFICATE_KEY"),
        **_passed_on(service),
    }


def of_live_seats(
    instance: Instance, service: Service, *, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> dict[str, str]:
    """Booking's, on a port of its own."""
    its_own = {"PORT": str(ports["booking-live"])}
    return of_service(instance, service, ports=ports, secrets=secrets) | its_own


def _passed_on(service: Service) -> dict[str, str]:
    names = {*PASSED_ON, *ITS_OWN.get(service.name, ())}
    return {name: value for name, value in os.environ.items() if name in names or name.startswith(TRACING)}


def _shown(instance: Instance, server: str, *names: str) -> dict[str, str]:
    """Where its certificate and key are, under these names; nothing where the instance speaks no TLS."""
    files = (instance.certificate(server), instance.key(server))
    return dict(zip(names, map(str, files), strict=True)) if instance.is_secured else {}


def _refunds() -> dict[str, str]:
    """The demo's staff have a password alone, until they set up more."""
    return {"REFUNDS_NEED_SECOND_FACTOR": os.environ.get("REFUNDS_NEED_SECOND_FACTOR", "0")}


def _own(
    instance: Instance, service: Service, *, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> dict[str, str]:
    """What one service needs and the others do not."""
    match service.name:
        case "auth":
            return {
                "JWT_PRIVATE_KEY": secrets["JWT_PRIVATE_KEY"],
                "MAILED_SECRET_KEYS": secrets["MAILED_SECRET_KEYS"],
                **_if_there(secrets, "JWT_PREVIOUS_PUBLIC_KEY"),
            }
        case "catalog" if instance.replicas:
            urls = [database_url(instance, service, ports, secrets, server=name) for name in replicas.names(instance)]
            return {"DATABASE_REPLICA_URLS": ",".join(urls)}
        case "booking":
            return {
                "CATALOG_URL": secured_url(instance, ports["catalog"]),
                "TICKET_SIGNING_KEY": secrets["TICKET_SIGNING_KEY"],
                **_refunds(),
                **_if_there(secrets, "TICKET_PREVIOUS_PUBLIC_KEY"),
                # While a booking waits for the disk, its thread's processor is another's.
                "WEB_THREADS": "8",
            }
        case "payment":
            return {
                "BOOKING_URL": secured_url(instance, ports["booking"]),
                "PAYMENT_GATEWAY_URL": url(ports["gateway-simulator"]),
                "PAYMENT_GATEWAY_API_KEY": secrets["PAYMENT_GATEWAY_API_KEY"],
                "PAYMENT_WEBHOOK_SECRET": secrets["PAYMENT_WEBHOOK_SECRET"],
                "PAYMENT_SECRET_KEYS": secrets["PAYMENT_SECRET_KEYS"],
                **_refunds(),
            }
        case "notify":
            return {
                "MAILED_SECRET_KEYS": secrets["MAILED_SECRET_KEYS"],
                "SMTP_URL": f"smtp://{HOST}:{ports['smtp']}",
                "DEFAULT_FROM_EMAIL": SENDER,
                "SUPPORT_EMAIL": SUPPORT,
                "SMS_GATEWAY_URL": f"{url(ports['mailbox'])}/sms",
                "SMS_GATEWAY_API_KEY": secrets["SMS_GATEWAY_API_KEY"],
            }
        case _:
            return {}


def of_frontend(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    """The shop knows Redis, for its sessions, and where the services answer."""
    return {
        **base(instance),
        "SERVICE_NAME": FRONTEND,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets["FRONTEND_SECRET_KEY"],
        "REDIS_URL": redis_url(instance, ports, secrets),
        **{f"{name.upper()}_URL": secured_url(instance, ports[name]) for name in NAMES},
        "CARD_PAGE_URL": f"{gateway_url(instance, ports)}/simulated-card",
        "SUPPORT_EMAIL": SUPPORT,
        # Passes for wallets as a company's are made, by a key that no telephone trusts.
        "APPLE_PASS_PEM": secrets["WALLET_PEM"],
        "APPLE_PASS_TYPE": "pass.example.marquee",
        "APPLE_PASS_TEAM": "MARQUEE000",
        "GOOGLE_WALLET_KEY": secrets["WALLET_PEM"],
        "GOOGLE_WALLET_ISSUER": "3388000000000000000",
        "GOOGLE_WALLET_ACCOUNT": "wallet@marquee.example",
        "ALLOWED_HOSTS": f"{HOST},localhost,[::1]",
        "PUBLIC_URL": gateway_url(instance, ports),
        "BIND": HOST,
        "PORT": str(ports[FRONTEND]),
        "PROMETHEUS_MULTIPROC_DIR": str(instance.run / "metrics" / FRONTEND),
        **_shown(instance, FRONTEND, "TLS_CERTIFICATE", "TLS_CERTIFICATE_KEY"),
        **{name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(TRACING)},
    }


def _if_there(secrets: Mapping[str, str], name: str) -> dict[str, str]:
    """What somebody has put into secrets.env for as long as a key changes (docs/operations/keys.md)."""
    return {name: secrets[name]} if name in secrets else {}


def of_clock(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    """The scheduler and Flower know the broker and nothing else."""
    return {**base(instance), "RABBITMQ_URL": broker_url(instance, ports, secrets)}


def of_flower(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    return {
        **of_clock(instance, ports=ports, secrets=secrets),
        "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{secrets['FLOWER_PASSWORD']}",
        "FLOWER_BROKER_API": f"{management_url(instance, ports, secrets)}/api/",
        # Tornado reads SSL_CERT_FILE when it starts; here OpenSSL finds an authority that comes later.
        **({"SSL_CERT_DIR": str(instance.trusted_folder)} if instance.is_secured else {}),
        **_shown(instance, "flower", "FLOWER_CERTFILE", "FLOWER_KEYFILE"),
    }


def of_gateway_simulator(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    return {
        **base(instance),
        "PORT": str(ports["gateway-simulator"]),
        "BIND": HOST,
        "GATEWAY_SIMULATOR_DATA": str(instance.data / "gateway-simulator"),
        "PAYMENT_GATEWAY_API_KEY": secrets["PAYMENT_GATEWAY_API_KEY"],
        "PAYMENT_WEBHOOK_SECRET": secrets["PAYMENT_WEBHOOK_SECRET"],
        "PAYMENT_WEBHOOK_URL": f"{gateway_url(instance, ports)}/api/payments/webhooks/simulator",
    }


def of_audit(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    """It reads what all services have, as a role that can do nothing else, and what the card gateway took."""
    login = f"{postgres.AUDITOR}:{secrets['AUDIT_DATABASE_PASSWORD']}"
    return {
        **base(instance),
        **{name: value for name, value in os.environ.items() if name == MESSAGES_KEPT},
        **{
            f"{service.name.upper()}_DATABASE_URL": _database_url(instance, service, ports, login)
            for service in SERVICES
        },
        "RABBITMQ_MANAGEMENT_URL": management_url(instance, ports, secrets),
        "GATEWAY_RECORD_URL": url(ports["gateway-simulator"]),
        "GATEWAY_RECORD_API_KEY": secrets["PAYMENT_GATEWAY_API_KEY"],
        "BIND": HOST,
        "METRICS_PORT": str(ports["audit"]),
    }


def of_message_sink(instance: Instance, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> dict[str, str]:
    return {
        **base(instance),
        "BIND": HOST,
        "SMTP_PORT": str(ports["smtp"]),
        "HTTP_PORT": str(ports["mailbox"]),
        "MESSAGE_SINK_DATA": str(instance.data / "messages"),
        "SMS_GATEWAY_API_KEY": secrets["SMS_GATEWAY_API_KEY"],
    }
