"""How a connection to RabbitMQ is secured: by what its address says, for everybody who connects."""

from urllib.parse import urlsplit

from kombu import Connection


def tls(broker_url: str) -> dict[str, str | None] | bool:
    """What amqp, kombu and Celery take as `ssl`: with amqps:// the certificate is verified, and the name in it.

    Whom to trust OpenSSL knows (SSL_CERT_FILE). Without a name to expect, py-amqp would be content with any certificate
    that somebody trusted has signed, another server's too.
    """
    parts = urlsplit(broker_url)
    return {"server_hostname": parts.hostname} if parts.scheme == "amqps" else False


def connection(broker_url: str, *, seconds: float) -> Connection:
    """To be opened by who uses it, within so many seconds a try."""
    return Connection(broker_url, ssl=tls(broker_url), connect_timeout=seconds)
