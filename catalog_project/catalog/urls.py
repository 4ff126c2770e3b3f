from django.urls import path, re_path

from catalog import api, files_api, film_api, plan_api, tariffs_api

urlpatterns = [
    path("movies", film_api.Movies.as_view()),
    path("movies:import", files_api.ImportedMovies.as_view()),
    path("movies:export", files_api.ExportedMovies.as_view()),
    path("movies/<uuid:movie_id>", film_api.MovieById.as_view()),
    path("movies/by-slug/<slug:slug>", film_api.MovieBySlug.as_view()),
    path("movies/<uuid:movie_id>/texts", film_api.TextsOfMovie.as_view()),
    path("movies/<uuid:movie_id>/texts/<str:tag>", film_api.TextOfMovie.as_view()),
    path("movies/<uuid:movie_id>/poster", film_api.PosterOfMovie.as_view()),
    re_path(r"^media/posters/(?P<digest>[0-9a-f]{64})-(?P<width>\d{1,4})\.webp$", film_api.PosterPictures.as_view()),
    path("theaters", api.Theaters.as_view()),
    path("theaters/<uuid:theater_id>", api.TheaterById.as_view()),
    path("theaters/<uuid:theater_id>/screens", api.ScreensOfTheater.as_view()),
    path("theaters/<uuid:theater_id>/ticket-types", tariffs_api.TicketTypesOfTheater.as_view()),
    path("theaters/<uuid:theater_id>/ticket-types/<uuid:ticket_type_id>", tariffs_api.TicketTypeById.as_view()),
    path("theaters/<uuid:theater_id>/price-lists", tariffs_api.PriceListsOfTheater.as_view()),
    path("theaters/<uuid:theater_id>/price-lists/<uuid:price_list_id>", tariffs_api.PriceListById.as_view()),
    path("theaters/<uuid:theater_id>/price-lists:import", files_api.ImportedPriceLists.as_view()),
    path("theaters/<uuid:theater_id>/price-lists:export", files_api.ExportedPriceLists.as_view()),
    path("theaters/<uuid:theater_id>/plan:copy", plan_api.CopiedPlan.as_view()),
    path("theaters/<uuid:theater_id>/showtimes:import", files_api.ImportedShowtimes.as_view()),
    path("theaters/<uuid:theater_id>/showtimes:export", files_api.ExportedShowtimes.as_view()),
    path("screens/<uuid:screen_id>", api.ScreenById.as_view()),
    path("showtimes", api.Showtimes.as_view()),
    path("showtimes:batch", plan_api.BatchOfShowtimes.as_view()),
    path("showtimes:publish", plan_api.PublishedShowtimes.as_view()),
    path("showtimes:remove", plan_api.RemovedDrafts.as_view()),
    path("showtimes/<uuid:showtime_id>", api.ShowtimeById.as_view()),
]
