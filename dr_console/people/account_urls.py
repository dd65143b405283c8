"""allauth's pages, less those that are for consoles where people sign themselves up."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    # allauth's templates link to these names: both lead to where the matter is settled here.
    path("signup/", login_not_required(RedirectView.as_view(pattern_name="account_login")), name="account_signup"),
    path("email/", RedirectView.as_view(pattern_name="people:preferences"), name="account_email"),
    path("", include("allauth.urls")),
]
