"""The page of the sandbox, beside the real one and beside none."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dr_console.audit.models import AuditEntry
from dr_console.roles import ROLES
from dr_console.sandbox_page.urls import ADDRESSES
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ARGUMENTS = {
    "answer": [1],
    "start-scenario": ["region-outage"],
    "heal-scenario": ["region-outage"],
    "heal-fault": ["fault-1"],
}
READ = ["page", "world", "details", "outbox"]
CHANGE = [name for name in ADDRESSES if name not in READ]
TOKYO = {"region-outage-region": "asia-northeast-1", "region-outage-how": "timeout"}


def url(name: str) -> str:
    return reverse(f"sandbox:{name}", args=ARGUMENTS.get(name, []))


def text(response: Any) -> str:
    return unescape(response.content.decode())


# --- Who may -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ADDRESSES)
def test_there_is_nothing_in_live_mode(client, commander, settings, name):
    settings.DR_MODE = "live"
    assert client.get(url(name)).status_code == 404
    assert client.post(url(name)).status_code == 404
    assert 'data-key="s"' not in text(client.get(reverse("home")))


@pytest.mark.parametrize("role", ROLES)
def test_everybody_sees_it_and_some_may_break_things(client, world, role):
    client.force_login(make.user("ada", role=role))
    page = text(client.get(url("page")))
    assert "The world now" in page
    assert 'data-key="s"' in page
    assert ('id="scenario-' in page) == (role in ("commander", "administrator"))


@pytest.mark.parametrize("name", CHANGE)
@pytest.mark.parametrize("role", ["viewer", "manager", "responder"])
def test_others_may_change_nothing(client, role, name):
    client.force_login(make.user("ada", role=role))
    response = client.post(url(name))
    assert response.status_code == 403
    assert "Commander" in text(response)


@pytest.mark.parametrize("name", ADDRESSES)
def test_strangers_are_sent_to_log_in(client, name):
    assert client.get(url(name)).url.startswith(reverse("account_login"))
    assert client.post(url(name)).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", CHANGE)
def test_nothing_is_changed_by_following_a_link(client, commander, name):
    assert client.get(url(name)).status_code == 405


# --- Seeing --------------------------------------------------------------------------------------------


def test_the_page_shows_who_answers(client, commander, world):
    page = text(client.get(url("page")))
    for words in ("Tokyo · Vercel", "api.example.com", "→ Tokyo", "Region outage", "gemini-db", "cloudflare"):
        assert words in page


@pytest.mark.parametrize(
    ("name", "id"), [("world", "sandbox-world"), ("details", "sandbox-details"), ("outbox", "sandbox-outbox")]
)
def test_each_panel_comes_alone(client, commander, world, name, id):
    page = text(client.get(url(name), headers=HTMX))
    assert "<html" not in page
    assert f'id="{id}"' in page
    assert f'hx-get="{url(name)}' in page


def test_every_form_works_without_javascript(commander, world):
    world.post("/scenarios", {"name": "region-outage"})
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(commander)
    page = text(careful.get(url("page")))
    forms = re.findall(r"<form\b.*?</form>", page.partition("<main")[2].partition("</main>")[0], re.DOTALL)
    assert len(forms) > 12
    for form in forms:
        assert 'name="csrfmiddlewaretoken"' in form, form
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    assert careful.post(url("heal"), {"csrfmiddlewaretoken": token[1]}).status_code == 302


def test_the_page_takes_few_queries(client, commander, world, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        client.get(url("page"))


def test_texts_of_scenarios_come_in_the_language_of_the_page(client, commander, world):
    assert "区域故障" in text(client.get(url("page"), headers={"Accept-Language": "zh-CN"}))


@pytest.mark.parametrize("limit", ["0", "-1", "x", "99999999", "٣"])
def test_an_odd_number_of_messages_is_no_trouble(client, commander, world, limit):
    assert client.get(url("outbox"), {"limit": limit}).status_code == 200


def test_messages_are_the_newest_and_more_can_be_had(client, commander, world):
    for number in range(13):
        page_somebody(world, f"alarm-{number:02}")
    page = text(client.get(url("page")))
    assert page.index("alarm-12") < page.index("alarm-03")
    assert "alarm-02" not in page
    assert "Show more" in page
    assert "alarm-00" in text(client.get(url("outbox"), {"limit": 50}))


# --- Breaking and healing --------------------------------------------------------------------------------


def test_tokyo_is_broken_and_healed(client, commander, world):
    answer = client.post(url("start-scenario"), TOKYO, headers=HTMX)
    assert answer.status_code == 200
    assert answer.templates[0].name == "sandbox/_sandbox.html"
    for words in ("Broken: Region outage.", "does not answer", "Broken now · 1"):
        assert words in text(answer)
    entry = AuditEntry.objects.get(action="sandbox.scenario_started")
    assert (entry.actor, entry.target) == (commander, "scenario region-outage")
    assert entry.after == {"region": "asia-northeast-1", "how": "timeout"}

    answer = client.post(url("heal-scenario"), headers=HTMX)
    assert "Broken now" not in text(answer)
    assert AuditEntry.objects.filter(action="sandbox.scenario_healed").count() == 1


def test_without_javascript_the_page_comes_back_with_what_was_done(client, commander, world):
    answer = client.post(url("start-scenario"), TOKYO)
    assert answer.url == url("page")
    assert "Broken: Region outage." in text(client.get(url("page")))


def test_an_unknown_scenario_is_refused(client, commander, world):
    answer = client.post(reverse("sandbox:start-scenario", args=["no-such"]))
    assert answer.status_code == 409
    assert "There is no scenario “no-such”." in text(answer)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_wrong_parameter_is_said_beside_its_field(client, commander, world, headers):
    answer = client.post(url("start-scenario"), TOKYO | {"region-outage-region": "atlantis"}, headers=headers)
    assert answer.status_code == 422
    assert "Select a valid choice. atlantis" in text(answer)
    assert answer["HX-Reswap"] == "outerHTML show:#scenario-region-outage:top"
    assert world.get("/faults") == {"faults": []}


def test_a_fault_by_rule(client, commander, world):
    rule = {"kind": "throttled", "vendor": "cloudflare", "route": "PATCH *", "percent": "50", "times": "2"}
    answer = client.post(url("add-fault"), rule, headers=HTMX)
    assert "The fault is at work." in text(answer)
    (fault,) = world.get("/faults")["faults"]
    expected = {"kind": "throttled", "vendor": "cloudflare", "route": "PATCH *", "probability": 0.5, "times": 2}
    assert fault.items() >= expected.items()
    assert AuditEntry.objects.get(action="sandbox.fault_added").after == expected

    answer = client.post(reverse("sandbox:heal-fault", args=[fault["id"]]), headers=HTMX)
    assert "Healed." in text(answer)
    assert world.get("/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("rule", "field", "said"),
    [
        ({"kind": "latency"}, "seconds", "a fault of kind latency needs seconds"),
        ({"kind": "region-lost", "route": "x"}, "route", "takes no route"),
        ({"kind": "error", "status": "200"}, "status", "is no error"),
        ({"kind": "error", "percent": "101"}, "percent", "less than or equal to 100"),
        ({"kind": "earthquake"}, "kind", "Select a valid choice"),
        ({"kind": "region-lost"}, "region", "a fault of kind region-lost needs region"),
        ({}, "kind", "This field is required"),
    ],
)
def test_a_wrong_rule_is_said_beside_its_field(client, commander, world, rule, field, said):
    answer = client.post(url("add-fault"), rule, headers=HTMX)
    assert answer.status_code == 422
    (error,) = answer.context["fault_form"].errors[field]
    assert said in error
    assert '<details class="fault" id="fault" open>' in text(answer)
    assert not AuditEntry.objects.filter(action="sandbox.fault_added").exists()


def test_a_fault_that_is_gone_already_is_refused_in_words(client, commander, world):
    answer = client.post(url("heal-fault"), headers=HTMX)
    assert answer.status_code == 409
    assert "there is no “fault-1”" in text(answer)


def test_everything_is_healed_at_once(client, commander, world):
    client.post(url("start-scenario"), TOKYO)
    client.post(url("add-fault"), {"kind": "reset"})
    assert "Everything is healed." in text(client.post(url("heal"), headers=HTMX))
    assert world.get("/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("given", "change"), [({"speed": "600"}, {"speed": 600}), ({"advance": "300"}, {"advance": 300})]
)
def test_its_clock_is_set(client, commander, world, given, change):
    before = world.get("/clock")
    client.post(url("set-clock"), given)
    after = world.get("/clock")
    assert after["speed"] == change.get("speed", before["speed"])
    assert after["now"] - before["now"] >= change.get("advance", 0)
    assert AuditEntry.objects.get(action="sandbox.clock_set").after == change


@pytest.mark.parametrize("given", [{}, {"speed": "7"}, {"speed": "x"}, {"advance": "-1"}, {"advance": "1e99"}])
def test_its_clock_is_not_set_to_nonsense(client, commander, world, given):
    assert client.post(url("set-clock"), given).status_code == 409


def test_the_product_is_connected_to_another_store(client, commander, world):
    answer = client.post(url("connect"), {"database": "no-such"}, headers=HTMX)
    assert answer.status_code == 409
    assert "there is none called “no-such”" in text(answer)
    answer = client.post(url("connect"), {"cache": "gemini-cache"}, headers=HTMX)
    assert "The product uses gemini-cache now." in text(answer)
    assert AuditEntry.objects.get(action="sandbox.connected").target == "cache gemini-cache"


def test_a_new_world_forgets_what_was_broken(client, commander, world):
    client.post(url("start-scenario"), TOKYO)
    assert "This is a new world." in text(client.post(url("begin-anew"), headers=HTMX))
    assert world.get("/faults") == {"faults": []}
    assert AuditEntry.objects.filter(action="sandbox.reset").count() == 1


# --- Answering messages ------------------------------------------------------------------------------------


def page_somebody(world: Any, summary: str) -> None:
    """As the console does through PagerDuty's Events v2."""
    event = {
        "routing_key": "sandbox-routing-key-000000000000",
        "event_action": "trigger",
        "dedup_key": summary,
        "payload": {"summary": summary, "source": "test", "severity": "critical"},
    }
    world._client.post(f"{world.url}/pagerduty/events/v2/enqueue", json=event).raise_for_status()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_page_is_acknowledged(client, commander, world, headers):
    page_somebody(world, "Tokyo is dark")
    (message,) = world.get("/outbox")["messages"]
    where = reverse("sandbox:answer", args=[message["id"]])
    assert where in text(client.get(url("page")))
    answer = client.post(where, {"answer": "acknowledge"}, headers=headers)
    assert answer.status_code == (200 if headers else 302)
    assert world.get("/outbox")["messages"][0]["state"] == "acknowledged"
    assert AuditEntry.objects.get(action="sandbox.message_answered").after == {"answer": "acknowledge"}
    # It can be done once: a second person is told so.
    assert client.post(where, {"answer": "acknowledge"}).status_code == 409


# --- A sandbox that is not there ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["page", "world"])
def test_a_sandbox_that_is_not_there_is_said_in_words(client, commander, no_world, name):
    answer = client.get(url(name), headers=HTMX if name == "world" else {})
    assert answer.status_code == 200
    page = text(answer)
    assert "The sandbox does not answer" in page
    assert "manage.py sandbox" in page
    assert f'hx-get="{url("page")}"' in page  # it looks again by itself


@pytest.mark.parametrize("name", ["details", "outbox"])
def test_its_panels_keep_what_they_have(client, commander, no_world, name):
    assert client.get(url(name), headers=HTMX).status_code == 204


@pytest.mark.parametrize("name", CHANGE)
def test_what_cannot_be_done_without_it_is_refused_in_words(client, commander, no_world, name):
    answer = client.post(url(name), {"advance": "60", "answer": "acknowledge", "kind": "reset"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Sandbox could not be reached" in text(answer)
    assert not AuditEntry.objects.filter(action__startswith="sandbox.").exists()
