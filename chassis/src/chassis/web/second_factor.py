"""Money leaves the house by the hands of somebody who gave a code of their second factor, not by a password alone."""

from django.conf import settings

from chassis.storage.audit_log import Actor, Door
from chassis.web.problems import PermissionDenied


class SecondFactorNeeded(PermissionDenied):
    code = "second_factor_needed"
    title = "Sign in with a code of your second factor to give money back"


def require(actor: Actor) -> None:
    """Raises SecondFactorNeeded, where REFUNDS_NEED_SECOND_FACTOR. Who runs a command has the machine already."""
    if settings.REFUNDS_NEED_SECOND_FACTOR and not actor.by_code and actor.door != Door.COMMAND:
        raise SecondFactorNeeded
