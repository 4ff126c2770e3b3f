"""Makes a certificate that signs itself for the host of PUBLIC_URL: tls.crt and tls.key in TLS_FOLDER.

What is there stays, unless it was made here and ends within a month. For trying HTTPS out: browsers warn of it.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ISSUER = "Marquee, for trying out"
LIFETIME = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)


def lasts(certificate: Path) -> bool:
    """Whether it may stay: another's certificate is its owner's business."""
    if not certificate.exists():
        return False
    known = x509.load_pem_x509_certificate(certificate.read_bytes())
    ours = any(name.value == ISSUER for name in known.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    return not ours or known.not_valid_after_utc - datetime.now(UTC) > RENEWED_BEFORE


def names(host: str) -> list[x509.GeneralName]:
    """The host, and this machine by its usual names."""
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys((host, "localhost", "127.0.0.1")):
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def make(host: str) -> tuple[bytes, bytes]:
    """Certificate and key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, host[:64]), x509.NameAttribute(NameOID.ORGANIZATION_NAME, ISSUER)]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def main(folder: Path, public_url: str) -> None:
    host = urlsplit(public_url).hostname
    if not host:
        sys.exit(f"PUBLIC_URL names no host: {public_url!r}")
    if lasts(folder / "tls.crt"):
        return
    certificate, key = make(host)
    # The gateway reads it under another account; nobody else mounts this volume.
    (folder / "tls.key").write_bytes(key)
    (folder / "tls.crt").write_bytes(certificate)
    print(f"a certificate for {host} that signs itself, until {datetime.now(UTC) + LIFETIME:%d %B %Y}")


if __name__ == "__main__":
    main(Path(os.environ["TLS_FOLDER"]), os.environ["PUBLIC_URL"])
