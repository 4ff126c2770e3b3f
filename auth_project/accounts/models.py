from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.formats import date_format
from django_otp.models import Device, ThrottlingMixin

from accounts.domain import (
    USERNAME,
    AccessTokenId,
    Deed,
    EndReason,
    OneTimeTokenState,
    Rank,
    SessionState,
    may_act,
    rank_of,
)
from accounts.roles import STAFF_MAY
from chassis.ids import uuid7
from chassis.roles import is_staff, is_superuser, may
from chassis.storage.indexes import by_part_of
from chassis.theaters import MOST as MOST_THEATERS
from chassis.theaters import Theaters

username_validator = RegexValidator(
    rf"\A{USERNAME.pattern}\Z", "3 to 64 letters, digits or _ . + -, beginning with a letter, a digit or _."
)


def rank_by(roles: Iterable[str]) -> Rank:
    held = frozenset(roles)
    return rank_of(is_staff=is_staff(STAFF_MAY, held), assigns_roles=may(STAFF_MAY, held, "assign_roles"))


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in. What they may do follows from their roles alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(max_length=64, validators=[username_validator], help_text=username_validator.message)
    email = models.EmailField(max_length=254)
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    email_changed_at = models.DateTimeField(null=True, editable=False)
    # No foreign key: it stays when that account is gone.
    email_changed_by = models.UUIDField(
        null=True, editable=False, help_text="The member of staff who did, where it was not the owner."
    )
    full_name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=16, blank=True, help_text="E.164, for example +84901234567")
    language = models.CharField(
        max_length=12, blank=True, default="", db_default="", help_text="A tag like vi or en-GB, of the mails they get."
    )
    time_zone = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="A name like Asia/Ho_Chi_Minh."
    )
    is_guest = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Somebody who buys without an account: there is no password, and signing in goes by the mailed link.",
    )
    claimed_by = models.UUIDField(
        null=True, editable=False, help_text="Of a guest: the account that has what they bought."
    )
    is_active = models.BooleanField(
        default=True, help_text="Who is not active can neither sign in nor refresh a token."
    )
    theaters = ArrayField(
        models.UUIDField(),
        size=MOST_THEATERS,
        blank=True,
        default=list,
        db_default=[],
        help_text="Of staff: ids of theaters at the catalog, with commas between them. They see and do what belongs to"
        " these, and nothing of others. Empty: every theater.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    groups = models.ManyToManyField(  # type: ignore[assignment]  # PermissionsMixin's, in a table of our name
        Group,
        db_table="user_roles",
        blank=True,
        verbose_name="roles",
        related_name="user_set",
        related_query_name="user",
    )

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        db_table = "users"
        ordering = ["-id"]
        permissions = [("assign_roles", "Can assign roles")]
        constraints = [
            models.UniqueConstraint(
                Lower("username"), name="users_username", violation_error_message="This user name is taken."
            ),
            # Whoever proves an address has it. Until then anybody may say it is theirs, and nobody learns who else did.
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(email_verified_at__isnull=False),
                name="users_proved_email",
                violation_error_message="This e-mail address has an account.",
            ),
        ]
        indexes = [
            models.Index(
                Lower("email"),
                models.F("id").desc(),
                condition=models.Q(email_verified_at=None),
                name="users_claimed_email",
            ),
            # Those of them that have a password; the index before goes with the version that asks it.
            models.Index(
                Lower("email"),
                models.F("id").desc(),
                condition=models.Q(email_verified_at=None, is_guest=False),
                name="users_claimed_with_password",
            ),
            # The guests of an address, which whoever proves it takes over.
            models.Index(
                Lower("email"),
                models.F("id"),
                condition=models.Q(is_guest=True, is_active=True),
                name="users_guests_of_email",
            ),
            models.Index(fields=["-id"], condition=models.Q(is_active=False), name="users_not_active"),
            # What staff look somebody up by.
            by_part_of("username", name="users_by_part_of_username"),
            by_part_of("email", name="users_by_part_of_email"),
            by_part_of("full_name", name="users_by_part_of_name"),
            by_part_of("phone", name="users_by_part_of_phone"),
        ]

    def __str__(self) -> str:
        return self.username

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(group.name for group in self.groups.all())

    @property
    def is_staff(self) -> bool:
        return self.is_active and is_staff(STAFF_MAY, self.roles)

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]  # follows from the roles, and is no column
        return self.is_active and is_superuser(STAFF_MAY, self.roles)

    @property
    def limited_to(self) -> Theaters:
        """What their tokens say of theaters. Who may do everything has no limit, and who is not of staff needs none."""
        limited = self.is_staff and not self.is_superuser
        return (frozenset(self.theaters) or None) if limited else None

    @property
    def rank(self) -> Rank:
        return rank_by(self.roles)

    def may(self, deed: Deed, subject: "User") -> bool:
        """Whether they may, by their rank, do this to that account."""
        return self.is_active and may_act(deed, actor=self.rank, subject=subject.rank, own=self.pk == subject.pk)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        self.__dict__.pop("roles", None)
        super().refresh_from_db(using, fields, from_queryset)


class FormerAddress(models.Model):
    """An address that an account had: what happens to the account is told there too, for a while."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_addresses")
    email = models.EmailField(max_length=254)
    proved = models.BooleanField(help_text="Whether they had said that it is theirs.")
    left_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "former_addresses"
        verbose_name_plural = "former addresses"
        ordering = ["-id"]
        indexes = [models.Index(fields=["left_at"], name="former_addresses_by_age")]

    def __str__(self) -> str:
        return self.email


class Session(models.Model):
    """One sign-in and the chain of refresh tokens that grew from it; only the newest of them is good."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_jti = models.CharField(max_length=32)
    previous_jti = models.CharField(max_length=32, blank=True, default="", db_default="")
    access_tokens = models.JSONField(help_text="Ids and expiry (Unix time) of its access tokens that may still live.")
    created_at = models.DateTimeField(auto_now_add=True)
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="When its newest refresh token expires.")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, blank=True, choices=[(reason, reason) for reason in EndReason])
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    by_code = models.BooleanField(
        default=False, db_default=False, help_text="Whether they gave a code of their second factor."
    )

    class Meta:
        db_table = "sessions"
        ordering = ["-id"]
        permissions = [("end_session", "Can end sessions")]
        indexes = [
            models.Index(fields=["user", "-id"], condition=models.Q(ended_at=None), name="sessions_open_by_age"),
            models.Index(fields=["expires_at"], name="sessions_expiry"),
            models.Index(fields=["address"], name="sessions_by_address"),
            models.Index(fields=["end_reason", "-id"], condition=~models.Q(end_reason=""), name="sessions_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, since {date_format(self.created_at, 'DATETIME_FORMAT')}"

    @property
    def state(self) -> SessionState:
        return SessionState(
            current_jti=self.refresh_jti,
            expires_at=self.expires_at,
            ended=self.ended_at is not None,
            rotated_at=self.refreshed_at,
            previous_jti=self.previous_jti,
        )

    @property
    def access(self) -> list[AccessTokenId]:
        return [AccessTokenId(jti=jti, expires=expires) for jti, expires in self.access_tokens]

    @access.setter
    def access(self, tokens: list[AccessTokenId]) -> None:
        self.access_tokens = [[token.jti, token.expires] for token in tokens]


class SecurityKey(ThrottlingMixin, Device):  # type: ignore[misc]  # django-otp has no types
    """A security key or a passkey of somebody of staff: it answers in the place of a code. name: as they call it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    objects: ClassVar[models.Manager["SecurityKey"]] = models.Manager()

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=64)
    credential_id = models.BinaryField(unique=True, max_length=1023, help_text="What the authenticator knows it by.")
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(help_text="How often it has signed, if it counts: it only grows.")
    transports = models.JSONField(default=list, help_text="How browsers reach it: usb, nfc, internal.")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "security_keys"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def get_throttle_factor(self) -> int:
        """As of a code: a second after the first that is wrong."""
        return 1


class SecondFactorReset(models.Model):
    """One admin asked that somebody's second factor be taken away, and another one has to agree."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name="whose it is")
    asked_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    asked_at = models.DateTimeField(auto_now_add=True)
    agreed_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "second_factor_resets"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Of {self.user}, asked by {self.asked_by}"


class OneTimeToken(models.Model):
    """What was mailed to prove who reads an address; only its SHA-256 is kept. The newest of a purpose alone is good.

    A row without a user answers a request for an address that nobody has: both cases take the same work, so that the
    time of an answer does not tell who has an account.
    """

    class Purpose(models.TextChoices):
        PASSWORD_RESET = "password_reset"  # noqa: S105  (the name of a purpose)
        EMAIL_VERIFICATION = "email_verification"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="one_time_tokens")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField(max_length=254, help_text="The address it was sent to.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "one_time_tokens"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "purpose"], condition=models.Q(used_at=None), name="one_time_tokens_open"),
            models.Index(fields=["expires_at"], name="one_time_tokens_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, to {self.email}"

    @property
    def state(self) -> OneTimeTokenState:
        return OneTimeTokenState(
            user_id=self.user_id, email=self.email, expires_at=self.expires_at, used=self.used_at is not None
        )


class Revocation(models.Model):
    """Access tokens that no service may accept any more: one by its id, or all of a user from before a moment.

    Services look in Redis. The row is what Redis is filled from again after it was away or came back empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    jti = models.CharField(max_length=32, blank=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    issued_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(help_text="When the last of these tokens expires by itself.")
    published_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "revocations"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="revocations_one_kind",
                condition=models.Q(user=None, issued_before=None) & ~models.Q(jti="")
                | models.Q(user__isnull=False, issued_before__isnull=False, jti=""),
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(published_at=None), name="revocations_untold"),
            models.Index(fields=["expires_at"], name="revocations_expiry"),
        ]

    def __str__(self) -> str:
        return "One token" if self.user is None else f"All tokens of {self.user} until then"
