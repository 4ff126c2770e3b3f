"""Settings building blocks: everything a service's settings share, driven by the environment.

A missing secret stops the boot with the name of the variable (django-environ's ImproperlyConfigured).
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

from chassis.storage.postgresql import (
    KEEPALIVES,
    LIMITS,
    LIMITS_OF_COMMANDS,
    LIMITS_OF_REPLICAS,
    BoundedConnection,
    ReplicaConnection,
)
from chassis.storage.redis import RETRY, TIMEOUT_SECONDS
from chassis.telemetry import tracing
from chassis.telemetry.logs import logging_config

env = environ.Env()

DAY = 24 * 3600
# The end of what each API document says of itself.
CONVENTIONS = """\
What holds for every operation:

- Ids are UUIDs. Money is `{"amount": 25000, "currency": "VND"}` in minor units. Times are RFC 3339 with an offset.
- Lists are pages, `{"next", "previous", "results"}`; follow `next`, whose address carries the cursor.
- What goes wrong is `application/problem+json` (RFC 9457): build on its `code`, which never changes.
- Reads carry an `ETag`: send it as `If-None-Match`, and 304 says that nothing changed.
- 429 and 503 say in `Retry-After` how many seconds to wait. Requests are counted by client address and by user;
  `RateLimit` tells how many are left, `RateLimit-Policy` of how many.
- Each answer has an `X-Correlation-ID`, the request's own or a new one; tell it to support.
- New members may be added to answers at any time; a client leaves alone what it does not know."""


def amounts(name: str, default: Mapping[str, int]) -> dict[str, int]:
    """Amounts in minor units by currency, of a variable like `EUR=20000,*=20000`. Raises ValueError for no number."""
    return {currency: int(amount) for currency, amount in env.dict(name, default=dict(default)).items()}


def at_least(name: str, least: int, *, default: int) -> int:
    """The number in that variable. Raises ImproperlyConfigured for a smaller one."""
    number: int = env.int(name, default=default)
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}, and has to be {least} at least")
    return number


def within(name: str, least: int, most: int, *, default: int) -> int:
    """at_least(), of a number that has an upper bound too."""
    number = at_least(name, least, default=default)
    if number > most:
        raise ImproperlyConfigured(f"{name} is {number}, and has to be {most} at most")
    return number


def service_settings(
    *, name: str, app: str, title: str, description: str = "", tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Django settings of one service.

    name: the service's short name: its exchange is `<name>_events`, its queue `<name>_queue`.
    app: the one Django app of the service. title: how its admin and its API documentation call it.
    description: what a client should know first. tags: of its operations, and what each of them is about.
    Raises django.core.exceptions.ImproperlyConfigured naming a required variable that is not set.
    """
    return {
        **_process(name=name, app=app, title=title, caller=inspect.stack()[1].filename),
        **_web(name=name),
        **_django(name=name, app=app),
        **_storage(name=name),
        **_messaging(name=name),
        **_api(name=name, title=title, description=description, tags=tags or {}),
    }


def page_settings(*, name: str, app: str, title: str) -> dict[str, Any]:
    """Django settings of a project that serves pages to customers, and has no database, no queue and no admin site.

    name, app, title: as of service_settings. Its sessions are in Redis, for as long as a customer is about.
    Raises django.core.exceptions.ImproperlyConfigured naming a required variable that is not set.
    """
    secure = _is_secure()
    return {
        **_process(name=name, app=app, title=title, caller=inspect.stack()[1].filename),
        **_web(name=name),
        "DEPENDS_ON": ("redis",),
        "INSTALLED_APPS": ["django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", app],
        # Files that the shop's pages and those of staff both load.
        "STATICFILES_DIRS": [Path(__file__).parent / "static"],
        "CACHES": _caches(name=name) | {"sessions": _cache(name=name, away_is_a_miss=False)},
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        "SESSION_CACHE_ALIAS": "sessions",
        "SESSION_COOKIE_NAME": f"{name}_session",
        "SESSION_COOKIE_AGE": DAY,
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": f"{name}_csrf",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    }


def _process(*, name: str, app: str, title: str, caller: str) -> dict[str, Any]:
    debug = env.bool("DEBUG", default=False)
    return {
        "BASE_DIR": Path(caller).resolve().parent.parent,
        "DEBUG": debug,
        "SECRET_KEY": env.str("SECRET_KEY"),
        "ALLOWED_HOSTS": env.list("ALLOWED_HOSTS", default=["*"]) if debug else env.list("ALLOWED_HOSTS"),
        "SERVICE_NAME": name,
        "SERVICE_APP": app,
        "SERVICE_TITLE": title,
        "PUBLIC_URL": env.str("PUBLIC_URL", default="http://127.0.0.1:8080"),
        "LOGGING": logging_config(service=name, level=env.str("LOG_LEVEL", default="INFO")),
    }


def _is_secure() -> bool:
    return bool(env.str("PUBLIC_URL", default="").startswith("https://"))


def _web(*, name: str) -> dict[str, Any]:
    """What whoever answers requests behind the gateway has."""
    return {
        "ROOT_URLCONF": "config.urls",
        "WSGI_APPLICATION": "config.wsgi.application",
        "APPEND_SLASH": False,
        # Where whoever signs in goes who asked for no page, or for one elsewhere.
        "LOGIN_REDIRECT_URL": "/admin/",
        "LANGUAGE_CODE": "en-us",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "STATIC_URL": f"/static/{name}/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_MAX_AGE": 3600,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 1024 * 1024,
        "CSRF_TRUSTED_ORIGINS": env.list("CSRF_TRUSTED_ORIGINS", default=[]),
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "USE_X_FORWARDED_HOST": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "SILENCED_SYSTEM_CHECKS": ["security.W004", "security.W008"],  # TLS and HSTS are the gateway's
    }


def _django(*, name: str, app: str) -> dict[str, Any]:
    secure = _is_secure()
    return {
        "DEPENDS_ON": ("postgresql", "schema", "redis", "rabbitmq"),
        "INSTALLED_APPS": [
            "chassis.apps.DeskConfig",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "rest_framework",
            "drf_spectacular",
            "drf_spectacular_sidecar",
            "chassis",
            app,
        ],
        "MIDDLEWARE": [
            *tracing.MIDDLEWARE,
            "chassis.web.parsing.DrainMiddleware",
            "chassis.telemetry.correlation.CorrelationMiddleware",
            "chassis.web.metrics.MetricsMiddleware",
            "chassis.web.exceptions.ProblemMiddleware",
            "chassis.web.limits.LimitsMiddleware",
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "chassis.web.health.HostMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "chassis.web.staff_sessions.StaffSessionMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                # Before those of the apps: the frame of the admin's pages is the desk's.
                "DIRS": [Path(__file__).parent / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        "FORMAT_MODULE_PATH": ["chassis.formats"],
        # Rows of a list that is taken along as a file; the sheet of a workbook has 1,048,576.
        "EXPORTED_ROWS": within("EXPORTED_ROWS", 1, 1_000_000, default=50_000),
        # Lines of a file that is imported, where a kind of file has no lower bound of its own.
        "IMPORTED_LINES": within("IMPORTED_LINES", 1, 10_000, default=10_000),
        # What a role may do; and the account that an operator makes here by command when auth is away.
        "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
        "STAFF_SIGN_ON": "chassis.web.sign_on.ByAuth",
        # Who gives money back has signed in with a second factor (chassis.web.second_factor).
        "REFUNDS_NEED_SECOND_FACTOR": env.bool("REFUNDS_NEED_SECOND_FACTOR", default=True),
        "AUTH_URL": env.str("AUTH_URL"),
        "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
        "SESSION_COOKIE_NAME": f"{name}_session",
        "SESSION_COOKIE_PATH": f"/admin/{name}/",
        "SESSION_COOKIE_AGE": DAY,
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": f"{name}_csrf",
        "CSRF_COOKIE_PATH": f"/admin/{name}/",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_FAILURE_VIEW": "chassis.web.exceptions.csrf_failure",
        "MESSAGE_STORAGE": "chassis.web.messages.OfThisSite",
    }


def _storage(*, name: str) -> dict[str, Any]:
    pool_size = env.int("DATABASE_POOL_SIZE", default=0)
    databases = {DEFAULT_DB_ALIAS: _database(env.db("DATABASE_URL"), name=name, pool_size=pool_size)}
    urls = env.list("DATABASE_REPLICA_URLS", default=[])
    replicas = {
        f"replica{number}": _replica(env.db_url_config(url), name=name, pool_size=pool_size)
        for number, url in enumerate(urls, start=1)
    }
    return {
        "DATABASES": databases | replicas,
        # Their aliases; who reads from them asks chassis.storage.replicas.
        "DATABASE_REPLICAS": tuple(replicas),
        "DATABASE_REPLICA_MAX_LAG": env.float("DATABASE_REPLICA_MAX_LAG", default=5.0),
        "DATABASE_ROUTERS": ["chassis.storage.replicas.Router"] if replicas else [],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "CACHES": _caches(name=name),
    }


def _caches(*, name: str) -> dict[str, Any]:
    return {"default": _cache(name=name, away_is_a_miss=True)}


def _cache(*, name: str, away_is_a_miss: bool) -> dict[str, Any]:
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": env.str("REDIS_URL"),
        "KEY_PREFIX": name,
        "TIMEOUT": 300,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": away_is_a_miss,
            "REDIS_CLIENT_CLASS": "chassis.storage.redis.GuardedRedis",
            "CONNECTION_POOL_KWARGS": {"retry": RETRY},
            "SOCKET_CONNECT_TIMEOUT": TIMEOUT_SECONDS,
            "SOCKET_TIMEOUT": TIMEOUT_SECONDS,
        },
    }


def _database(database: dict[str, Any], *, name: str, pool_size: int) -> dict[str, Any]:
    database["ENGINE"] = "chassis.storage.engine"
    database["OPTIONS"] = {
        **database.get("OPTIONS", {}),
        "connect_timeout": 3,
        **KEEPALIVES,
        "application_name": name,
        # PostgreSQL plans what it is asked often only once (docs/adr/0024-statements-are-prepared.md).
        "server_side_binding": True,
        "prepare_threshold": 5,
        # Nothing waits for ever on a lock or holds one while idle.
        "options": LIMITS if pool_size else LIMITS_OF_COMMANDS,
    }
    if pool_size:
        database["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": pool_size,
            "max_idle": 300,
            "connection_class": BoundedConnection,
            "timeout": 2,
            # The pool's own back-off grows with the outage; giving up early lets the next request try at once.
            "reconnect_timeout": 1,
        }
    else:
        database["CONN_MAX_AGE"] = None
    return database


def _replica(database: dict[str, Any], *, name: str, pool_size: int) -> dict[str, Any]:
    """As the primary, and given up earlier: the primary answers then."""
    database = _database(database, name=name, pool_size=pool_size)
    database["OPTIONS"] |= {"connect_timeout": 2, "options": LIMITS_OF_REPLICAS}
    if pool_size:
        database["OPTIONS"]["pool"] |= {"timeout": 1, "connection_class": ReplicaConnection}
    # What tests write is in the primary, and comes from there.
    database["TEST"] = {"MIRROR": DEFAULT_DB_ALIAS}
    return database


def _messaging(*, name: str) -> dict[str, Any]:
    return {
        "RABBITMQ_URL": env.str("RABBITMQ_URL"),
        "EVENTS_EXCHANGE": f"{name}_events",
        # Event `a.b` travels on exchange `a_events`, unless a service's settings say otherwise here.
        "EVENT_EXCHANGES": {},
        # Told to whoever wants them; a queue that wants none of them loses none.
        "EVENTS_FOR_ANYBODY": [],
        "QUEUE_NAME": f"{name}_queue",
        "WORKER_CONCURRENCY": env.int("WORKER_CONCURRENCY", default=4),
        "OUTBOX_KEEP_SECONDS": env.int("OUTBOX_KEEP_SECONDS", default=7 * DAY),
        "INBOX_KEEP_SECONDS": env.int("INBOX_KEEP_SECONDS", default=30 * DAY),
        "IDEMPOTENCY_KEEP_SECONDS": env.int("IDEMPOTENCY_KEEP_SECONDS", default=DAY),
    }


def _api(*, name: str, title: str, description: str, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": ["chassis.web.permissions.TokenAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["chassis.web.permissions.IsSignedIn"],
            "DEFAULT_RENDERER_CLASSES": ["chassis.web.rendering.CompactJSON"],
            "DEFAULT_PARSER_CLASSES": ["chassis.web.parsing.StrictJSONParser"],
            "DEFAULT_SCHEMA_CLASS": "chassis.web.openapi.ServiceSchema",
            "EXCEPTION_HANDLER": "chassis.web.exceptions.exception_handler",
            "UNAUTHENTICATED_USER": None,
            "DEFAULT_CONTENT_NEGOTIATION_CLASS": "chassis.web.parsing.AcceptNegotiation",
            "TEST_REQUEST_DEFAULT_FORMAT": "json",
        },
        "SPECTACULAR_SETTINGS": {
            "TITLE": title,
            "DESCRIPTION": f"{description}\n\n{CONVENTIONS}",
            "CONTACT": {"name": "Marquee API support"},
            "LICENSE": {"name": "Proprietary"},
            "TAGS": [{"name": tag, "description": about} for tag, about in tags.items()],
            "VERSION": "1.0.0",
            "OAS_VERSION": "3.1.0",
            "SERVE_INCLUDE_SCHEMA": False,
            "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
            "SERVE_AUTHENTICATION": [],
            "SWAGGER_UI_DIST": "SIDECAR",
            "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
            "SERVERS": [
                {
                    "url": "/api/auth" if name == "auth" else "/api",
                    "description": "Production: the gateway",
                    "x-internal": False,
                }
            ],
            "POSTPROCESSING_HOOKS": [
                "drf_spectacular.hooks.postprocess_schema_enums",
                "chassis.web.openapi.complete_document",
            ],
            "COMPONENT_SPLIT_REQUEST": True,
            "GET_LIB_DOC_EXCLUDES": "chassis.web.openapi.doc_excludes",
        },
    }
