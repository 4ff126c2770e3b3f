"""How a message may fail to be handed over, and leaving a server alone that is away."""

import time

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0


class DeliveryFailure(Exception):
    """`code` is short and holds nothing of the message or its recipient."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TemporaryFailure(DeliveryFailure):
    """This message may be accepted later."""


class PermanentFailure(DeliveryFailure):
    """This message will never be accepted."""


class Unreachable(TemporaryFailure):
    """The server took nothing, or it is not known whether it did: no use in trying other messages now."""


class Outage:
    """Whether a server is away. After each failure it is left alone for longer, 0.5 s to 10 s; then one message
    tries again. So an outage costs a try now and then, not one for each message that waits.
    """

    def __init__(self) -> None:
        self._pause = 0.0
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def failed(self) -> None:
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        self._until = time.monotonic() + self._pause

    def answered(self) -> None:
        self._pause = self._until = 0.0
