"""Keys that something is signed with (Ed25519), and their public form for everybody else (RFC 7517, RFC 8037)."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """One key that signs, and the keys that verify, by their ids."""

    kid: str
    private_pem: str = field(repr=False)
    public_pem: str
    verifying: dict[str, Ed25519PublicKey]

    @classmethod
    def from_pem(cls, private_pem: str, previous_public_pem: str = "", *, named: tuple[str, str]) -> "SigningKeys":
        """private_pem: PKCS 8. previous_public_pem: the key before a rotation, for what it signed and still counts.

        named: the variables that the two come from. Raises ValueError for what is not an Ed25519 key.
        """
        private = load_pem_private_key(private_pem.encode(), password=None)
        if not isinstance(private, Ed25519PrivateKey):
            raise ValueError(f"{named[0]} is not an Ed25519 key")  # noqa: TRY004  (a value of the environment)
        public = [private.public_key()]
        if previous_public_pem:
            previous = load_pem_public_key(previous_public_pem.encode())
            if not isinstance(previous, Ed25519PublicKey):
                raise ValueError(f"{named[1]} is not an Ed25519 key")
            public.append(previous)
        return cls(
            kid=thumbprint(public[0]),
            private_pem=private_pem,
            public_pem=public[0].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            verifying={thumbprint(key): key for key in public},
        )

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The key set as `/.well-known/jwks.json` shows it, the signing key first."""
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "x": _x(key), "kid": kid, "use": "sig", "alg": "EdDSA"}
                for kid, key in self.verifying.items()
            ]
        }


def thumbprint(key: Ed25519PublicKey) -> str:
    """The key's id (RFC 7638 with the members of RFC 8037, appendix A.3)."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _x(key)}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _x(key: Ed25519PublicKey) -> str:
    return _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
