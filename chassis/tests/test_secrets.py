import pytest

from chassis.secrets import InvalidSeal, is_sealed, keys_of, seal, unseal

OLD, NEW = "o" * 32, "n" * 32


def test_what_was_sealed_is_read_again_and_does_not_show_what_it_is():
    sealed = seal("c3Vubnktc2lkZS11cA é", [NEW])
    assert "c3Vubnktc2lkZS11cA" not in sealed
    assert sealed.isascii()
    assert is_sealed(sealed)
    assert not is_sealed("c3Vubnktc2lkZS11cA")
    assert unseal(sealed, [NEW]) == "c3Vubnktc2lkZS11cA é"


def test_a_text_is_sealed_in_another_way_each_time():
    assert seal("the same", [NEW]) != seal("the same", [NEW])


def test_the_first_key_seals_and_every_key_opens():
    before = seal("before the rotation", [OLD])
    after = seal("after it", [NEW, OLD])
    assert unseal(before, [NEW, OLD]) == "before the rotation"
    assert unseal(after, [NEW]) == "after it"
    with pytest.raises(InvalidSeal):
        unseal(after, [OLD])


@pytest.mark.parametrize("text", ["", "plain", "gAAAAA", "ä", seal("x", [OLD])[:-4] + "AAAA"])
def test_what_is_not_sealed_or_was_tampered_with_is_refused(text):
    with pytest.raises(InvalidSeal):
        unseal(text, [OLD])


def test_keys_are_divided_by_commas():
    assert keys_of(f" {NEW} , {OLD},", name="SOME_KEYS") == (NEW, OLD)


@pytest.mark.parametrize("text", ["", " , ", "short", f"{NEW},short"])
def test_a_missing_or_a_short_key_is_refused_with_the_name_of_the_variable(text):
    with pytest.raises(ValueError, match="SOME_KEYS"):
        keys_of(text, name="SOME_KEYS")
