"""Coming and going: allauth's hooks, through its own pages."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from dr_console import settings as real_settings
from dr_console.audit.models import AuditEntry
from dr_console.people import services
from dr_console.people.queries import role_of
from tests import make
from tests.people import identity_provider

pytestmark = pytest.mark.django_db


def log_in(client, login="ada", password="secret", **extra):
    return client.post(reverse("account_login"), {"login": login, "password": password}, **extra)


def actions():
    return list(AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "target"))


def who(client):
    return client.session.get("_auth_user_id")


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


# --- With a password -----------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["ada", "ada@example.com", "ADA"])
def test_people_log_in_with_name_or_address(client, login):
    ada = make.user("ada")
    assert log_in(client, login, REMOTE_ADDR="192.0.2.7").status_code == 302
    assert who(client) == str(ada.pk)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target) == ("person.logged_in", ada, "person ada")
    assert (entry.origin, entry.after) == ("192.0.2.7", {"with": ["password"]})


def test_logging_out_is_recorded(client):
    ada = make.user("ada")
    client.force_login(ada)
    client.post(reverse("account_logout"))
    assert who(client) is None
    assert actions() == [("person.logged_out", "ada", "person ada")]


def test_a_wrong_password_is_recorded_without_it(client):
    make.user("ada")
    log_in(client, password="hunter2")
    assert who(client) is None
    assert actions() == [("person.login_failed", "", "person ada")]
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_whatever_is_typed_as_a_name_is_cut_short(client):
    log_in(client, "my password is\t" + "x" * 500)
    target = AuditEntry.objects.get().target
    assert target.startswith("person my password is x")
    assert len(target) == len("person ") + 40


def test_the_deactivated_are_told_and_recorded(client):
    make.user("ada", is_active=False)
    assert log_in(client).url == reverse("account_inactive")
    assert who(client) is None
    assert actions() == [("person.login_refused", "", "person ada")]


def test_too_many_wrong_passwords_stop_even_the_right_one(client):
    make.user("ada")
    for _attempt in range(5):
        log_in(client, password="wrong")
    assert "Too many failed login attempts" in text(log_in(client))
    assert who(client) is None
    assert actions()[-1] == ("person.login_blocked", "", "person ada")


def test_attempts_are_counted_in_the_database_so_that_login_does_not_need_redis(client, settings):
    settings.CACHES = real_settings.CACHES
    call_command("createcachetable")
    make.user("ada")
    for _attempt in range(5):
        log_in(client, password="wrong")
    assert "Too many failed login attempts" in text(log_in(client))
    assert "redis" not in str(real_settings.CACHES).lower()


def test_attempts_are_counted_for_each_address_behind_the_proxy(client, settings):
    settings.DR_TRUSTED_PROXIES = 1
    for number in range(10):
        log_in(client, f"nobody{number}", headers={"X-Forwarded-For": "203.0.113.9"})
    make.user("ada")
    log_in(client, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    assert who(client) is None
    log_in(client, headers={"X-Forwarded-For": "203.0.113.10"})
    assert who(client) is not None


def test_without_a_proxy_a_made_up_header_buys_no_further_attempts(client):
    for number in range(10):
        log_in(client, f"nobody{number}", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    make.user("ada")
    log_in(client, headers={"X-Forwarded-For": "203.0.113.99"})
    assert who(client) is None


def test_nobody_signs_themselves_up(client):
    form = {"username": "eve", "email": "eve@example.com", "password1": "x9!kdkdkdk", "password2": "x9!kdkdkdk"}
    assert client.post(reverse("account_signup"), form).url == reverse("account_login")
    assert not User.objects.exists()


def test_people_cannot_change_the_address_they_are_known_by(client):
    ada = make.user("ada")
    client.force_login(ada)
    response = client.post(reverse("account_email"), {"action_add": "", "email": "boss@example.com"})
    assert response.url == reverse("people:preferences")
    assert not EmailAddress.objects.exists()


def test_changing_ones_password_is_recorded_without_it(client):
    ada = make.user("ada")
    log_in(client)
    form = {"oldpassword": "secret", "password1": "correct horse battery", "password2": "correct horse battery"}
    client.post(reverse("account_change_password"), form)
    ada.refresh_from_db()
    assert ada.check_password("correct horse battery")
    assert actions()[-1] == ("person.password_changed", "ada", "person ada")
    assert "correct horse" not in str(list(AuditEntry.objects.values()))


def test_setting_a_password_with_a_link_is_recorded(client):
    ada = make.user("ada")
    link = services.reset_login(ada, by=None)
    page = client.get(urlsplit(link).path, follow=True)
    form = {"password1": "correct horse battery", "password2": "correct horse battery"}
    client.post(page.request["PATH_INFO"], form)
    assert actions()[-1] == ("person.password_reset", "ada", "person ada")


# --- With a second factor ------------------------------------------------------------------------------


@pytest.fixture
def with_codes():
    ada = make.user("ada")
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    return RecoveryCodes.activate(ada).get_unused_codes()


def test_a_password_alone_is_not_enough(client, with_codes):
    assert log_in(client).url == reverse("mfa_authenticate")
    assert who(client) is None
    assert actions() == []


def test_wrong_codes_are_recorded_and_counted(client, with_codes):
    log_in(client)
    for _attempt in range(6):
        response = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Too many failed login attempts" in text(response)
    assert set(actions()) == {("person.code_failed", "", "person ada")}


def test_the_right_code_lets_them_in(client, with_codes):
    log_in(client)
    client.post(reverse("mfa_authenticate"), {"code": with_codes[0]})
    assert who(client) is not None
    entry = AuditEntry.objects.get(action="person.logged_in")
    assert entry.after == {"with": ["password", "recovery_codes"]}


# --- Single sign-on ------------------------------------------------------------------------------------


@pytest.fixture
def sign_on(client, settings):
    """Sign in through a provider that says `claims` of whoever comes."""

    def go(**claims):
        with identity_provider.serving(**{"sub": "42", "name": "Ada L"} | claims) as provider:
            settings.SOCIALACCOUNT_PROVIDERS = {
                "openid_connect": {
                    "OAUTH_PKCE_ENABLED": True,
                    "APPS": [
                        {
                            "provider_id": "oidc",
                            "name": "Our provider",
                            "client_id": "console",
                            "secret": "hush",
                            "settings": {"server_url": provider.address},
                        }
                    ],
                }
            }
            there = client.post(reverse("openid_connect_login", args=["oidc"]))
            assert there.url.startswith(f"{provider.address}/authorize")
            state = parse_qs(urlsplit(there.url).query)["state"][0]
            return client.get(reverse("openid_connect_callback", args=["oidc"]), {"code": "1", "state": state})

    return go


@pytest.fixture
def ada():
    return services.add_person("ada", name="Ada", email="ada@example.com", role="commander", by=None)


def test_the_provider_vouches_for_somebody_by_their_verified_address(client, sign_on, ada):
    assert sign_on(email="Ada@Example.com", email_verified=True).url == "/"
    assert who(client) == str(ada.pk)
    assert role_of(ada) == "commander"
    assert SocialAccount.objects.get().user == ada
    assert AuditEntry.objects.get(action="person.logged_in").after == {"with": ["socialaccount"]}


def test_their_own_password_keeps_working(client, sign_on, ada):
    ada.set_password("correct horse battery")
    ada.save()
    sign_on(email="ada@example.com", email_verified=True)
    assert User.objects.get(pk=ada.pk).check_password("correct horse battery")


def test_once_connected_the_address_at_the_provider_may_change(client, sign_on, ada):
    sign_on(email="ada@example.com", email_verified=True)
    client.logout()
    sign_on(email="ada.lovelace@example.com", email_verified=True)
    assert who(client) == str(ada.pk)


@pytest.mark.parametrize("verified", [False, None, "false"])
def test_an_address_that_is_not_verified_proves_nothing(client, sign_on, ada, verified):
    response = sign_on(email="ada@example.com", email_verified=verified)
    assert response.status_code == 403
    assert "does not say that your e-mail address is verified" in text(response)
    assert who(client) is None
    assert actions()[-1] == ("person.login_refused", "", "person ada@example.com")


def test_a_stranger_is_told_whom_to_ask(client, sign_on):
    response = sign_on(email="eve@example.com", email_verified=True)
    assert response.status_code == 403
    assert "Nobody here has the address eve@example.com. Ask an administrator to add you." in text(response)
    assert who(client) is None
    assert not User.objects.exists()


def test_where_the_setting_allows_a_stranger_becomes_a_viewer(client, sign_on, settings):
    settings.DR_OIDC_CREATE_VIEWERS = True
    assert sign_on(email="eve@example.com", email_verified=True, preferred_username="eve").url == "/"
    eve = User.objects.get()
    assert (eve.username, eve.email, role_of(eve)) == ("eve", "eve@example.com", "viewer")
    assert not eve.has_usable_password()
    assert who(client) == str(eve.pk)
    assert AuditEntry.objects.get(action="person.added").after["through"] == "single sign-on"


def test_a_taken_login_does_not_give_away_its_account(client, sign_on, settings):
    settings.DR_OIDC_CREATE_VIEWERS = True
    ada = make.user("ada", role="administrator")
    sign_on(email="eve@example.com", email_verified=True, preferred_username="ada")
    assert who(client) != str(ada.pk)
    assert User.objects.get(email="eve@example.com").username != "ada"


def test_an_address_that_nobody_vouched_for_here_is_not_taken_over(client, sign_on, settings):
    settings.DR_OIDC_CREATE_VIEWERS = True
    make.user("ada")
    response = sign_on(email="ada@example.com", email_verified=True)
    assert response.status_code == 403
    assert "belongs to a login here" in text(response)


def test_the_deactivated_do_not_come_in_by_the_side_door(client, sign_on, ada):
    services.deactivate(ada, by=make.user("root", role="administrator"))
    assert sign_on(email="ada@example.com", email_verified=True).url == reverse("account_inactive")
    assert who(client) is None


def test_a_provider_that_says_no_is_recorded(client, sign_on, settings):
    sign_on(email="nobody@example.com", email_verified=True)
    response = client.get(reverse("openid_connect_callback", args=["oidc"]), {"error": "access_denied"})
    assert response.status_code in (200, 302, 401)
    assert actions()[-1][0] == "person.sign_on_failed"
