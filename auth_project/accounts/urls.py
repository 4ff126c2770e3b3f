from django.urls import path

from accounts import api, rights_api, sessions_api, staff_api

urlpatterns = [
    path("register", api.Register.as_view()),
    path("guests", api.Guests.as_view()),
    path("token", api.Token.as_view()),
    path("token/refresh", api.TokenRefresh.as_view()),
    path("logout", api.SignOut.as_view()),
    path("sessions", sessions_api.Sessions.as_view()),
    path("sessions/<uuid:session_id>", sessions_api.OneSession.as_view()),
    path("users/me", api.Me.as_view()),
    path("users/<uuid:user_id>/rights", rights_api.Rights.as_view()),
    path("password/change", api.PasswordChange.as_view()),
    path("password/reset", api.PasswordReset.as_view()),
    path("password/reset/confirm", api.PasswordResetConfirm.as_view()),
    path("email/verify", api.EmailVerification.as_view()),
    path("email/verify/request", api.EmailVerificationAgain.as_view()),
    path("staff/sessions", staff_api.StaffSessions.as_view()),
    path("staff/keys", staff_api.StaffKeys.as_view()),
    path("staff/sessions/renew", staff_api.StaffSessionRenewal.as_view()),
    path("staff/sessions/end", staff_api.StaffSessionEnd.as_view()),
    path(".well-known/jwks.json", api.Jwks.as_view()),
]
