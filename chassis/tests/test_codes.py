"""Codes that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.codes import LONGEST, SHORTEST, as_word, digest_of, last_of, new_code


@pytest.mark.parametrize("typed", ["QUIET-EVENING", " quiet evening ", "Quiet\u2013Evening", "Q u i e t e v e n i n g"])
def test_however_a_code_is_typed_it_is_that_code(typed: str) -> None:
    assert as_word(typed) == "QUIETEVENING"
    assert digest_of(typed) == digest_of("QU1ETEVEN1NG")  # signs that look alike are one


@pytest.mark.parametrize("typed", ["", "abc", "A" * (LONGEST + 1), "TẾT2027", "SUMMER_25", "SUMMER'--", "\u0660" * 4])
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert as_word(typed) is digest_of(typed) is None


@given(st.text(max_size=100))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    word = as_word(typed)
    assert word is None or (SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isalnum())


def test_codes_that_are_made_differ_in_140_bits_and_are_read_back_as_printed() -> None:
    made = {new_code() for _ in range(1000)}
    assert len(made) == 1000
    for code in made:
        signs = code.replace("-", "")
        assert len(signs) == 28
        assert not set(signs) - set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        assert digest_of(code) == digest_of(signs.lower())
        assert last_of(code) == signs[-4:]
