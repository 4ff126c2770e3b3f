"""Secrets of an instance: generated once, kept in its folder where only its owner can read them."""

import base64
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.services import SERVICES

# PKCS #8 of an Ed25519 key is this prefix and the 32 bytes of its seed (RFC 8410, section 7).
ED25519_PKCS8_PREFIX = bytes.fromhex("302e020100300506032b657004220420")


def password() -> str:
    """24 random bytes without a character that an URL, a shell or a configuration file would mind."""
    return secrets.token_hex(24)


def ed25519_private_key() -> str:
    """A new private key as PEM, its line breaks written as `\\n` so that it fits on one line."""
    body = base64.b64encode(ED25519_PKCS8_PREFIX + secrets.token_bytes(32)).decode()
    return f"-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----"


def wallet_pem() -> str:
    """An RSA key and a certificate that it signed itself, as PEM on one line: no telephone trusts what it signs."""
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=Marquee wallet passes"]
    made = subprocess.run(
        ["openssl", *request, "-keyout", "-", "-out", "-"], check=True, capture_output=True, text=True
    )
    return made.stdout.strip().replace("\n", "\\n")


MAKERS = {
    **{f"{service.name.upper()}_SECRET_KEY": password for service in SERVICES},
    **{f"{service.name.upper()}_DATABASE_PASSWORD": password for service in SERVICES},
    "FRONTEND_SECRET_KEY": password,
    "POSTGRES_PASSWORD": password,
    "AUDIT_DATABASE_PASSWORD": password,
    "REDIS_PASSWORD": password,
    "RABBITMQ_PASSWORD": password,
    "FLOWER_PASSWORD": password,
    "JWT_PRIVATE_KEY": ed25519_private_key,
    "TICKET_SIGNING_KEY": ed25519_private_key,
    "MAILED_SECRET_KEYS": password,
    "PAYMENT_GATEWAY_API_KEY": password,
    "PAYMENT_WEBHOOK_SECRET": password,
    "PAYMENT_SECRET_KEYS": password,
    "SMS_GATEWAY_API_KEY": password,
    "WALLET_PEM": wallet_pem,
}


def parse(text: str) -> dict[str, str]:
    """NAME=value lines as a dictionary."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value for name, value in pairs}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; it is never seen half written."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def load_or_make(path: Path) -> Mapping[str, str]:
    """The secrets in this file, the missing ones made and added."""
    known = parse(path.read_text()) if path.exists() else {}
    missing = [name for name in MAKERS if name not in known]
    if missing:
        known |= {name: MAKERS[name]() for name in missing}
        write_private(path, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known
