"""What a payment token does, always the same: a test card per behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the gateway treats an authorisation with a token, and what becomes of it afterwards.

    decline: the code it is declined with; empty approves. answer_after: seconds between acting and answering.
    loses_first_answer: acts, and closes the connection unanswered. unavailable: 503, nothing is ever taken.
    """

    decline: str = ""
    refuses_capture: bool = False
    answer_after: float = 0.0
    loses_first_answer: bool = False
    unavailable: bool = False
    brand: str = "visa"
    last4: str = "4242"


TOKENS = {
    "tok_visa": Behaviour(),
    "tok_card_declined": Behaviour(decline="card_declined", last4="0002"),
    "tok_insufficient_funds": Behaviour(decline="insufficient_funds", last4="9995"),
    "tok_expired_card": Behaviour(decline="expired_card", last4="0069"),
    "tok_slow": Behaviour(answer_after=3.0, last4="3000"),
    "tok_timeout_once": Behaviour(loses_first_answer=True, last4="4080"),
    "tok_capture_fails": Behaviour(refuses_capture=True, last4="0341"),
    "tok_gateway_down": Behaviour(unavailable=True, last4="0503"),
}

UNKNOWN_TOKEN = Behaviour(decline="invalid_token", last4="")


def behaviour(token: str) -> Behaviour:
    """What this token does; one that the gateway never issued is declined as `invalid_token`."""
    return TOKENS.get(token, UNKNOWN_TOKEN)
