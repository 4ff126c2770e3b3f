"""Python's garbage collector in processes that load much and then serve for long."""

import gc

# Of 700, Python's own, a worker that handles events spent 2 to 4 % of its processor on looking through them.
THRESHOLD = 10_000


def settle() -> None:
    """To be called when all is loaded: it stays, is looked through no more, and a fork shares its pages."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD)
