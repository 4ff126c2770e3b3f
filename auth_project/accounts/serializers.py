"""What requests must look like, and what answers do."""

from collections.abc import Callable
from typing import Any, ClassVar

from rest_framework import serializers

from accounts.domain import normalised_language, normalised_phone, normalised_time_zone, plain_name
from accounts.models import username_validator
from accounts.roles import ROLES
from chassis.theaters import MOST
from chassis.web.parsing import StrictSerializer, StrictUUIDField
from chassis.web.sign_on import LONGEST_ANSWER


class TextField(serializers.CharField):
    """Text is text: a number in its place is refused, not converted."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class AddressField(serializers.EmailField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class UsernameField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=3, max_length=64, validators=[username_validator], **kwargs)


class PasswordField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=128, trim_whitespace=False, write_only=True, style={"input_type": "password"}, **kwargs
        )


class MailedTokenField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=128, help_text="As it was mailed.", **kwargs)


class _NormalisedField(TextField):
    """Text as one of the functions of domain.py has it; what that refuses is refused with a sentence."""

    normalise: ClassVar[Callable[[str], str]]
    refusal: ClassVar[str]

    def to_internal_value(self, data: Any) -> str:
        try:
            return type(self).normalise(super().to_internal_value(data))
        except ValueError:
            raise serializers.ValidationError(self.refusal) from None


class PhoneField(_NormalisedField):
    normalise = normalised_phone
    refusal = "A phone number starts with + and the country code, like +84901234567."

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=32, allow_blank=True, help_text="E.164: + and the country code, like +84901234567", **kwargs
        )


class NameField(_NormalisedField):
    normalise = plain_name
    refusal = "A name is letters, spaces and the like, on one line."

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=150, allow_blank=True, **kwargs)


class LanguageField(_NormalisedField):
    normalise = normalised_language
    refusal = "A language is a tag like vi or en-GB."

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=35, allow_blank=True, help_text="A BCP 47 tag, of the mails they get; empty: not said.", **kwargs
        )


class TimeZoneField(_NormalisedField):
    normalise = normalised_time_zone
    refusal = "A time zone has a name like Asia/Ho_Chi_Minh."

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=64, allow_blank=True, help_text="A name of the IANA's; empty: the theater's.", **kwargs
        )


class RegistrationInput(StrictSerializer):
    username = UsernameField()
    email = AddressField()
    password = PasswordField()
    full_name = NameField(required=False)
    phone = PhoneField(required=False)
    language = LanguageField(required=False)
    time_zone = TimeZoneField(required=False)


class GuestInput(StrictSerializer):
    email = AddressField()
    full_name = NameField(required=False)
    phone = PhoneField(required=False)
    language = LanguageField(required=False)
    time_zone = TimeZoneField(required=False)


class SignInInput(StrictSerializer):
    username = TextField(required=False, max_length=254, help_text="The user name, or the e-mail address.")
    email = TextField(required=False, max_length=254, help_text="In place of the user name.")
    password = PasswordField()
    code = TextField(required=False, max_length=32, help_text="Of the second factor, where the account has one.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("username" in attrs) == ("email" in attrs):
            raise serializers.ValidationError({"username": "Give a user name or an e-mail address, one of them."})
        login = attrs.get("username") or attrs["email"]
        return {"login": login, "password": attrs["password"], "code": attrs.get("code", "")}


class StaffSignInInput(StrictSerializer):
    username = TextField(max_length=254)
    password = PasswordField()
    code = TextField(max_length=32, allow_blank=True)
    key = TextField(max_length=LONGEST_ANSWER, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"login": attrs.pop("username"), **attrs}


class StaffKeyInput(StrictSerializer):
    username = TextField(max_length=254)
    password = PasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"login": attrs["username"], "password": attrs["password"]}


class StaffTokenInput(StrictSerializer):
    token = TextField(max_length=4096)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"text": attrs["token"]}


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(help_text="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")


class RefreshInput(StrictSerializer):
    refresh_token = TextField(max_length=4096)


class SignOutInput(StrictSerializer):
    refresh_token = TextField(max_length=4096, required=False)
    everywhere = serializers.BooleanField(default=False, help_text="End every other session of the account too.")


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField(help_text="When they signed in.")
    refreshed_at = serializers.DateTimeField(help_text="When its tokens were renewed last.")
    expires_at = serializers.DateTimeField(help_text="When it ends, unless it is renewed before.")
    address = serializers.IPAddressField(allow_null=True, help_text="Where they signed in from.")
    user_agent = serializers.CharField(help_text="What their program called itself; its first 200 characters.")
    is_this = serializers.SerializerMethodField(help_text="Whether it is the session that asks.")

    def get_is_this(self, session: Any) -> bool:
        return bool(session.id == self.context["asking"])


class UserSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.EmailField()
    email_verified = serializers.SerializerMethodField()
    full_name = serializers.CharField()
    phone = serializers.CharField()
    language = serializers.CharField()
    time_zone = serializers.CharField()
    roles = serializers.SerializerMethodField()
    guest = serializers.BooleanField(source="is_guest", help_text="Without a password: a reset sets one.")
    created_at = serializers.DateTimeField()

    def get_email_verified(self, user: Any) -> bool:
        return user.email_verified_at is not None

    def get_roles(self, user: Any) -> list[str]:
        return sorted(user.roles)


class ProfileInput(StrictSerializer):
    full_name = NameField(required=False)
    phone = PhoneField(required=False)
    language = LanguageField(required=False)
    time_zone = TimeZoneField(required=False)
    email = AddressField(required=False)
    current_password = PasswordField(required=False, help_text="Needed to change the e-mail address.")


class RightsSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    roles = serializers.SerializerMethodField()
    theaters = serializers.ListField(child=serializers.UUIDField(), help_text="Empty: every theater.")

    def get_roles(self, user: Any) -> list[str]:
        return sorted(user.roles)


class RightsInput(StrictSerializer):
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), required=False, max_length=len(ROLES))
    theaters = serializers.ListField(
        child=StrictUUIDField(), required=False, max_length=MOST, help_text="Ids at the catalog; empty: every theater."
    )
    reason = serializers.CharField(
        max_length=300, required=False, help_text="Why they are changed: a note among staff, kept in the log."
    )


class PasswordChangeInput(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class PasswordResetInput(StrictSerializer):
    email = AddressField()


class PasswordResetConfirmInput(StrictSerializer):
    token = MailedTokenField()
    new_password = PasswordField()
    username = TextField(
        required=False, max_length=64, help_text="Of which account, where an answer was `which_account`."
    )


class EmailVerificationInput(StrictSerializer):
    token = MailedTokenField()


class AcceptedSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
