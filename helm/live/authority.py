"""An authority of a test's own, and what servers show of it."""

import datetime
import socket
import ssl
import struct
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Whose answer is whether it speaks TLS: PostgreSQL's SSLRequest.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
DAYS = 30


class Authority:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("the suite's authority")
        signed = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.KeyUsage(
            **dict.fromkeys(("digital_signature", "key_cert_sign", "crl_sign"), True),
            **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False),
            **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        signed = signed.add_extension(usage, critical=True).add_extension(identifier, critical=False)
        self.certificate = _pem(signed.sign(self._key, hashes.SHA256()))

    def issue(self, names: Sequence[str]) -> dict[str, str]:
        """A new key and its certificate of these DNS names, as a Secret of type kubernetes.io/tls has them."""
        key = ec.generate_private_key(ec.SECP256R1())
        whose = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = (
            _builder(_named(names[0]), self._name, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(whose, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return {"tls.crt": _pem(signed), "tls.key": _private(key)}

    def secret(self) -> dict[str, str]:
        """Its own key and certificate, for an issuer that is to sign with it."""
        return {"tls.crt": self.certificate, "tls.key": _private(self._key)}

    def serial_shown(self, port: int, name: str, *, postgres: bool = False) -> str:
        """Serial of the certificate that the server behind a local port shows. Raises OSError when it is not of this
        authority and this name, ConnectionError when nobody answers at all."""
        context = ssl.create_default_context(cadata=self.certificate)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            if postgres:
                plain.sendall(SSL_REQUEST)
                if not (answer := plain.recv(1)):
                    raise ConnectionResetError(f"the way to {name} has ended")
                assert answer == b"S", f"{name} speaks no TLS"
            with context.wrap_socket(plain, server_hostname=name) as secured:
                return str((secured.getpeercert() or {})["serialNumber"])


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()
