"""The HTTP side of gift cards: what one is good for and, for staff, issuing and blocking them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web import idempotency
from chassis.web.gateway import address_of
from chassis.web.openapi import page_of, problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import May, actor, caller
from chassis.web.queries import PageQuery, takes
from chassis.web.second_factor import SecondFactorNeeded
from chassis.web.theaters import theaters_of
from chassis.web.views import APIView, created
from payments import gift_cards, gift_issues, schema, selectors
from payments.clerks import Clerk
from payments.errors import (
    CodesAreTheirs,
    GiftCardInvalid,
    GiftCardIssueNotFound,
    GiftCardIssueOver,
    GiftCardNotFound,
    GiftCardsTooLarge,
    SecondPersonNeeded,
    TooManyGiftCardCodes,
)
from payments.gift_card_guesses import guessing
from payments.gift_ledger import Origin
from payments.gift_models import GiftCardIssue
from payments.gift_serializers import (
    GiftCardBalanceSerializer,
    GiftCardCodesSerializer,
    GiftCardFilter,
    GiftCardIssueRequest,
    GiftCardIssueSerializer,
    GiftCardLineSerializer,
    GiftCardSerializer,
    ReasonRequest,
    present_balance,
    present_card,
    present_issue,
    present_line,
)
from payments.serializers import GiftCardCodeRequest, RefusalRequest

TAGS = ["gift cards"]


class BalanceView(APIView):
    @problems(GiftCardInvalid, TooManyGiftCardCodes)
    @extend_schema(
        operation_id="look_up_gift_card",
        summary="What a gift card is good for",
        tags=TAGS,
        request=GiftCardCodeRequest,
        responses=GiftCardBalanceSerializer,
        examples=schema.GIFT_CARD,
    )
    def post(self, request: Request) -> Response:
        """Of a code, which is in the body, for addresses are written down in many places."""
        code = GiftCardCodeRequest.parse(request.data)["code"]
        with guessing(code, user_id=caller(request).id, address=address_of(request)):
            card = gift_cards.look_up(code)
        return Response(present_balance(card), headers={"Cache-Control": "no-store"})


class IssueListView(APIView):
    permission_classes = [May("add_giftcardissue")]

    def get_permissions(self) -> Any:
        return [May("view_giftcardissue")()] if self.request.method in SAFE_METHODS else super().get_permissions()

    @takes(PageQuery)
    @extend_schema(
        operation_id="list_gift_card_issues",
        summary="List issues of gift cards",
        tags=TAGS,
        description="For staff, the newest first.",
        responses=page_of(GiftCardIssueSerializer),
    )
    def get(self, request: Request) -> Response:
        pages = CursorPage()
        page = pages.paginate_queryset(GiftCardIssue.objects.all(), request, view=self)
        return pages.get_paginated_response([present_issue(issue) for issue in page])

    @problems(SecondFactorNeeded, GiftCardsTooLarge)
    @extend_schema(
        operation_id="issue_gift_cards",
        summary="Issue gift cards",
        tags=TAGS,
        request=GiftCardIssueRequest,
        responses={201: GiftCardIssueSerializer},
        parameters=[schema.IDEMPOTENCY_KEY],
        examples=schema.ISSUE_GIFT_CARDS,
    )
    def post(self, request: Request) -> Response:
        """Asks for gift cards. What is more than one person may issue within a day waits for a second one's approval.

        Their codes come with `POST /gift-cards/issues/{id}/codes`, to whoever asked, once.
        """
        idempotency.key_from(request, required=True)
        wanted = GiftCardIssueRequest.parse(request.data)
        asked = gift_issues.Wanted(
            origin=Origin(wanted["origin"]),
            amount=wanted["amount"]["amount"],
            currency=wanted["amount"]["currency"],
            count=wanted.get("count", 1),
            expires_at=wanted.get("expires_at"),
            reason=wanted["reason"],
        )

        def issue(issue_id: UUID) -> dict[str, Any]:
            return present_issue(gift_issues.request_issue(wanted=asked, clerk=_clerk(request), issue_id=issue_id))

        return idempotency.once(request, issue, status=201)


class IssueView(APIView):
    permission_classes = [May("view_giftcardissue")]

    @problems(GiftCardIssueNotFound)
    @extend_schema(
        operation_id="get_gift_card_issue",
        summary="Read an issue of gift cards",
        tags=TAGS,
        responses=GiftCardIssueSerializer,
    )
    def get(self, _: Request, issue_id: UUID) -> Response:
        """Its cards are in the list of gift cards."""
        return Response(present_issue(selectors.gift_card_issue(issue_id)))


class IssueApprovalView(APIView):
    permission_classes = [May("add_giftcardissue")]

    @problems(SecondFactorNeeded, GiftCardIssueNotFound, GiftCardIssueOver, SecondPersonNeeded)
    @extend_schema(
        operation_id="approve_gift_card_issue",
        summary="Approve an issue of gift cards",
        tags=TAGS,
        request=None,
        responses=GiftCardIssueSerializer,
    )
    def post(self, request: Request, issue_id: UUID) -> Response:
        """Of somebody else, who may make the cards then."""
        return Response(present_issue(gift_issues.approve_issue(issue_id=issue_id, clerk=_clerk(request))))


class IssueRefusalView(APIView):
    permission_classes = [May("add_giftcardissue")]

    @problems(GiftCardIssueNotFound, GiftCardIssueOver)
    @extend_schema(
        operation_id="refuse_gift_card_issue",
        summary="Refuse an issue of gift cards",
        tags=TAGS,
        request=RefusalRequest,
        responses=GiftCardIssueSerializer,
        examples=schema.REFUSE,
    )
    def post(self, request: Request, issue_id: UUID) -> Response:
        """Ends one that waits for an approval; who asked for it may take it back in the same way."""
        note = RefusalRequest.parse(request.data)["note"]
        return Response(present_issue(gift_issues.refuse_issue(issue_id=issue_id, clerk=_clerk(request), note=note)))


class CodesView(APIView):
    permission_classes = [May("add_giftcardissue")]

    @problems(SecondFactorNeeded, GiftCardIssueNotFound, GiftCardIssueOver, CodesAreTheirs)
    @extend_schema(
        operation_id="make_gift_cards",
        summary="Make the gift cards of an issue",
        tags=TAGS,
        request=None,
        responses={201: GiftCardCodesSerializer},
    )
    def post(self, request: Request, issue_id: UUID) -> Response:
        """Their codes, to whoever asked for the cards. They are in this answer, and nowhere else ever after."""
        made = gift_issues.make_cards(issue_id=issue_id, clerk=_clerk(request))
        answer = created(request, {"codes": made}, f"/gift-cards/issues/{issue_id}")
        answer["Cache-Control"] = "no-store"
        return answer


class GiftCardListView(APIView):
    permission_classes = [May("view_giftcard")]

    @takes(GiftCardFilter)
    @extend_schema(
        operation_id="list_gift_cards",
        summary="List gift cards",
        tags=TAGS,
        description="For staff, the newest first. Of a code no more than its end can be read.",
        responses=page_of(GiftCardSerializer),
    )
    def get(self, request: Request) -> Response:
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.gift_cards(**self.query), request, view=self)
        return pages.get_paginated_response([present_card(card) for card in page])


class GiftCardView(APIView):
    permission_classes = [May("view_giftcard")]

    @problems(GiftCardNotFound)
    @extend_schema(operation_id="get_gift_card", summary="Read a gift card", tags=TAGS, responses=GiftCardSerializer)
    def get(self, _: Request, card_id: UUID) -> Response:
        """What it is good for; what became of it is a list of its own."""
        return Response(present_card(selectors.gift_card(card_id)))


class LineListView(APIView):
    permission_classes = [May("view_giftcardline")]

    @problems(GiftCardNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_gift_card_lines",
        summary="List the ledger of a gift card",
        tags=TAGS,
        description="The newest first.",
        responses=page_of(GiftCardLineSerializer),
    )
    def get(self, request: Request, card_id: UUID) -> Response:
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.lines_of(card_id, theaters=theaters_of(request)), request, view=self)
        return pages.get_paginated_response([present_line(line) for line in page])


class BlockView(APIView):
    permission_classes = [May("block_giftcard")]

    @problems(GiftCardNotFound)
    @extend_schema(
        operation_id="block_gift_card",
        summary="Block a gift card",
        tags=TAGS,
        request=ReasonRequest,
        responses=GiftCardSerializer,
        examples=schema.BLOCK_GIFT_CARD,
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """It pays nothing from now on. What it paid stays paid, and what goes back of that goes to it."""
        reason = ReasonRequest.parse(request.data)["reason"]
        return Response(present_card(gift_cards.block(card_id=card_id, reason=reason, actor=actor(request))))


class UnblockView(APIView):
    permission_classes = [May("block_giftcard")]

    @problems(GiftCardNotFound)
    @extend_schema(
        operation_id="unblock_gift_card",
        summary="Open a gift card again",
        tags=TAGS,
        request=ReasonRequest,
        responses=GiftCardSerializer,
        examples=schema.BLOCK_GIFT_CARD,
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """It pays again."""
        reason = ReasonRequest.parse(request.data)["reason"]
        return Response(present_card(gift_cards.unblock(card_id=card_id, reason=reason, actor=actor(request))))


def _clerk(request: Request) -> Clerk:
    return Clerk(actor(request))
