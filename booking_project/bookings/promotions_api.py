"""The HTTP side of promotions, for staff: parse, call one service or selector, render."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import promo_rules, promo_schema, promotions
from bookings.prices import Off
from bookings.promo_errors import CodeTaken, PromotionNotFound, PromotionStopped, RulesInvalid, TooManyCodes
from bookings.promo_models import PromoCode, Promotion, PromoUse
from bookings.theaters import promotions_at
from chassis.codes import LONGEST, MAX_TYPED, SHORTEST
from chassis.web.openapi import page_of, problems
from chassis.web.pages import CursorPage
from chassis.web.parsing import MomentField, StrictSerializer, StrictUUIDField
from chassis.web.permissions import IsSignedIn, actor, caller
from chassis.web.problems import OtherTheater
from chassis.web.queries import PageQuery, takes
from chassis.web.roles import may
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView, created


class MayPromote(IsSignedIn):
    """By the method, what STAFF_MAY says of promotions; of what hangs on one, `asks` of the view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        permission = view.asks.get(request.method)
        if permission is None:  # which the view has no method for, or nobody may
            return not hasattr(view, str(request.method).lower())
        return may(caller(request).roles, permission)


def _named(child: serializers.Field[Any, Any, Any, Any], said: str) -> serializers.ListField:
    return serializers.ListField(child=child, max_length=promo_rules.MOST_NAMED, required=False, help_text=said)


def _moment(said: str) -> MomentField:
    return MomentField(required=False, allow_null=True, help_text=said)


class PromotionInput(StrictSerializer):
    name = serializers.CharField(max_length=100, help_text="Among staff.")
    label = serializers.CharField(  # type: ignore[assignment]  # the stubs think of DRF's own label, which is None here
        max_length=60, help_text="What customers read on the line of their booking."
    )
    off = serializers.ChoiceField(choices=[off.value for off in Off], help_text="What `value` is.")
    value = serializers.IntegerField(
        min_value=1,
        max_value=promo_rules.MOST[Off.AMOUNT],
        help_text="The percent, the amount in minor units for all of a booking, or how many tickets are free.",
    )
    currency = serializers.CharField(
        required=False, allow_blank=True, max_length=3, help_text="ISO 4217, of an amount; of nothing else."
    )
    ticket_types = _named(serializers.CharField(max_length=32), "Codes of those that it comes off; none: any.")
    theaters = _named(StrictUUIDField(), "Only there; none: everywhere.")
    movies = _named(StrictUUIDField(), "Only these; none: any.")
    weekdays = _named(
        serializers.IntegerField(min_value=promo_rules.MONDAY, max_value=promo_rules.SUNDAY),
        "Of the start by the theater's clock, 1 is Monday; none: any.",
    )
    min_tickets = serializers.IntegerField(
        required=False, min_value=1, max_value=promo_rules.MOST_TICKETS, help_text="That the booking has."
    )
    sold_from = _moment("From when on its codes are taken.")
    sold_until = _moment("Until when its codes are taken.")
    starts_from = _moment("Showtimes that start from then on.")
    starts_until = _moment("Showtimes that start before then.")
    most_per_customer = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=promo_rules.MOST_USES,
        help_text="Bookings of one customer with any of its codes; null: no limit.",
    )


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """What codes take off, and of what."""

    class Meta:
        model = Promotion
        fields: ClassVar = ["id", *PromotionInput._declared_fields, "created_at", "stopped_at"]


class WordInput(StrictSerializer):
    word = serializers.CharField(
        max_length=MAX_TYPED,
        help_text=f"{SHORTEST} to {LONGEST} letters from A to Z and digits; case, spaces and dashes do not count.",
    )
    most_uses = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=promo_rules.MOST_USES,
        help_text="Bookings that have it at a time; null: no limit.",
    )


class VouchersInput(StrictSerializer):
    count = serializers.IntegerField(min_value=1, max_value=promotions.MOST_VOUCHERS)


class VouchersSerializer(serializers.Serializer[Any]):
    codes = serializers.ListField(
        child=serializers.CharField(),
        max_length=promotions.MOST_VOUCHERS,
        help_text="Each good for one booking. Nobody can read them again.",
    )


class PromoCodeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    word = serializers.CharField(allow_blank=True, help_text="Of a campaign; empty of a voucher.")
    last4 = serializers.CharField(help_text="The last signs of it.")
    most_uses = serializers.IntegerField(allow_null=True)
    uses = serializers.IntegerField(
        help_text=f"Bookings that have it now; {promotions.MOST_SHOWN + 1} stands for any number above."
    )
    created_at = serializers.DateTimeField()


class PromoUseSerializer(serializers.Serializer[Any]):
    """A booking that was made with a code."""

    id = serializers.UUIDField(help_text="Of the booking.")
    reference = serializers.CharField()
    status = serializers.CharField(help_text="As in `status` of a booking.")
    user_id = serializers.UUIDField(help_text="Whose it is.")
    code_id = serializers.UUIDField()
    seats = serializers.IntegerField(help_text="That came cheaper.")
    given_back_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the code may be used instead; null: the booking uses it."
    )


class NewestFirst(CursorPage):
    ordering = "-id"


class NewestBookingsFirst(CursorPage):
    ordering = "-booking_id"


class PromotionListView(APIView):
    permission_classes = [MayPromote]
    asks: ClassVar = {"GET": "view_promotion", "POST": "add_promotion"}

    @takes(PageQuery)
    @extend_schema(
        operation_id="list_promotions",
        summary="List promotions",
        description="For staff, the newest first.",
        tags=["promotions"],
        responses=page_of(PromotionSerializer),
    )
    def get(self, request: Request) -> Response:
        pages = NewestFirst()
        page = pages.paginate_queryset(promotions_at(theaters_of(request)), request, view=self)
        return pages.get_paginated_response(PromotionSerializer(page, many=True).data)

    @problems(RulesInvalid, OtherTheater)
    @extend_schema(
        operation_id="add_promotion",
        summary="Add a promotion",
        description="For managers: the rule. Its codes are added afterwards.",
        tags=["promotions"],
        request=PromotionInput,
        responses={201: PromotionSerializer},
        examples=promo_schema.PROMOTION,
    )
    def post(self, request: Request) -> Response:
        promotion = promotions.add_promotion(actor=actor(request), **PromotionInput.parse(request.data))
        return created(request, PromotionSerializer(promotion).data, f"/promotions/{promotion.id}")


class PromotionView(APIView):
    permission_classes = [MayPromote]
    asks: ClassVar = {"GET": "view_promotion", "PATCH": "change_promotion", "DELETE": "change_promotion"}

    @problems(PromotionNotFound)
    @extend_schema(
        operation_id="get_promotion",
        summary="Read a promotion",
        tags=["promotions"],
        responses=PromotionSerializer,
    )
    def get(self, request: Request, promotion_id: UUID) -> Response:
        """The rule; its codes and its uses are lists of their own."""
        return Response(PromotionSerializer(_promotion(request, promotion_id)).data)

    @problems(PromotionNotFound, PromotionStopped, RulesInvalid, OtherTheater)
    @extend_schema(
        operation_id="change_promotion",
        summary="Change a promotion",
        description="Only the members that are given change, for what is booked from now on.",
        tags=["promotions"],
        request=PromotionInput,
        responses=PromotionSerializer,
        examples=promo_schema.PROMOTION_CHANGE,
    )
    def patch(self, request: Request, promotion_id: UUID) -> Response:
        fields = PromotionInput.parse(request.data, partial=True)
        changed = promotions.change_promotion(promotion_id=promotion_id, actor=actor(request), **fields)
        return Response(PromotionSerializer(changed).data)

    @problems(PromotionNotFound)
    @extend_schema(
        operation_id="stop_promotion",
        summary="Stop a promotion",
        description="No code of it is taken any more, for good. Bookings that were made with one stay as they are.",
        tags=["promotions"],
        responses={204: None},
    )
    def delete(self, request: Request, promotion_id: UUID) -> Response:
        promotions.stop_promotion(promotion_id=promotion_id, actor=actor(request))
        return Response(status=204)


class PromoCodeListView(APIView):
    permission_classes = [MayPromote]
    asks: ClassVar = {"GET": "view_promocode", "POST": "add_promocode"}

    @problems(PromotionNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_promo_codes",
        summary="List the codes of a promotion",
        description="The newest first. Of a voucher no more than its end can be read.",
        tags=["promotions"],
        responses=page_of(PromoCodeSerializer),
    )
    def get(self, request: Request, promotion_id: UUID) -> Response:
        pages = NewestFirst()
        page = pages.paginate_queryset(_promotion(request, promotion_id).codes.all(), request, view=self)
        uses = promotions.uses_of(page)
        return pages.get_paginated_response([_present_code(code, uses[code.id]) for code in page])

    @problems(PromotionNotFound, PromotionStopped, RulesInvalid, CodeTaken, TooManyCodes)
    @extend_schema(
        operation_id="add_promo_word",
        summary="Add a word to a promotion",
        description="A code that everybody may know.",
        tags=["promotions"],
        request=WordInput,
        responses={201: PromoCodeSerializer},
        examples=promo_schema.PROMO_WORD,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        wanted = {"most_uses": None, **WordInput.parse(request.data)}
        code = promotions.add_word(promotion_id=promotion_id, actor=actor(request), **wanted)
        return created(request, _present_code(code, 0), request.path)


class VouchersView(APIView):
    permission_classes = [MayPromote]
    asks: ClassVar = {"POST": "add_promocode"}

    @problems(PromotionNotFound, PromotionStopped, TooManyCodes)
    @extend_schema(
        operation_id="make_vouchers",
        summary="Make vouchers",
        description="Codes that are good for one booking each. They are in this answer, and nowhere else ever after.",
        tags=["promotions"],
        request=VouchersInput,
        responses={201: VouchersSerializer},
        examples=promo_schema.VOUCHERS,
    )
    def post(self, request: Request, promotion_id: UUID) -> Response:
        wanted = VouchersInput.parse(request.data)
        codes = promotions.make_vouchers(promotion_id=promotion_id, actor=actor(request), **wanted)
        answer = created(request, {"codes": codes}, f"/promotions/{promotion_id}/codes")
        answer["Cache-Control"] = "no-store"
        return answer


class PromoUseListView(APIView):
    permission_classes = [MayPromote]
    asks: ClassVar = {"GET": "view_promouse"}

    @problems(PromotionNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_promo_uses",
        summary="List who used a promotion",
        description="Bookings that were made with one of its codes, the newest first.",
        tags=["promotions"],
        responses=page_of(PromoUseSerializer),
    )
    def get(self, request: Request, promotion_id: UUID) -> Response:
        pages = NewestBookingsFirst()
        theaters = theaters_of(request)
        used = _promotion(request, promotion_id).used.select_related("booking")
        if theaters is not None:
            used = used.filter(booking__showtime__theater_id__in=theaters)
        page = pages.paginate_queryset(used, request, view=self)
        return pages.get_paginated_response([_present_use(use) for use in page])


def _promotion(request: Request, promotion_id: UUID) -> Promotion:
    """Raises PromotionNotFound."""
    promotion = promotions_at(theaters_of(request)).filter(id=promotion_id).first()
    if promotion is None:
        raise PromotionNotFound
    return promotion


def _present_code(code: PromoCode, uses: int) -> dict[str, Any]:
    return {
        "id": str(code.id),
        "word": code.word,
        "last4": code.last4,
        "most_uses": code.most_uses,
        "uses": uses,
        "created_at": code.created_at.isoformat(),
    }


def _present_use(use: PromoUse) -> dict[str, Any]:
    return {
        "id": str(use.booking_id),
        "reference": use.booking.reference,
        "status": use.booking.status,
        "user_id": str(use.user_id),
        "code_id": str(use.code_id),
        "seats": len(use.seat_ids),
        "given_back_at": use.given_back_at.isoformat() if use.given_back_at else None,
    }
