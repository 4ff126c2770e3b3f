from chassis.settings import env, page_settings
from chassis.telemetry import tracing

globals().update(page_settings(name="frontend", app="shop", title="Marquee"))

# Where the five services answer inside the network; the shop knows nothing of them but their APIs.
SERVICE_URLS = {name: env.str(f"{name.upper()}_URL") for name in ("auth", "catalog", "booking", "payment", "notify")}
# The payment provider's page on which customers type their card; it sends them back with a token.
CARD_PAGE_URL = env.str("CARD_PAGE_URL")
# Whom a customer writes to.
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="")
# What signs passes for the wallets of telephones; without the keys they are not offered.
APPLE_PASSES = (
    {"pem": pem, "pass_type": env.str("APPLE_PASS_TYPE"), "team": env.str("APPLE_PASS_TEAM")}
    if (pem := env.str("APPLE_PASS_PEM", default="", multiline=True))
    else None
)
GOOGLE_PASSES = (
    {"key": key, "issuer": env.str("GOOGLE_WALLET_ISSUER"), "account": env.str("GOOGLE_WALLET_ACCOUNT")}
    if (key := env.str("GOOGLE_WALLET_KEY", default="", multiline=True))
    else None
)

MIDDLEWARE = [
    *tracing.MIDDLEWARE,
    "chassis.web.parsing.DrainMiddleware",
    "chassis.telemetry.correlation.CorrelationMiddleware",
    "chassis.web.metrics.MetricsMiddleware",
    "shop.middleware.PolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.middleware.SessionsMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "chassis.web.health.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "shop.middleware.PartsMiddleware",
    "shop.middleware.ProblemsInWordsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["shop.templatetags.shop"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "shop.context.every_page",
            ],
        },
    }
]
SESSION_ENGINE = "shop.sessions"
CSRF_FAILURE_VIEW = "shop.errors_pages.csrf_failure"

USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("vi", "Tiếng Việt"), ("de", "Deutsch"), ("ja", "日本語")]
LANGUAGE_COOKIE_NAME = "language"
