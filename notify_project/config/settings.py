from chassis.secrets import keys_of
from chassis.settings import env, service_settings
from notifications.smtp import SmtpServer, mail_address

globals().update(
    service_settings(
        name="notify",
        app="notifications",
        title="Marquee Notify",
        description="Messages: what was sent to whom, and messages that staff send.",
        tags={"notifications": "E-mails and text messages."},
    )
)

QUEUE_NAME = "notification_queue"
EVENT_EXCHANGES = {
    "user": "auth_events",
    "password": "auth_events",
    "email": "auth_events",
    "guest": "auth_events",
    "ticket": "booking_events",
}

SMTP_SERVER = SmtpServer.from_url(env.str("SMTP_URL"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL")
# Where answers go, and questions: each mail says so in its foot. "": nobody reads any, and no mail says so.
SUPPORT_EMAIL = mail_address(env.str("SUPPORT_EMAIL", default=""), name="SUPPORT_EMAIL")
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL")
SMS_GATEWAY_API_KEY = env.str("SMS_GATEWAY_API_KEY")

# What auth sealed the links of mails with.
MAILED_SECRET_KEYS = keys_of(env.str("MAILED_SECRET_KEYS"), name="MAILED_SECRET_KEYS")

# One attempt to hand a message over never takes longer; a worker that died holding one delays it by this and a bit.
DELIVERY_SECONDS = env.int("DELIVERY_SECONDS", default=15)
# Of what anybody can cause by signing up, booking or asking for a link: how many an address gets in an hour that no
# account has proved to be its own, and how many one that its account has. Tickets and what is about money do not count.
MAILS_TO_STRANGERS_PER_HOUR = env.int("MAILS_TO_STRANGERS_PER_HOUR", default=5)
MAILS_TO_OWN_ADDRESS_PER_HOUR = env.int("MAILS_TO_OWN_ADDRESS_PER_HOUR", default=20)
NOTIFICATION_KEEP_DAYS = env.int("NOTIFICATION_KEEP_DAYS", default=400)
