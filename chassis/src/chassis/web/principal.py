"""Who is calling. Beside nothing that reads a token: rules ask whose a thing is, and a worker loads no part of HTTP."""

from dataclasses import dataclass, field
from uuid import UUID

from chassis.theaters import Theaters, works_at
from chassis.web.roles import is_staff, may


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in caller, as the token says. `token` is for calls made in the caller's name.

    by_code: they signed in with a code of their second factor, too.
    theaters: that they are limited to as staff; what is their own as a customer is theirs wherever it is.
    email_verified: the address was proven when the token was made; one of before there was the claim proves nothing.
    """

    id: UUID
    username: str
    roles: frozenset[str]
    jti: str
    expires_at: int
    token: str = field(repr=False)
    email_verified: bool = False
    by_code: bool = False
    theaters: Theaters = None
    is_authenticated: bool = True

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def is_staff(self) -> bool:
        return is_staff(self.roles)

    def may(self, permission: str) -> bool:
        """Whether one of the caller's roles has this permission of the service's own app."""
        return may(self.roles, permission)

    def may_at(self, theater_id: UUID | None, permission: str) -> bool:
        """Whether they have the permission, and a part in what belongs to this theater."""
        return works_at(self.theaters, theater_id) and self.may(permission)
