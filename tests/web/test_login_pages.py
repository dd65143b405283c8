"""allauth's pages in the console's look, and fit for its Content-Security-Policy: nothing inline."""

from __future__ import annotations

import re

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db


def check(response, status: int = 200) -> str:
    """One heading, the console's own page around it, and nothing that the policy would block."""
    page = response.content.decode()
    assert response.status_code == status
    assert page.count("<h1") == 1
    assert "css/console.css" in page
    assert not re.search(r"\sstyle=|\son\w+=", page)
    for script in re.findall(r"<script\b[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script, script
    assert "default-src 'none'" in response["Content-Security-Policy"]
    return page


@pytest.fixture
def logged_in(client):
    """Somebody who has just typed their password once more, as allauth asks before anything is changed."""
    person = make.user("ada", role="viewer")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": "secret"})
    return person


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_inactive",
        "account_signup",
        "socialaccount_login_cancelled",
    ],
)
def test_a_page_for_strangers(client, name):
    page = check(client.get(reverse(name)))
    assert 'class="entrance"' in page


@pytest.mark.parametrize(
    "name",
    [
        "account_logout",
        "account_change_password",
        "account_reauthenticate",
        "account_email",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "socialaccount_connections",
    ],
)
@pytest.mark.ignore_template_errors  # allauth's page of second factors asks for recovery codes that nobody has
def test_a_page_for_whoever_is_logged_in(client, logged_in, name):
    check(client.get(reverse(name)))


@pytest.mark.parametrize(
    "name",
    [
        "mfa_index",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
        "mfa_reauthenticate",
    ],
)
def test_a_page_for_whoever_has_a_second_factor(client, logged_in, name):
    _second_factors(logged_in)
    check(client.get(reverse(name)))


def test_the_page_that_asks_for_the_second_factor(client):
    _second_factors(make.user("ada"))
    response = client.post("/accounts/login/", {"login": "ada", "password": "secret"}, follow=True)
    assert "mfa/authenticate.html" in [template.name for template in response.templates]
    page = check(response)
    assert "webauthn.js" in page
    assert "passkeys.js" in page


def test_a_new_password_by_link(client):
    person = make.user("ada")
    link = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)},
    )
    page = check(client.get(link, follow=True))
    assert 'name="password1"' in page
    assert "Bad Token" in check(client.get(reverse("account_reset_password_from_key", args=["1", "set-nothing"])))


def test_a_password_for_whoever_has_none(client, logged_in):
    logged_in.set_unusable_password()
    logged_in.save()
    client.force_login(logged_in)
    check(client.get(reverse("account_set_password")))


def test_a_wrong_password_is_said_in_the_summary(client):
    make.user("ada")
    page = check(client.post("/accounts/login/", {"login": "ada", "password": "wrong"}))
    assert 'role="alert"' in page


def test_nobody_is_invited_to_sign_up(client):
    assert "signup" not in client.get("/accounts/login/").content.decode()


def test_single_sign_on_has_its_button_once_it_is_set_up(client, settings):
    assert "Single sign-on" not in client.get("/accounts/login/").content.decode()
    app = {"provider_id": "oidc", "name": "Acme ID", "client_id": "x", "secret": "y", "settings": {"server_url": "z"}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    page = check(client.get("/accounts/login/"))
    assert "Acme ID" in page
    assert 'action="/accounts/oidc/oidc/login/' in page


def test_a_failed_single_sign_on(client, logged_in):
    check(client.get(reverse("socialaccount_login_error")), status=401)


def _second_factors(person) -> None:
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
