"""Each person's own language and time."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone, translation

from dr_console.people import services
from dr_console.people.backends import PeopleBackend
from dr_console.people.middleware import PersonalPreferences
from dr_console.people.models import Preferences
from tests import make

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}


def seen_by(rf, person):
    seen = {}

    def view(request):
        seen.update(zone=str(timezone.get_current_timezone()), language=translation.get_language())
        seen.update(theme=request.preferences.theme)
        return HttpResponse()

    request = rf.get("/")
    request.user = person
    with translation.override("en"):
        PersonalPreferences(view)(request)
    return seen


def test_a_stranger_sees_the_console_as_it_is_set_up(rf, settings):
    settings.DR_TIME_ZONE = "Asia/Tokyo"
    assert seen_by(rf, AnonymousUser()) == {"zone": "Asia/Tokyo", "language": "en", "theme": "system"}


@pytest.mark.django_db
def test_what_a_person_chose_holds(rf):
    ada = make.user("ada")
    services.change_preferences(ada, language="zh-hans", time_zone="Asia/Shanghai", theme="dark")
    assert seen_by(rf, ada) == {"zone": "Asia/Shanghai", "language": "zh-hans", "theme": "dark"}


@pytest.mark.django_db
def test_a_time_zone_that_this_machine_has_forgotten_does_no_harm(rf):
    ada = make.user("ada")
    Preferences.objects.create(user=ada, time_zone="Mars/Olympus")
    assert seen_by(rf, ada)["zone"] == "UTC"


@pytest.mark.django_db
def test_the_next_request_does_not_inherit_the_zone(rf):
    ada = make.user("ada")
    services.change_preferences(ada, time_zone="Asia/Shanghai")
    seen_by(rf, ada)
    assert str(timezone.get_current_timezone()) == "UTC"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chosen", "headers", "cookie", "expected"),
    [
        ("", {}, "", "en"),
        ("", CHINESE, "", "zh-hans"),
        ("", CHINESE, "en", "en"),
        ("zh-hans", {}, "en", "zh-hans"),
        ("en", CHINESE, "zh-hans", "en"),
    ],
    ids=["default", "browser", "cookie over browser", "choice over cookie", "choice over all"],
)
def test_whose_language_it_is(client, settings, chosen, headers, cookie, expected):
    ada = make.user("ada")
    services.change_preferences(ada, language=chosen)
    client.force_login(ada)
    if cookie:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    page = client.get(reverse("people:preferences"), headers=headers)
    assert page["Content-Language"] == expected
    assert f'<html lang="{expected}"' in page.content.decode()


@pytest.mark.django_db
def test_it_holds_under_the_asynchronous_server_too():
    ada = make.user("ada")
    services.change_preferences(ada, language="zh-hans", theme="dark")
    client = AsyncClient()

    async def visit():
        await client.aforce_login(ada)
        return await client.get(reverse("people:preferences"))

    page = async_to_sync(visit)()
    assert '<html lang="zh-hans" data-theme="dark">' in page.content.decode()


@pytest.mark.django_db
def test_person_and_preferences_are_one_query(django_assert_num_queries):
    ada = make.user("ada")
    services.change_preferences(ada, theme="dark")
    with django_assert_num_queries(1):
        assert PeopleBackend().get_user(ada.pk).preferences.theme == "dark"


@pytest.mark.django_db
def test_the_deactivated_have_no_session():
    assert PeopleBackend().get_user(make.user("ada", is_active=False).pk) is None
