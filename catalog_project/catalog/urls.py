from django.urls import path, re_path

from catalog import api, film_api

urlpatterns = [
    path("movies", film_api.Movies.as_view()),
    path("movies/<uuid:movie_id>", film_api.MovieById.as_view()),
    path("movies/by-slug/<slug:slug>", film_api.MovieBySlug.as_view()),
    path("movies/<uuid:movie_id>/texts", film_api.TextsOfMovie.as_view()),
    path("movies/<uuid:movie_id>/texts/<str:tag>", film_api.TextOfMovie.as_view()),
    path("movies/<uuid:movie_id>/poster", film_api.PosterOfMovie.as_view()),
    re_path(r"^media/posters/(?P<digest>[0-9a-f]{64})-(?P<width>\d{1,4})\.webp$", film_api.PosterPictures.as_view()),
    path("theaters", api.Theaters.as_view()),
    path("theaters/<uuid:theater_id>", api.TheaterById.as_view()),
    path("theaters/<uuid:theater_id>/screens", api.ScreensOfTheater.as_view()),
    path("screens/<uuid:screen_id>", api.ScreenById.as_view()),
    path("showtimes", api.Showtimes.as_view()),
    path("showtimes/<uuid:showtime_id>", api.ShowtimeById.as_view()),
]
