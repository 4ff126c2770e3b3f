"""Ticket types and price lists of a theater, for staff: parse, call one service or selector, render."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import price_lists, schema, selectors, ticket_types
from catalog.errors import (
    InvalidFields,
    NameTaken,
    PriceListInUse,
    PriceListNotFound,
    TheaterNotFound,
    TicketTypeInUse,
    TicketTypeNotFound,
)
from catalog.permissions import AtTheirTheater, MayEdit
from catalog.tariff_serializers import (
    PriceListInput,
    PriceListParser,
    PriceListSerializer,
    TicketTypeChange,
    TicketTypeInput,
    TicketTypeSerializer,
)
from chassis.web.openapi import page_of, problems
from chassis.web.pages import CursorPage
from chassis.web.permissions import actor
from chassis.web.problems import OtherTheater
from chassis.web.queries import PageQuery, takes
from chassis.web.views import APIView, created


class TicketTypesOfTheater(APIView):
    thing = "tickettype"
    permission_classes = [MayEdit, AtTheirTheater]

    @problems(OtherTheater, TheaterNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_ticket_types",
        summary="List the ticket types of a theater",
        tags=["ticket types"],
        description="For staff, in the order in which they are shown. Customers read them in the tariff of a showtime.",
        responses=page_of(TicketTypeSerializer),
    )
    def get(self, request: Request, theater_id: UUID) -> Response:
        pages = CursorPage(ordering=("position", "id"))
        rows = pages.paginate_queryset(selectors.list_ticket_types(theater_id=theater_id), request)
        return pages.get_paginated_response(TicketTypeSerializer(rows, many=True).data)

    @problems(OtherTheater, TheaterNotFound, InvalidFields, NameTaken)
    @extend_schema(
        operation_id="add_ticket_type",
        summary="Add a ticket type",
        tags=["ticket types"],
        description="For managers. The first of a theater is its default; a later default takes its place.",
        request=TicketTypeInput,
        responses={201: TicketTypeSerializer},
        examples=schema.TICKET_TYPE,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        body = TicketTypeInput.parse(request.data)
        made = ticket_types.add_ticket_type(theater_id=theater_id, actor=actor(request), **body)
        return created(request, TicketTypeSerializer(made).data, f"/theaters/{theater_id}/ticket-types/{made.id}")


class TicketTypeById(APIView):
    thing = "tickettype"
    permission_classes = [MayEdit, AtTheirTheater]

    @problems(OtherTheater, TicketTypeNotFound)
    @extend_schema(
        operation_id="get_ticket_type",
        summary="Read a ticket type",
        tags=["ticket types"],
        description="For staff.",
        responses=TicketTypeSerializer,
    )
    def get(self, _: Request, theater_id: UUID, ticket_type_id: UUID) -> Response:
        return Response(TicketTypeSerializer(selectors.get_ticket_type(theater_id, ticket_type_id)).data)

    @problems(OtherTheater, TicketTypeNotFound, InvalidFields)
    @extend_schema(
        operation_id="change_ticket_type",
        summary="Change a ticket type",
        tags=["ticket types"],
        description="Its code stays. Showtimes to come are sold so soon after; what is sold stays as it was sold.",
        request=TicketTypeChange,
        responses=TicketTypeSerializer,
        examples=schema.TICKET_TYPE_CHANGE,
    )
    def patch(self, request: Request, theater_id: UUID, ticket_type_id: UUID) -> Response:
        changes = TicketTypeChange.parse(request.data, partial=True)
        changed = ticket_types.change_ticket_type(
            theater_id=theater_id, ticket_type_id=ticket_type_id, actor=actor(request), **changes
        )
        return Response(TicketTypeSerializer(changed).data)

    @problems(OtherTheater, TicketTypeNotFound, TicketTypeInUse)
    @extend_schema(
        operation_id="remove_ticket_type",
        summary="Remove a ticket type",
        tags=["ticket types"],
        responses={204: None},
    )
    def delete(self, request: Request, theater_id: UUID, ticket_type_id: UUID) -> Response:
        """Only one that no price list names, and the default last; else 409."""
        ticket_types.remove_ticket_type(theater_id=theater_id, ticket_type_id=ticket_type_id, actor=actor(request))
        return Response(status=204)


class PriceListsOfTheater(APIView):
    thing = "pricelist"
    permission_classes = [MayEdit, AtTheirTheater]
    parser_classes = [PriceListParser]

    @problems(OtherTheater, TheaterNotFound)
    @takes(PageQuery)
    @extend_schema(
        operation_id="list_price_lists",
        summary="List the price lists of a theater",
        tags=["price lists"],
        description="For staff, by name.",
        responses=page_of(PriceListSerializer),
    )
    def get(self, request: Request, theater_id: UUID) -> Response:
        pages = CursorPage(ordering="name")  # of one theater's lists each has its own
        rows = pages.paginate_queryset(selectors.list_price_lists(theater_id=theater_id), request)
        return pages.get_paginated_response(PriceListSerializer(rows, many=True).data)

    @problems(OtherTheater, TheaterNotFound, InvalidFields, NameTaken)
    @extend_schema(
        operation_id="add_price_list",
        summary="Add a price list",
        tags=["price lists"],
        description="For managers. Showtimes that name it cost what it says of their weekday, hour and format.",
        request=PriceListInput,
        responses={201: PriceListSerializer},
        examples=schema.PRICE_LIST,
    )
    def post(self, request: Request, theater_id: UUID) -> Response:
        body = PriceListInput.parse(request.data)
        made = price_lists.add_price_list(theater_id=theater_id, actor=actor(request), **body)
        return created(request, PriceListSerializer(made).data, f"/theaters/{theater_id}/price-lists/{made.id}")


class PriceListById(APIView):
    thing = "pricelist"
    permission_classes = [MayEdit, AtTheirTheater]
    parser_classes = [PriceListParser]

    @problems(OtherTheater, PriceListNotFound)
    @extend_schema(
        operation_id="get_price_list",
        summary="Read a price list",
        tags=["price lists"],
        description="For staff.",
        responses=PriceListSerializer,
    )
    def get(self, _: Request, theater_id: UUID, price_list_id: UUID) -> Response:
        return Response(PriceListSerializer(selectors.get_price_list(theater_id, price_list_id)).data)

    @problems(OtherTheater, PriceListNotFound, InvalidFields, NameTaken)
    @extend_schema(
        operation_id="change_price_list",
        summary="Change a price list",
        tags=["price lists"],
        request=PriceListInput,
        responses=PriceListSerializer,
        examples=schema.PRICE_LIST_CHANGE,
    )
    def patch(self, request: Request, theater_id: UUID, price_list_id: UUID) -> Response:
        """What is given replaces what was. Showtimes to come cost so soon after; what is sold keeps its price."""
        changes = PriceListInput.parse(request.data, partial=True)
        changed = price_lists.change_price_list(
            theater_id=theater_id, price_list_id=price_list_id, actor=actor(request), **changes
        )
        return Response(PriceListSerializer(changed).data)

    @problems(OtherTheater, PriceListNotFound, PriceListInUse)
    @extend_schema(
        operation_id="remove_price_list",
        summary="Remove a price list",
        tags=["price lists"],
        responses={204: None},
    )
    def delete(self, request: Request, theater_id: UUID, price_list_id: UUID) -> Response:
        """Only a list that never had showtimes; else 409."""
        price_lists.remove_price_list(theater_id=theater_id, price_list_id=price_list_id, actor=actor(request))
        return Response(status=204)
