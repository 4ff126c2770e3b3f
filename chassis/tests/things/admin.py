from django.contrib import admin

from chassis.admin import StaffAdmin
from things.models import Thing


@admin.register(Thing)
class ThingAdmin(StaffAdmin):
    list_display = ["name"]
    search_fields = ["name"]
