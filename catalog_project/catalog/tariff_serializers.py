"""What the API takes and gives of ticket types, price lists, sellers and taxes."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from catalog import tariffs, validators
from catalog.models import Theater
from catalog.tariff_models import PriceList, TicketType
from chassis.money import LARGEST_PRICE
from chassis.web.parsing import StrictJSONParser, StrictSerializer


class AmountsField(serializers.DictField):
    """Minor units by seat category, by the code of a ticket type."""

    child = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST_PRICE), allow_empty=False
    )


class ChoicesField(serializers.ListField):
    """Of these; none: all."""

    def __init__(self, choices: list[str] | tuple[str, ...]) -> None:
        super().__init__(child=serializers.ChoiceField(choices=choices), required=False, max_length=len(choices))


class ClockField(serializers.RegexField):
    def __init__(self, help_text: str) -> None:
        super().__init__(rf"\A{tariffs.CLOCK.pattern}\Z", required=False, allow_blank=True, help_text=help_text)


class HintsField(serializers.DictField):
    """The hint by language, for who reads another one than the cinema's."""

    child = serializers.CharField(max_length=validators.LONGEST_HINT)


class TicketTypeSerializer(serializers.ModelSerializer[TicketType]):
    hints = HintsField(required=False, validators=[validators.hints])

    class Meta:
        model = TicketType
        fields = ["id", "code", "name", "hint", "hints", "online", "default", "accompanied", "position"]


class TicketTypeInput(StrictSerializer, TicketTypeSerializer):
    class Meta(TicketTypeSerializer.Meta):
        fields = TicketTypeSerializer.Meta.fields[1:]
        extra_kwargs = {"position": {"required": False, "help_text": "The lowest is shown first. Default: the last."}}


class TicketTypeChange(TicketTypeInput):
    class Meta(TicketTypeInput.Meta):
        fields = TicketTypeSerializer.Meta.fields[2:]


class RuleSerializer(StrictSerializer):
    """A change of prices by `amount` or by `percent`, one of the two; where it says nothing it holds for all."""

    name = serializers.CharField(max_length=tariffs.LONGEST_NAME)
    amount = serializers.IntegerField(
        required=False, allow_null=True, min_value=-LARGEST_PRICE, max_value=LARGEST_PRICE, help_text="In minor units."
    )
    percent = serializers.IntegerField(
        required=False, allow_null=True, min_value=tariffs.LOWEST_PERCENT, max_value=tariffs.HIGHEST_PERCENT
    )
    weekdays = ChoicesField(tariffs.WEEKDAYS)
    from_time = ClockField("Starts then or later, by the theater's clock: 22:00.")
    until_time = ClockField("Starts before: 02:00. Earlier than from_time: after midnight, of the day before.")
    holiday = serializers.BooleanField(
        required=False, allow_null=True, help_text="On the theater's holidays alone, or on other days alone."
    )
    formats = ChoicesField(tariffs.FORMATS)
    ticket_types = serializers.ListField(
        child=serializers.CharField(max_length=tariffs.LONGEST_CODE), required=False, max_length=tariffs.MOST_TYPES
    )
    categories = ChoicesField(tariffs.CATEGORIES)


class FeeSerializer(StrictSerializer):
    code = serializers.RegexField(rf"\A{tariffs.CODE.pattern}\Z", max_length=tariffs.LONGEST_CODE)
    name = serializers.CharField(max_length=tariffs.LONGEST_NAME)
    per = serializers.ChoiceField(choices=tariffs.PER)
    amount = serializers.IntegerField(min_value=1, max_value=LARGEST_PRICE, help_text="In minor units.")


class ListedFeeSerializer(FeeSerializer):
    formats = ChoicesField(tariffs.FORMATS)


class EarlySerializer(StrictSerializer):
    """Bought at least so many of the theater's days before that of the start: so many percent off each ticket."""

    days_before = serializers.IntegerField(min_value=1, max_value=tariffs.EARLIEST_DAYS)
    percent = serializers.IntegerField(min_value=1, max_value=100)


class PriceListContent(StrictSerializer):
    name = serializers.CharField(max_length=tariffs.LONGEST_NAME)
    round_to = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=tariffs.COARSEST,
        help_text="Prices are rounded to multiples of so many minor units, half to the even one. Default: 1.",
    )
    prices = AmountsField(allow_empty=False)
    # The stubs do not know that many=True makes a list of them, here and below.
    rules = RuleSerializer(
        many=True,
        required=False,
        max_length=tariffs.MOST_RULES,  # type: ignore[call-arg]  # many=True makes a list of it, which the stubs do not know
    )
    fees = ListedFeeSerializer(
        many=True,
        required=False,
        max_length=tariffs.MOST_FEES,  # type: ignore[call-arg]  # many=True makes a list of it, which the stubs do not know
    )
    early = EarlySerializer(
        many=True,
        required=False,
        max_length=tariffs.MOST_EARLY,  # type: ignore[call-arg]  # many=True makes a list of it, which the stubs do not know
    )


class PriceListSerializer(PriceListContent):
    id = serializers.UUIDField()
    theater_id = serializers.UUIDField()
    currency = serializers.CharField(source="theater.currency")

    def to_representation(self, instance: PriceList) -> dict[str, Any]:
        """Prices in the order of the theater's categories, which the database does not keep."""
        data = super().to_representation(instance)
        data["prices"] = {code: tariffs.in_order(row) for code, row in sorted(data["prices"].items())}
        return data


class PriceListInput(PriceListContent):
    currency = serializers.CharField(max_length=3, validators=[validators.currency], help_text="The theater's.")


class PriceListParser(StrictJSONParser):
    """For the longest list that there may be, each rule with every member it has."""

    max_values = 4000


class SellerSerializer(serializers.Serializer[Theater]):
    name = serializers.CharField()
    address = serializers.CharField()
    tax_number = serializers.CharField()


class SellerInput(StrictSerializer):
    """Who sells the tickets, as receipts say it; null: nobody is named."""

    name = serializers.CharField(source="seller_name", max_length=120, allow_blank=True)
    address = serializers.CharField(source="seller_address", max_length=200, allow_blank=True, required=False)
    tax_number = serializers.CharField(max_length=40, allow_blank=True, required=False)

    def run_validation(self, data: Any = empty) -> Any:
        nobody = {"name": "", "address": "", "tax_number": ""}
        return super().run_validation(nobody if data is None else data)


class TaxSerializer(serializers.Serializer[Theater]):
    """Rates in basis points: 500 is 5 %."""

    included = serializers.BooleanField(help_text="Prices hold it; else it comes on top.")
    ticket = serializers.IntegerField()
    fee = serializers.IntegerField()


class TaxInput(StrictSerializer):
    included = serializers.BooleanField(source="tax_included", required=False)
    ticket = serializers.IntegerField(source="ticket_tax", required=False, min_value=0, max_value=tariffs.WHOLE)
    fee = serializers.IntegerField(source="fee_tax", required=False, min_value=0, max_value=tariffs.WHOLE)


class SoldTypeSerializer(serializers.Serializer[TicketType]):
    code = serializers.CharField()
    name = serializers.CharField()
    hint = serializers.CharField()
    hints = HintsField()
    online = serializers.BooleanField(help_text="Customers buy it; else staff alone sell it.")
    default = serializers.BooleanField(help_text="What is bought where no type is named.")
    accompanied = serializers.BooleanField(help_text="Sold only beside a ticket of a type that is not.")


class TariffSerializer(serializers.Serializer[Any]):
    """What a showtime is sold at; amounts in minor units of its currency. A category that a type has no price in is not
    sold to it."""

    ticket_types = SoldTypeSerializer(many=True)
    prices = AmountsField(allow_empty=False)
    fees = FeeSerializer(many=True)
    early = EarlySerializer(many=True)
    tax = TaxSerializer()
    seller = SellerSerializer(allow_null=True)
