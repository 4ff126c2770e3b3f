from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from chassis.secrets import keys_of
from chassis.settings import env, service_settings
from chassis.signing import SigningKeys

globals().update(
    service_settings(
        name="auth",
        app="accounts",
        title="Marquee Auth",
        description="Accounts and sessions: who somebody is, and the tokens that say so to every service.",
        tags={
            "accounts": "Open an account, verify its address, change it.",
            "sessions": "Sign in for an access and a refresh token, renew them, sign out.",
            "passwords": "Change a password, or set a new one by a mailed token.",
            "keys": "What access tokens are verified with.",
        },
    )
)

# Of two commands with one name Django takes that of the first app: createsuperuser is ours.
# What django-otp registers as admin pages shows keys: accounts takes it away again, and so comes after it.
INSTALLED_APPS = [
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "accounts",
    *(app for app in globals()["INSTALLED_APPS"] if app != "accounts"),
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.RightsOfRoles"]
STAFF_SIGN_ON = "accounts.sign_on.Here"
# The first page of the desk is above the site's own, and its forms are those of both.
CSRF_COOKIE_PATH = "/admin/"
SILENCED_SYSTEM_CHECKS = [
    *globals()["SILENCED_SYSTEM_CHECKS"],
    "auth.W004",  # user names are unique by an index on their lower case
]

PASSWORD_HASHERS = ["accounts.hashers.BCryptSHA256"]
BCRYPT_ROUNDS = env.int("BCRYPT_ROUNDS", default=12)
if BCRYPT_ROUNDS < 12 and not globals()["DEBUG"]:
    raise ImproperlyConfigured("BCRYPT_ROUNDS must be 12 or more")
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "full_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# What signs tokens, and what verified them before the last rotation of the key.
TOKEN_KEYS = SigningKeys.from_pem(
    env.str("JWT_PRIVATE_KEY", multiline=True),
    env.str("JWT_PREVIOUS_PUBLIC_KEY", default="", multiline=True),
    named=("JWT_PRIVATE_KEY", "JWT_PREVIOUS_PUBLIC_KEY"),
)
JWKS = TOKEN_KEYS.jwks
ACCESS_TOKEN_SECONDS = env.int("ACCESS_TOKEN_SECONDS", default=900)
REFRESH_TOKEN_SECONDS = env.int("REFRESH_TOKEN_SECONDS", default=24 * 3600)
SIMPLE_JWT = {
    "ALGORITHM": "EdDSA",
    "SIGNING_KEY": TOKEN_KEYS.private_pem,
    "VERIFYING_KEY": TOKEN_KEYS.public_pem,
    "ISSUER": env.str("JWT_ISSUER", default="marquee"),
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_TOKEN_SECONDS),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=REFRESH_TOKEN_SECONDS),
    "USER_ID_CLAIM": "user_id",
}

# Mailed secrets travel to notify sealed with the first of these, and notify has them too.
MAILED_SECRET_KEYS = keys_of(env.str("MAILED_SECRET_KEYS"), name="MAILED_SECRET_KEYS")
PASSWORD_RESET_SECONDS = env.int("PASSWORD_RESET_SECONDS", default=3600)
EMAIL_VERIFICATION_SECONDS = env.int("EMAIL_VERIFICATION_SECONDS", default=3 * 24 * 3600)

# So many attempts at an account are free; then the next waits, each twice as long as the one before, but never long:
# somebody else may be guessing. All is forgotten when nothing was tried for SIGN_IN_ATTEMPTS_SECONDS.
SIGN_IN_ATTEMPTS = env.int("SIGN_IN_ATTEMPTS", default=10)
SIGN_IN_FIRST_WAIT_SECONDS = env.int("SIGN_IN_FIRST_WAIT_SECONDS", default=30)
SIGN_IN_LONGEST_WAIT_SECONDS = env.int("SIGN_IN_LONGEST_WAIT_SECONDS", default=300)
SIGN_IN_ATTEMPTS_SECONDS = env.int("SIGN_IN_ATTEMPTS_SECONDS", default=900)
MAIL_REQUESTS = env.int("MAIL_REQUESTS", default=5)
MAIL_REQUESTS_SECONDS = env.int("MAIL_REQUESTS_SECONDS", default=3600)

# Who has one of these roles enters the desk, and signs in by the API, with a second factor alone.
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=[])
OTP_TOTP_ISSUER = "Marquee"
