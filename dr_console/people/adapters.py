"""allauth's hooks: who may come in, and the audit log's lines about coming and going."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from dr_console.audit.middleware import client_address
from dr_console.audit.services import record
from dr_console.people import services
from dr_console.people.queries import is_taken

TYPED = 40


def _typed(credentials: dict[str, Any]) -> str:
    """The login that somebody typed, cut short and in one line: it may be anything, even a password."""
    login = credentials.get("username") or credentials.get("email") or ""
    return f"person {' '.join(str(login).split())[:TYPED]}"


def _verified(sociallogin: SocialLogin) -> list[str]:
    """The addresses that the provider has verified. Some say so with a text, and the text "false" is no yes."""
    return [each.email.lower() for each in sociallogin.email_addresses if str(each.verified).lower() == "true"]


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # administrators add people

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the audit log names is also the one whose attempts are counted."""
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record("person.login_blocked", by=None, target=_typed(credentials))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record("person.login_failed", by=None, target=_typed(credentials))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        record("person.login_refused", by=None, target=services.named(user), after={"why": "deactivated"})
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        methods = [each.get("type") or each["method"] for each in get_authentication_records(request, user)]
        record("person.logged_in", by=user, target=services.named(user), after={"with": methods})
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record("person.logged_out", by=request.user, target=services.named(request.user))
        super().logout(request)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """allauth calls this whenever somebody changes how they log in, whether or not mail is on."""
        record(f"person.{template_prefix.rsplit('/', 1)[-1]}", by=user, target=services.named(user))
        super().send_notification_mail(template_prefix, user, context, email)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The person whose address here is one that the identity provider says is verified."""
        emails = _verified(sociallogin)
        found = EmailAddress.objects.filter(email__in=emails, verified=True).select_related("user").first()
        return (found.user, found.email) if found else None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Asked for somebody whom nobody here matches. Every no gets its own sentence."""
        if reason := self._reason_to_refuse(sociallogin):
            email = next((address.email for address in sociallogin.email_addresses), "")
            record("person.login_refused", by=None, target=_typed({"email": email}), after={"why": "single sign-on"})
            context = {"text": reason, "back": reverse("account_login")}
            raise ImmediateHttpResponse(render(request, "people/sign_on_refused.html", context, status=403))
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        person: User = super().save_user(request, sociallogin, form)
        services.admit_viewer(person)
        return person

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        record("person.sign_on_failed", by=None, target=f"provider {provider.id}", after={"error": str(error)})

    def _reason_to_refuse(self, sociallogin: SocialLogin) -> str:
        verified = _verified(sociallogin)
        if not verified:
            return _(
                "The identity provider does not say that your e-mail address is verified, "
                "so the console cannot know who you are."
            )
        if not settings.DR_OIDC_CREATE_VIEWERS:
            return _("Nobody here has the address %(email)s. Ask an administrator to add you.") % {"email": verified[0]}
        if is_taken("email", verified[0]):
            return _("The address %(email)s belongs to a login here that it was not verified for.") % {
                "email": verified[0]
            }
        return ""
