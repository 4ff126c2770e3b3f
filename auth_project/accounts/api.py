"""Views: parse, call one service or selector, render."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import guests, schema, selectors, services, sessions, tokens
from accounts.errors import (
    AccountExists,
    InvalidCredentials,
    InvalidOneTimeToken,
    InvalidRefreshToken,
    SecondFactorNotSetUp,
    SecondFactorRequired,
    SecondFactorThrottled,
    SignInThrottled,
    WeakPassword,
    WhichAccount,
    WrongCode,
    WrongPassword,
)
from accounts.languages import language_of, spoken
from accounts.models import User
from accounts.serializers import (
    AcceptedSerializer,
    EmailVerificationInput,
    GuestInput,
    PasswordChangeInput,
    PasswordResetConfirmInput,
    PasswordResetInput,
    ProfileInput,
    RefreshInput,
    RegistrationInput,
    SignInInput,
    SignOutInput,
    TokenPairSerializer,
    UserSerializer,
)
from chassis.web.gateway import address_of
from chassis.web.jwks import JwksSerializer
from chassis.web.openapi import problems
from chassis.web.permissions import caller
from chassis.web.problems import Unauthenticated
from chassis.web.views import APIView, created

NOTHING = OpenApiResponse(description="Done")


def account_of(request: Request) -> User:
    """The account of whoever is signed in. Raises Unauthenticated when it is not active any more."""
    return selectors.signed_in_user(caller(request).id)


class PublicView(APIView):
    """For everybody; a token that comes along is not looked at."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]


class Register(PublicView):
    @problems(AccountExists, WeakPassword)
    @extend_schema(
        operation_id="register",
        summary="Open an account",
        tags=["accounts"],
        request=RegistrationInput,
        responses={201: UserSerializer},
        auth=[],
        examples=schema.REGISTER,
    )
    def post(self, request: Request) -> Response:
        """Opens a customer's account and mails a token to verify the address.

        A user name is public, and may be taken. An address is not: the answer is the same whether or not somebody has
        an account with it, and the account can be used at once. Whoever reads the address decides: it belongs to the
        account that verifies it, and who has an account with it already is told by mail. Without a `language` it is
        that of `Accept-Language`.
        """
        body = {"language": language_of(request), **RegistrationInput.parse(request.data)}
        with spoken(request):
            user = services.register(**body, address=address_of(request))
        return created(request, UserSerializer(user).data, "/users/me")


class Guests(PublicView):
    @extend_schema(
        operation_id="open_guest",
        summary="Buy as a guest",
        tags=["accounts"],
        request=GuestInput,
        responses={201: TokenPairSerializer},
        auth=[],
        examples=schema.GUEST,
    )
    def post(self, request: Request) -> Response:
        """Tokens to buy with, without an account: tickets go to the address, and a link that proves it.

        Whoever follows it has what was bought: in the account that has the address, or has it later. A guest signs in
        nowhere else; a forgotten password sets one, and makes an account of it.
        """
        body = {"language": language_of(request), **GuestInput.parse(request.data)}
        pair = guests.open_guest(**body, address=address_of(request), user_agent=request.headers.get("User-Agent", ""))
        return tokens_response(pair, status=201)


class Token(PublicView):
    @problems(
        InvalidCredentials,
        SignInThrottled,
        SecondFactorRequired,
        WrongCode,
        SecondFactorThrottled,
        SecondFactorNotSetUp,
    )
    @extend_schema(
        operation_id="sign_in",
        summary="Sign in",
        tags=["sessions"],
        request=SignInInput,
        responses=TokenPairSerializer,
        auth=[],
        examples=schema.SIGN_IN,
    )
    def post(self, request: Request) -> Response:
        """Signs in with a user name or an e-mail address.

        After too many failed attempts at an account, by whichever of its names, the next ones wait: 429 says in
        `Retry-After` how many seconds. Attempts from where the account has signed in before are counted apart.
        Staff who have set up a second factor give a `code` of it, too.
        """
        pair = sessions.sign_in(
            **SignInInput.parse(request.data),
            address=address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        return tokens_response(pair)


class TokenRefresh(PublicView):
    @problems(InvalidRefreshToken)
    @extend_schema(
        operation_id="refresh_token",
        summary="Renew the tokens",
        tags=["sessions"],
        request=RefreshInput,
        responses=TokenPairSerializer,
        auth=[],
        examples=schema.REFRESH,
    )
    def post(self, request: Request) -> Response:
        """A new pair of tokens. A refresh token is good once; for ten seconds it gives the same pair once more.

        So two tabs may renew at once, and an answer that was lost may be asked for again. An older one that comes back
        was stolen, or its successor was: its session ends.
        """
        pair = sessions.refresh(**RefreshInput.parse(request.data), address=address_of(request))
        return tokens_response(pair)


class SignOut(APIView):
    permission_classes = [AllowAny]

    @problems(InvalidRefreshToken)
    @extend_schema(
        operation_id="sign_out",
        summary="Sign out",
        tags=["sessions"],
        request=SignOutInput,
        responses={204: NOTHING},
        examples=schema.SIGN_OUT,
    )
    def post(self, request: Request) -> Response:
        """Ends the session of the access token, or of the refresh token in the body: both are good no more.

        `everywhere` ends all the sessions of the account, for example those of a lost telephone.
        """
        sent = SignOutInput.parse(request.data)
        refresh_token, everywhere, address = sent.get("refresh_token"), sent["everywhere"], address_of(request)
        if request.auth is None and refresh_token is None:
            raise Unauthenticated
        if request.auth is not None and (session_id := tokens.session_of(str(request.auth))):
            sessions.sign_out(session_id=session_id, everywhere=everywhere, address=address)
        if refresh_token is not None:
            sessions.sign_out_by_refresh_token(refresh_token=refresh_token, everywhere=everywhere, address=address)
        return Response(status=204)


class Me(APIView):
    @extend_schema(
        operation_id="get_me",
        summary="Read my account",
        tags=["accounts"],
        responses=UserSerializer,
    )
    def get(self, request: Request) -> Response:
        """Whoever is signed in."""
        return Response(UserSerializer(account_of(request)).data)

    @problems(WrongPassword, SignInThrottled)
    @extend_schema(
        operation_id="change_me",
        summary="Change my account",
        tags=["accounts"],
        request=ProfileInput,
        responses=UserSerializer,
        examples=schema.CHANGE_ME,
    )
    def patch(self, request: Request) -> Response:
        """Changes the name, the phone number, the language, the time zone, or the address, which is verified anew.

        The address that the account had is told. A new one is taken whether or not somebody else has an account with
        it, as at registration.
        """
        changes = ProfileInput.parse(request.data)
        user = services.update_profile(
            user_id=account_of(request).id,
            current_password=changes.pop("current_password", ""),
            changes=changes,
            address=address_of(request),
        )
        return Response(UserSerializer(user).data)


class PasswordChange(APIView):
    @problems(WrongPassword, WeakPassword, SignInThrottled)
    @extend_schema(
        operation_id="change_password",
        summary="Change my password",
        tags=["passwords"],
        request=PasswordChangeInput,
        responses={204: NOTHING},
        examples=schema.CHANGE_PASSWORD,
    )
    def post(self, request: Request) -> Response:
        """Sets a new password. Every session ends, this one too."""
        body = PasswordChangeInput.parse(request.data)
        user_id = account_of(request).id
        with spoken(request):
            services.change_password(user_id=user_id, **body, address=address_of(request))
        return Response(status=204)


class PasswordReset(PublicView):
    @extend_schema(
        operation_id="request_password_reset",
        summary="Forget a password",
        tags=["passwords"],
        request=PasswordResetInput,
        responses={202: AcceptedSerializer},
        auth=[],
        examples=schema.REQUEST_RESET,
    )
    def post(self, request: Request) -> Response:
        """Mails a token to the address if it has an account. The answer is the same if it has none."""
        services.request_password_reset(**PasswordResetInput.parse(request.data), address=address_of(request))
        return accepted("If this address has an account, a message is on its way.")


class PasswordResetConfirm(PublicView):
    @problems(InvalidOneTimeToken, WhichAccount, WeakPassword)
    @extend_schema(
        operation_id="reset_password",
        summary="Set a password by a mailed token",
        tags=["passwords"],
        request=PasswordResetConfirmInput,
        responses={204: NOTHING},
        auth=[],
        examples=schema.RESET,
    )
    def post(self, request: Request) -> Response:
        """Sets a new password by a mailed token, which is good once. Every session ends.

        Nobody may have proved the address yet, and several accounts say that it is theirs: 409 names them, and the same
        token with a `username` sets the password of that one.
        """
        with spoken(request):
            services.reset_password(**PasswordResetConfirmInput.parse(request.data), address=address_of(request))
        return Response(status=204)


class EmailVerification(PublicView):
    @problems(InvalidOneTimeToken)
    @extend_schema(
        operation_id="verify_email",
        summary="Verify an e-mail address",
        tags=["accounts"],
        request=EmailVerificationInput,
        responses=UserSerializer,
        auth=[],
        examples=schema.VERIFY,
    )
    def post(self, request: Request) -> Response:
        """Verifies the address by a mailed token."""
        user = services.verify_email(**EmailVerificationInput.parse(request.data), address=address_of(request))
        return Response(UserSerializer(user).data)


class EmailVerificationAgain(APIView):
    @extend_schema(
        operation_id="request_email_verification",
        summary="Ask for another verification mail",
        tags=["accounts"],
        request=None,
        responses={202: AcceptedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Mails another token to an address that is not verified yet."""
        services.request_email_verification(user_id=account_of(request).id)
        return accepted("If the address is not verified yet, a message is on its way.")


class Jwks(PublicView):
    @extend_schema(
        operation_id="get_jwks",
        summary="Read the public keys",
        tags=["keys"],
        responses=JwksSerializer,
        auth=[],
    )
    def get(self, _: Request) -> Response:
        """The public keys that access tokens are verified with (RFC 7517)."""
        return Response(JwksSerializer(settings.JWKS).data, headers={"Cache-Control": "public, max-age=300"})


def tokens_response(pair: tokens.TokenPair, *, status: int = 200) -> Response:
    return Response(TokenPairSerializer(pair).data, status=status, headers={"Cache-Control": "no-store"})


def accepted(detail: str) -> Response:
    return Response(AcceptedSerializer({"detail": detail}).data, status=202)
