import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from chassis.signing import SigningKeys, thumbprint

NAMED = ("JWT_PRIVATE_KEY", "JWT_PREVIOUS_PUBLIC_KEY")


def private_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_the_key_id_is_the_thumbprint_of_the_standard():
    """RFC 8037, appendix A.3."""
    x = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert thumbprint(Ed25519PublicKey.from_public_bytes(x)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_after_a_rotation_the_previous_key_is_still_published_and_the_new_one_first():
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    keys = SigningKeys.from_pem(private_pem(new), public_pem(old), named=NAMED)
    assert [key["kid"] for key in keys.jwks["keys"]] == [thumbprint(new.public_key()), thumbprint(old.public_key())]
    assert keys.kid == thumbprint(new.public_key())
    assert all("d" not in key for key in keys.jwks["keys"])


def test_a_private_key_is_not_shown_by_accident():
    pem = private_pem(Ed25519PrivateKey.generate())
    assert pem not in repr(SigningKeys.from_pem(pem, named=NAMED))


def test_a_key_of_another_kind_is_refused():
    other = generate_private_key(SECP256R1())
    with pytest.raises(ValueError, match="JWT_PRIVATE_KEY"):
        SigningKeys.from_pem(private_pem(other), named=NAMED)
    with pytest.raises(ValueError, match="JWT_PREVIOUS_PUBLIC_KEY"):
        SigningKeys.from_pem(private_pem(Ed25519PrivateKey.generate()), public_pem(other), named=NAMED)
