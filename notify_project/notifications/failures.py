"""How a message may fail to be handed over."""


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
