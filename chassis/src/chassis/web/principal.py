"""Who is calling. Beside nothing that reads a token: rules ask whose a thing is, and a worker loads no part of HTTP."""

from dataclasses import dataclass, field
from uuid import UUID

from chassis.web.roles import is_staff, may


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in caller, as the token says. `token` is for calls made in the caller's name.

    by_code: they signed in with a code of their second factor, too.
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
