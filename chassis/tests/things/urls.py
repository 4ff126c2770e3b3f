from django.urls import path

from things import api

urlpatterns = [
    path("things", api.Things.as_view()),
    path("things/<uuid:thing_id>", api.OneThing.as_view()),
    path("managers", api.ForManagers.as_view()),
    path("public", api.Public.as_view()),
    path("queries", api.Queries.as_view()),
    path("announcements", api.Announcements.as_view()),
    path("echo", api.Echo.as_view()),
    path("slow/<str:name>", api.Slow.as_view()),
    path("raises/<str:what>", api.Raises.as_view()),
    path("plain/<str:what>", api.plain),
]
