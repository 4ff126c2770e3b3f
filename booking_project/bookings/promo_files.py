"""Vouchers out of a file: codes that were printed elsewhere, and are good for one booking each from now on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework import serializers

from bookings import promotions
from chassis import codes
from chassis.storage.audit_log import Actor
from chassis.web.importing import Columns, Fault, Imported, fault, faults_of, read_lines, told
from chassis.web.parsing import StrictSerializer
from chassis.web.tables import Table

MOST_VOUCHERS = promotions.MOST_VOUCHERS
# Of a code that was printed elsewhere: 80 bits, if it is random.
SHORTEST_VOUCHER = 16
NO_VOUCHER = f"From {SHORTEST_VOUCHER} to {codes.LONGEST} letters from A to Z and digits."
VOUCHERS = Columns(names=["code"], required=["code"])


class LineOfVoucher(StrictSerializer):
    code = serializers.CharField(
        max_length=codes.MAX_TYPED,
        help_text=f"At least {SHORTEST_VOUCHER} letters from A to Z and digits that nobody can guess.",
    )


def import_vouchers(*, promotion_id: UUID, table: Table, actor: Actor, dry_run: bool) -> Imported:
    """Adds the codes of a table: all of them or none.

    Raises PromotionNotFound, PromotionStopped, TooManyCodes, CodeTaken, TableUnreadable; ImportRefused, unless it is a
    dry run.
    """
    lines, faults = read_lines(table, VOUCHERS)
    by_digest: dict[bytes, tuple[int, str]] = {}
    for line, values in lines:
        faults += _looked_at(line, values, by_digest)
    taken = promotions.bring_vouchers(
        promotion_id=promotion_id,
        vouchers=[code for _, code in by_digest.values()],
        actor=actor,
        dry_run=dry_run or bool(faults),
    )
    faults += [
        fault(by_digest[digest][0], "code", "promo_code_taken", "There is such a code already.") for digest in taken
    ]
    return told(len(lines), faults, dry_run=dry_run)


def _looked_at(line: int, values: dict[str, Any], by_digest: dict[bytes, tuple[int, str]]) -> Sequence[Fault]:
    """What is wrong with a line by itself, and beside those before it, which it joins if nothing is."""
    try:
        code = LineOfVoucher.parse(values)["code"]
    except serializers.ValidationError as refused:
        return list(faults_of(line, refused))
    digest = _digest_of(code)
    if digest is None:
        return [fault(line, "code", "no_voucher", NO_VOUCHER)]
    if digest in by_digest:
        return [fault(line, "code", "twice", f"Line {by_digest[digest][0]} has this code too.")]
    by_digest[digest] = line, code
    return []


def _digest_of(typed: str) -> bytes | None:
    """None of what is no code, or so short that it could be guessed."""
    word = codes.as_word(typed)
    return codes.digest_of(word) if word is not None and len(word) >= SHORTEST_VOUCHER else None
