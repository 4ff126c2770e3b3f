"""Secrets that lie in tables, events and dead letters: sealed, for whoever reads those is not meant to use them."""

import base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Keys are random, as `openssl rand -hex 32` makes them: this tells one from a word that somebody made up.
SHORTEST_KEY = 32
# Names what the keys are stretched for: of one text in two uses there are two keys.
PURPOSE = b"chassis.secrets"
# Fernet's version, and the first bytes of its time until the year 2106.
BEGINNING = "gAAAAA"


class InvalidSeal(ValueError):
    """Sealed with none of these keys, or not sealed at all."""


def keys_of(text: str, *, name: str) -> tuple[str, ...]:
    """The keys in a variable of the environment, divided by commas. Raises ValueError, with the variable's name.

    The first seals, each opens: a new key is put in front, and the old one taken out when what it sealed is gone.
    """
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise ValueError(f"{name} must be random keys of at least {SHORTEST_KEY} characters, divided by commas")
    return keys


def seal(text: str, keys: Sequence[str]) -> str:
    """The text, readable with one of these keys alone: ASCII that fits into an URL, a JSON member or a column."""
    return _seals(tuple(keys)).encrypt(text.encode()).decode()


def unseal(sealed: str, keys: Sequence[str]) -> str:
    """What was sealed with any of these keys. Raises InvalidSeal."""
    try:
        return _seals(tuple(keys)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise InvalidSeal("sealed with another key, or not sealed") from None


def is_sealed(text: str) -> bool:
    """Whether it looks like what seal() makes: for readers of what was written before there was a seal."""
    return text.startswith(BEGINNING)


@lru_cache(maxsize=16)
def _seals(keys: tuple[str, ...]) -> MultiFernet:
    """Fernet (https://github.com/fernet/spec): AES-128-CBC and HMAC-SHA256, under keys stretched from ours."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_stretched(key))) for key in keys])


def _stretched(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
