"""What every connection to PostgreSQL asks of TCP, Django's and the relay's."""

# A host that vanishes without a word is noticed within this (seconds; the last in milliseconds), not after TCP's own
# quarter of an hour.
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
