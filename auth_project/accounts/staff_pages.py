"""What the pages of auth's own admin site share."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def staff_of(request: HttpRequest) -> User:
    """Who of staff is at the page. Raises PermissionDenied."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
