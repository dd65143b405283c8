"""The preview of a failover, and starting it by typing where to: beside a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now

from dr_console.runs.models import Run, StoredPreview
from incidents.models import Incident, Service
from tests import make
from tests.providers.conftest import in_sandbox  # noqa: F401 (a fixture)
from tests.sandboxed import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]
PLAN = "manual-failover"
TARGET = "us-west-1"


@pytest.fixture
def no_worker() -> Iterator[None]:
    """What is started is looked at, not what workers do then."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:  # noqa: F811
    make.plan()
    in_sandbox.reset(speed=60)
    return in_sandbox


@pytest.fixture
def wei(client, world) -> User:
    someone = make.user("wei", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident(world) -> Incident:
    return make.incident(service=Service.objects.get(key="api"), failure="region_failure")


def preview(client, incident: Incident | None = None) -> Any:
    address = reverse("incidents:failover-preview", args=[PLAN])
    return client.get(address + (f"?incident={incident.reference}" if incident else ""))


def start(client, **fields: Any) -> Any:
    newest = StoredPreview.objects.order_by("-pk").first()
    given = {"preview": newest.code if newest else "", "verb": "force", "reason": "Now", "phrase": TARGET, **fields}
    return client.post(reverse("incidents:failover-start", args=[PLAN]), given)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_preview_shows_what_is_and_what_would_be_and_changes_nothing(client, wei, world, incident):
    page = text(preview(client, incident))
    assert "api.example.com content" in page
    assert "tokyo.origin.example.com" in page
    assert "backup.example.com" in page
    assert "DRY RUN" in page
    assert "Recovery target" in page
    assert f"Type {TARGET} to confirm" in page
    assert incident.reference in page
    assert Run.objects.count() == 0


def test_it_starts_once_the_target_is_typed(client, wei, incident):
    preview(client, incident)
    wrong = start(client, phrase="tokyo", incident=incident.reference)
    assert wrong.status_code == 422
    assert "That is not “us-west-1”." in text(wrong)
    assert Run.objects.count() == 0
    response = start(client, incident=incident.reference)
    assert response.status_code == 302
    assert response.url == incident.get_absolute_url()
    run = Run.objects.get()
    assert (run.by, run.verb, run.reason) == (wei, Run.Verb.FORCE, "Now")
    assert list(run.incidents.all()) == [incident]


def test_pressing_twice_starts_it_once_and_without_a_word_of_another(client, wei, incident):
    preview(client, incident)
    code = StoredPreview.objects.get().code
    answers = [start(client, preview=code, incident=incident.reference) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Run.objects.count() == 1
    assert "No other was started" not in text(client.get(incident.get_absolute_url()))


def test_whoever_comes_second_is_led_to_the_run_that_is_under_way(client, wei, incident):
    preview(client, incident)
    start(client, incident=incident.reference)
    preview(client, incident)
    response = start(client, incident=incident.reference)
    assert response.url == incident.get_absolute_url()
    assert Run.objects.count() == 1
    assert "No other was started" in text(client.get(incident.get_absolute_url()))


def test_what_was_looked_at_too_long_ago_is_looked_at_again(client, wei, incident):
    preview(client, incident)
    response = start(client, preview="00000000", incident=incident.reference)
    assert response.status_code == 409
    assert "older than an hour" in text(response)
    assert Run.objects.count() == 0


def test_a_world_that_has_moved_is_refused_and_shown_as_it_is(client, wei, incident):
    preview(client, incident)
    StoredPreview.objects.update(sum="0" * 64)
    response = start(client, verb="graceful", incident=incident.reference)
    assert response.status_code == 409
    assert Run.objects.count() == 0
    assert 'role="alert"' in text(response)


def test_passing_over_the_checks_takes_a_reason(client, wei, incident):
    preview(client, incident)
    response = start(client, verb="recover", reason=" ", incident=incident.reference)
    assert response.status_code == 422
    assert "Say why the checks are to be passed over." in text(response)


def test_what_stands_in_the_way_is_said_before_anything_is_pressed(client, wei, world, incident):
    world.post("/faults", {"kind": "expired-token", "vendor": "cloudflare", "route": "*"})
    page = text(preview(client, incident))
    assert "Something stands in the way" in page


def test_it_takes_the_permission(client, world, incident):
    client.force_login(make.user("vera", role="viewer"))
    assert preview(client, incident).status_code == 403
    assert start(client).status_code == 403


def test_strangers_are_sent_to_log_in(client, world):
    for response in (preview(client), start(client)):
        assert response.url.startswith(reverse("account_login"))


def test_starting_is_no_reading(client, wei):
    assert client.get(reverse("incidents:failover-start", args=[PLAN])).status_code == 405
    assert client.post(reverse("incidents:failover-preview", args=[PLAN])).status_code == 405


def test_what_does_not_exist_is_not_found(client, wei):
    assert client.get(reverse("incidents:failover-preview", args=["no-such-plan"])).status_code == 404
    over = make.incident(status=Incident.Status.RESOLVED, resolved_at=now())
    assert preview(client, over).status_code == 404
