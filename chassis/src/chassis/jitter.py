"""Pauses that spread, so that what failed together does not try again together."""

import random


def jittered(seconds: float, *, by: float = 0.5) -> float:
    """A random number of seconds around this one; by: the largest deviation, as a share of it."""
    return seconds * random.uniform(1 - by, 1 + by)  # noqa: S311  (spread, not a secret)
