"""Codes that people type: their one form, what is kept of them, and how one is made that nobody guesses. No Django.

A code has one form however it is typed: case, spaces and dashes do not count, and signs that look alike are one sign
(Crockford's base32, https://www.crockford.com/base32.html). Why no more than its digest is kept of one that is worth
money, and why without a key: docs/adr/0086-vouchers-are-kept-as-digests.md.
"""

import hashlib
import re
import secrets

SHORTEST, LONGEST = 4, 40
# What somebody may send: a code with what they put between its signs.
MAX_TYPED = 80
WORD = re.compile(rf"[A-Z0-9]{{{SHORTEST},{LONGEST}}}")
# Spaces, the hyphen of keyboards, and what word processors and mails make of it.
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_ALIKE = str.maketrans("OIL", "011")

_ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SIGN_OF_BYTE = _ALPHABET * (256 // len(_ALPHABET))
# Five bits each: 140 bits that nobody guesses.
SIGNS, GROUP = 28, 4
# So many signs of one are shown afterwards.
SHOWN = 4


def as_word(typed: str) -> str | None:
    """SUMMER25 of " summer-25"; None of what no code can be."""
    word = _BETWEEN.sub("", typed).upper()
    return word if WORD.fullmatch(word) else None


def digest_of(typed: str) -> bytes | None:
    """What a code is found by: SHA-256 of its one form. None of what no code can be."""
    word = as_word(typed)
    return None if word is None else hashlib.sha256(word.translate(_ALIKE).encode()).digest()


def new_code() -> str:
    """A code that nobody has had before, as it is printed: 7K3Q-0M9T-…"""
    signs = secrets.token_bytes(SIGNS).translate(_SIGN_OF_BYTE).decode()
    return "-".join(signs[start : start + GROUP] for start in range(0, SIGNS, GROUP))


def last_of(code: str) -> str:
    """What is shown of a code once it was handed out."""
    return _BETWEEN.sub("", code).upper()[-SHOWN:]
