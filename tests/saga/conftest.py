import os
from collections.abc import Iterator

import pytest
from shuffled_post import ShuffledPost

from stack import control, lifecycle
from stack.instance import MAIN, Instance
from stack.lifecycle import Stack

RELAYS = ("booking-relay", "payment-relay")


@pytest.fixture
def stack() -> Stack:
    state = os.environ.get("MARQUEE_STATE")
    return lifecycle.load(Instance.at(state) if state else Instance.named(MAIN))


@pytest.fixture
def post(stack: Stack, whole_again: None) -> Iterator[ShuffledPost]:
    """In the place of the relays of booking and payment."""
    for relay in RELAYS:
        control.stop(relay)
    post = ShuffledPost(stack)
    yield post
    post.close()
