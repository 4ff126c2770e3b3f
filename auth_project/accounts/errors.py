from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from chassis.web.problems import BadRequest, Conflict, PermissionDenied, TooManyRequests, Unauthenticated


class AccountExists(Conflict):
    code = "account_exists"
    title = "There is an account with this name or address"

    def __init__(self, fields: Iterable[str]) -> None:
        # An address is refused to operators and staff alone: whoever may ask must not learn who has an account.
        said = {"username": "This user name is taken.", "email": "This e-mail address has an account."}
        super().__init__(errors=[{"pointer": f"/{field}", "detail": said[field]} for field in fields])


class WeakPassword(BadRequest):
    code = "weak_password"
    title = "This password is too easy to guess"

    def __init__(self, reasons: Sequence[str], *, pointer: str) -> None:
        super().__init__(errors=[{"pointer": pointer, "detail": reason} for reason in reasons])


class WrongPassword(BadRequest):
    code = "wrong_password"
    title = "The current password is not right"

    def __init__(self) -> None:
        super().__init__(errors=[{"pointer": "/current_password", "detail": "This is not the current password."}])


class InvalidCredentials(Unauthenticated):
    code = "invalid_credentials"
    title = "No active account has this name and password"


class InvalidRefreshToken(Unauthenticated):
    code = "invalid_refresh_token"
    title = "The refresh token is not valid; sign in again"


class InvalidOneTimeToken(BadRequest):
    code = "invalid_token"
    title = "The token is wrong, was used or has expired"


class WhichAccount(Conflict):
    """Several accounts say that an address is theirs, and nobody has proved it; whoever reads its mail decides."""

    code = "which_account"
    title = "Several accounts have this address: say by its user name which one is yours"
    members: ClassVar[dict[str, Any]] = {
        "usernames": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Theirs, the oldest account first.",
            "examples": [["ada", "ada.lovelace"]],
        }
    }

    def __init__(self, usernames: Sequence[str]) -> None:
        super().__init__(usernames=list(usernames))


class SignInThrottled(TooManyRequests):
    code = "sign_in_throttled"
    title = "Too many failed attempts to sign in"

    def __init__(self, *, seconds: int) -> None:
        """seconds: until the next attempt is taken."""
        wait = f"{seconds} seconds" if seconds > 1 else "a second"
        super().__init__(
            f"Too many failed attempts to sign in to this account. Try again in {wait}, or set a new password by mail.",
            retry_after=seconds,
        )


class SecondFactorRequired(Unauthenticated):
    code = "second_factor_required"
    title = "This account has a second factor: give a code of it too"


class WrongCode(Unauthenticated):
    code = "wrong_code"
    title = "The code is wrong, was used or is too old"


class SecondFactorThrottled(TooManyRequests):
    code = "second_factor_throttled"
    title = "Too many wrong codes"

    def __init__(self, *, seconds: int) -> None:
        """seconds: until the next code is looked at."""
        super().__init__(f"Too many wrong codes. Try again in {seconds} s.", retry_after=seconds)


class WrongKey(Unauthenticated):
    code = "wrong_key"
    title = "The security key did not answer as it should: try again, or give a code"


class NoSecurityKey(Conflict):
    code = "no_security_key"
    title = "This account has no security key: give a code, if it has a second factor"


class KeyNotAdded(Conflict):
    code = "key_not_added"
    title = "The key was not added: it took too long, or it was added before"


class TooManyKeys(Conflict):
    code = "too_many_keys"
    title = "So many keys are enough: take one away first"


class KeysUnavailable(Conflict):
    """No 503: the sites take that for an auth that is away, and nobody would sign in by a code either."""

    code = "security_keys_unavailable"
    title = "Security keys cannot be asked at the moment: give a code"


class SecondFactorNotSetUp(PermissionDenied):
    code = "second_factor_not_set_up"
    title = "A role of this account needs a second factor: sign in to the admin site and set one up"


class NotYoursToAgree(PermissionDenied):
    code = "not_yours_to_agree"
    title = "Another admin has to agree: not who asked, not whose second factor it is, and no account of yesterday"


class CodeNeeded(PermissionDenied):
    code = "second_factor_needed"
    title = "Sign in with a code of your own second factor to decide on another's"


class NothingToReset(Conflict):
    code = "nothing_to_reset"
    title = "Nobody asked for this within the last day, or it is done"


class NotStaff(PermissionDenied):
    code = "not_staff"
    title = "This account is none of staff"


class RightsNotToBeGiven(BadRequest):
    """errors: which of them, and why."""

    code = "rights_not_to_be_given"
    title = "This account does not get these rights from you"


class AboveYourRank(PermissionDenied):
    code = "above_your_rank"
    title = "You may not do this to this account"
