"""The base of the catalog's views."""

from typing import ClassVar

from catalog.permissions import MayEdit, ReadOnly
from chassis.web.views import APIView


class CatalogView(APIView):
    # The model that the view is about, as permissions name it. No docstring: it would describe every endpoint below.
    thing: ClassVar[str]
    permission_classes = [ReadOnly | MayEdit]
