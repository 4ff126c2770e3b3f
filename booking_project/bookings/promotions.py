"""What staff do with promotions: each deed with its record, in a transaction of its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from bookings import promo_rules, words
from bookings.prices import Off
from bookings.promo_errors import CodeTaken, PromotionNotFound, PromotionStopped, RulesInvalid, TooManyCodes
from bookings.promo_models import PromoCode, Promotion, rules_of
from bookings.theaters import promotions_at, refuse_promotion
from chassis import codes
from chassis.storage.audit_log import Actor, changes, columns, record
from chassis.theaters import Theaters

# Vouchers of one batch, and codes of a promotion.
MOST_VOUCHERS = 10_000
MOST_CODES = 100_000
_AT_ONCE = 1000
# Of a promotion, in a record of what staff did.
_IN_WORDS = {"off", "value", "currency"}


def add_promotion(*, actor: Actor, **fields: Any) -> Promotion:
    """fields: of Promotion. It has no code yet. Raises RulesInvalid, OtherTheater."""
    promotion = Promotion(**fields)
    _refuse_what_is_no_rule(promotion)
    refuse_promotion(actor.theaters, promotion.theaters)
    with transaction.atomic():
        promotion.save(force_insert=True)
        record(actor, "promotion.added", ("promotion", promotion.id), after=_state(promotion))
    return promotion


def change_promotion(*, promotion_id: UUID, actor: Actor, **fields: Any) -> Promotion:
    """Holds for what is booked from now on; lines of bookings stay as they were sold.

    Raises PromotionNotFound, PromotionStopped, RulesInvalid, OtherTheater.
    """
    with transaction.atomic():
        promotion = _running(promotion_id, actor.theaters)
        before = _state(promotion)
        for name, value in fields.items():
            setattr(promotion, name, value)
        _refuse_what_is_no_rule(promotion)
        refuse_promotion(actor.theaters, promotion.theaters)
        was, is_now = changes(before, _state(promotion))
        if is_now:
            promotion.save(update_fields=list(fields))
            record(actor, "promotion.changed", ("promotion", promotion.id), before=was, after=is_now)
    return promotion


def stop_promotion(*, promotion_id: UUID, actor: Actor) -> None:
    """No code of it is taken any more, for good; bookings that were made with one stay as they are.

    Raises PromotionNotFound. One that was stopped stays stopped.
    """
    with transaction.atomic():
        promotion = _locked(promotion_id, actor.theaters)
        if promotion.stopped_at is not None:
            return
        promotion.stopped_at = timezone.now()
        promotion.save(update_fields=["stopped_at"])
        about = ("promotion", promotion.id)
        record(actor, "promotion.stopped", about, after={"stopped_at": promotion.stopped_at})


def add_word(*, promotion_id: UUID, word: str, most_uses: int | None, actor: Actor) -> PromoCode:
    """A code that people are told by a poster or a mail. most_uses: bookings that have it; None: no limit.

    Raises PromotionNotFound, PromotionStopped, RulesInvalid, TooManyCodes, CodeTaken.
    """
    spelt, digest = codes.as_word(word), codes.digest_of(word)
    if spelt is None or digest is None:
        signs = f"From {codes.SHORTEST} to {codes.LONGEST} letters from A to Z and digits."
        raise RulesInvalid(errors=[{"pointer": "/word", "detail": signs}])
    with transaction.atomic():
        promotion = _running(promotion_id, actor.theaters)
        _refuse_too_many(promotion, 1)
        code = PromoCode(
            promotion=promotion, digest=digest, word=spelt, last4=codes.last_of(spelt), most_uses=most_uses
        )
        try:
            with transaction.atomic():
                code.save(force_insert=True)
        except IntegrityError:
            raise CodeTaken from None
        record(
            actor,
            "promotion.word_added",
            ("promotion", promotion.id),
            after={"word": spelt, "most uses": most_uses},
        )
    return code


def make_vouchers(*, promotion_id: UUID, count: int, actor: Actor) -> list[str]:
    """So many codes that are good for one booking each. Nobody can read them again: only their digests are kept.

    count: up to MOST_VOUCHERS. Raises PromotionNotFound, PromotionStopped, TooManyCodes.
    """
    vouchers = [codes.new_code() for _ in range(count)]
    with transaction.atomic():
        promotion = _running(promotion_id, actor.theaters)
        _refuse_too_many(promotion, count)
        PromoCode.objects.bulk_create((_voucher(promotion, each) for each in vouchers), batch_size=_AT_ONCE)
        record(actor, "promotion.vouchers_made", ("promotion", promotion.id), after={"vouchers": count})
    return vouchers


def _state(promotion: Promotion) -> dict[str, Any]:
    """What a record tells of it: its columns, and what it takes off as people write it."""
    told = {name: value for name, value in columns(promotion).items() if name not in _IN_WORDS}
    return told | {"takes_off": words.taken_off(Off(promotion.off), promotion.value, promotion.currency)}


def bring_vouchers(
    *, promotion_id: UUID, vouchers: Sequence[str], actor: Actor, dry_run: bool = False
) -> Collection[bytes]:
    """Codes that were printed elsewhere, each good for one booking from now on. The digests of those that there are
    already come back; if there is any, none is added.

    vouchers: up to MOST_VOUCHERS, each once. Raises PromotionNotFound, PromotionStopped, TooManyCodes; CodeTaken of one
    that somebody else adds at this moment.
    """
    with transaction.atomic():
        promotion = _running(promotion_id, actor.theaters)
        _refuse_too_many(promotion, len(vouchers))
        rows = [_voucher(promotion, each) for each in vouchers]
        known = PromoCode.objects.filter(digest__in=[row.digest for row in rows])
        taken = {bytes(digest) for digest in known.values_list("digest", flat=True)}
        if taken or dry_run:
            return taken
        try:
            with transaction.atomic():
                PromoCode.objects.bulk_create(rows, batch_size=_AT_ONCE)
        except IntegrityError:
            raise CodeTaken from None
        record(actor, "promotion.vouchers_brought", ("promotion", promotion.id), after={"vouchers": len(rows)})
    return set()


def _voucher(promotion: Promotion, voucher: str) -> PromoCode:
    digest = codes.digest_of(voucher)
    assert digest is not None
    return PromoCode(promotion=promotion, digest=digest, last4=codes.last_of(voucher), most_uses=1)


def _locked(promotion_id: UUID, theaters: Theaters) -> Promotion:
    """Raises PromotionNotFound."""
    # Whoever uses a code of it reads it and waits for nobody.
    promotion = promotions_at(theaters).select_for_update(no_key=True).filter(id=promotion_id).first()
    if promotion is None:
        raise PromotionNotFound
    return promotion


def _running(promotion_id: UUID, theaters: Theaters) -> Promotion:
    """Raises PromotionNotFound, PromotionStopped."""
    promotion = _locked(promotion_id, theaters)
    if promotion.stopped_at is not None:
        raise PromotionStopped
    return promotion


def _refuse_what_is_no_rule(promotion: Promotion) -> None:
    """Raises RulesInvalid."""
    wrong = list(promo_rules.faults(rules_of(promotion)))
    if wrong:
        raise RulesInvalid(errors=[{"pointer": f"/{name}", "detail": said} for name, said in wrong])


def _refuse_too_many(promotion: Promotion, more: int) -> None:
    """Raises TooManyCodes."""
    if promotion.codes.count() + more > MOST_CODES:
        raise TooManyCodes(f"At most {MOST_CODES:,} codes of one promotion.")


_USED = """
SELECT code.id, (SELECT count(*) FROM (
    SELECT FROM promo_uses WHERE code_id = code.id AND given_back_at IS NULL LIMIT %s) AS used)
FROM unnest(%s::uuid[]) AS code(id)
"""
# So far uses are counted where they are shown; a code without a bound may have any number of them.
MOST_SHOWN = 1000


def uses_of(codes: Sequence[PromoCode]) -> Mapping[UUID, int]:
    """By how many bookings each is used now: MOST_SHOWN + 1 stands for more."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, [MOST_SHOWN + 1, [code.id for code in codes]])
        return dict(cursor.fetchall())
