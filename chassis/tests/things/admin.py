from django.contrib import admin

from things.models import Thing

admin.site.register(Thing)
