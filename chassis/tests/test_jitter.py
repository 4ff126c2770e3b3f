from chassis.jitter import jittered


def test_pauses_spread_around_what_was_asked_for_and_stay_in_their_bounds() -> None:
    for by in (0.5, 0.1, 1.0):
        pauses = [jittered(2.0, by=by) for _ in range(2000)]
        assert all(2.0 * (1 - by) <= pause <= 2.0 * (1 + by) for pause in pauses)
        assert min(pauses) < 2.0 * (1 - by / 2), "and they do use them"
        assert max(pauses) > 2.0 * (1 + by / 2)


def test_by_default_a_pause_is_between_half_and_one_and_a_half() -> None:
    assert all(0.5 <= jittered(1.0) <= 1.5 for _ in range(1000))


def test_no_pause_stays_none() -> None:
    assert jittered(0.0) == 0.0
