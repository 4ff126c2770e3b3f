"""Money: an integer of minor units with its ISO 4217 currency, and how people write it.

The currencies are the active ones of ISO 4217, table A.1, amendment 177.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS: dict[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}


# What one thing may cost that is not free, in minor units of any currency, and what one payment may come to: some ten
# of the dearest. The largest is what card gateways take at once, and far below 2**53, up to which every reader of JSON
# is exact.
SMALLEST_PRICE = 1
LARGEST_PRICE = 10**11
LARGEST_PAYMENT = 10**12


def is_price(amount: int) -> bool:
    """Whether one thing may cost that, in minor units: nothing, or from the smallest price to the largest."""
    return amount == 0 or SMALLEST_PRICE <= amount <= LARGEST_PRICE


def allot(amount: int, among: Sequence[int]) -> list[int]:
    """An amount in the proportion of others, to the last unit, and to none more than itself.

    What is left by rounding down goes to the largest remainders, the first of equal ones.
    """
    whole = sum(among)
    amount = min(amount, whole)
    if amount <= 0:
        return [0] * len(among)
    shares = [divmod(amount * each, whole) for each in among]
    parts = [share for share, _ in shares]
    by_remainder = sorted(range(len(among)), key=lambda index: -shares[index][1])
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Money:
    """As events and answers tell it. amount: minor units, 25000 VND or 1250 EUR (which is 12.50)."""

    amount: int
    currency: str


def to_major(money: Money) -> Decimal:
    """As people write it: 1250 EUR is 12.50. Raises KeyError for an unknown currency."""
    return Decimal(money.amount).scaleb(-DECIMALS[money.currency])


def to_minor(value: Decimal, currency: str) -> int:
    """The reverse. Raises ValueError for more decimals than the currency has, KeyError for an unknown currency."""
    amount = value.scaleb(DECIMALS[currency])
    if amount != amount.to_integral_value():
        raise ValueError(f"{currency} has {DECIMALS[currency]} decimals.")
    return int(amount)


def format_money(money: Money) -> str:
    """For staff, in major units: 1,250.00 EUR. Raises KeyError for an unknown currency."""
    return f"{to_major(money):,} {money.currency}"
