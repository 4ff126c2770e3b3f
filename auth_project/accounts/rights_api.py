"""Roles and theaters of an account, for whoever assigns them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rights, schema, selectors
from accounts.api import account_of
from accounts.errors import AboveYourRank, RightsNotToBeGiven
from accounts.serializers import RightsInput, RightsSerializer
from chassis.web.openapi import problems
from chassis.web.permissions import May
from chassis.web.problems import NotFound
from chassis.web.views import APIView


class Rights(APIView):
    permission_classes = [May("assign_roles")]

    @problems(NotFound)
    @extend_schema(
        operation_id="get_rights",
        summary="Read the roles and theaters of an account",
        tags=["accounts"],
        responses=RightsSerializer,
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        """What somebody may do, and where. Without theaters there is no limit."""
        return Response(RightsSerializer(selectors.account(user_id)).data)

    @problems(NotFound, AboveYourRank, RightsNotToBeGiven)
    @extend_schema(
        operation_id="change_rights",
        summary="Change the roles and theaters of an account",
        tags=["accounts"],
        request=RightsInput,
        responses=RightsSerializer,
        examples=schema.CHANGE_RIGHTS,
    )
    def patch(self, request: Request, user_id: UUID) -> Response:
        """Gives these roles, and limits somebody of staff to these theaters; what is left out stays as it is.

        Tokens given with others are good no more, at once. Nobody changes their own rights, and nobody gives more
        theaters than they have. An account that is not active keeps no role of staff.
        """
        user = rights.change_rights(user_id=user_id, staff=account_of(request), **RightsInput.parse(request.data))
        return Response(RightsSerializer(user).data)
