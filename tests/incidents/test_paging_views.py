"""The paging panel of an incident's page, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from dr_console.notifications.models import Delivery
from incidents.models import ChannelKind, Contact, Escalation, EscalationEvent, EscalationPolicy, Incident
from incidents.queries.escalation_panel import paging, place_words, snooze_choices
from incidents.queries.next_action import next_action
from incidents.queries.paging_acts import paging_acts
from incidents.search import acts_in_view
from incidents.services import escalation, escalation_acts, lifecycle
from incidents.services import incident as incidents
from tests import make

pytestmark = pytest.mark.django_db

BEGAN = "2026-11-28 03:00 +0000"
Status = Escalation.Status


@pytest.fixture(autouse=True)
def plan(time_machine):
    time_machine.move_to(BEGAN, tick=False)
    return make.plan()


@pytest.fixture
def wei(client):
    someone = make.user("wei", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident():
    found, _is_new = incidents.declare(
        title="Tokyo is dark", severity="P0", service=None, by=None, origin=Incident.Origin.TERMINAL
    )
    return found


@pytest.fixture
def later(time_machine):
    """Let so many minutes pass, and do what is due every minute."""

    def pass_by(minutes: int) -> None:
        for _minute in range(minutes):
            time_machine.shift(timedelta(minutes=1))
            escalation.tick()

    return pass_by


def address(incident, name="paging"):
    return reverse(f"incidents:{name}", args=[incident.reference])


def shown(client, incident):
    return client.get(address(incident)).content.decode()


def climb(incident):
    return Escalation.objects.get(incident=incident, status__in=[one for one in Status if one != Status.STOPPED])


# --- The panel ----------------------------------------------------------------------------------------------------
def test_it_says_where_the_ladder_stands_and_who_is_next(client, wei, incident):
    page = shown(client, incident)
    assert "Round 1 of 3, level 1 of 3: On call" in page
    assert "Paged next, if nobody answers: Technical lead" in page
    assert 'data-counts-down="300"' in page


def test_it_says_who_was_told_by_what_and_what_became_of_it(client, wei, incident):
    Delivery.objects.filter(channel=ChannelKind.PHONE).update(state=Delivery.State.DELIVERED)
    page = shown(client, incident)
    assert "On-call engineer" in page
    assert "PagerDuty" in page
    assert "Delivered" in page


def test_what_stood_in_for_what_failed_is_shown_below_it(client, wei, incident):
    failed = Delivery.objects.get(channel=ChannelKind.PHONE)
    Delivery.objects.filter(pk=failed.pk).update(state=Delivery.State.FAILED)
    make.message(
        channel="email",
        recipient=failed.recipient,
        person=failed.person,
        group=failed.group,
        dedup_key=failed.dedup_key.replace("phone", "email"),
        stands_in_for=failed,
    )
    page = shown(client, incident)
    assert page.index("Failed") < page.index("instead:") < page.index("E-mail")


def test_earlier_levels_are_folded(client, wei, incident, later):
    later(5)
    page = shown(client, incident)
    assert page.index("Round 1 of 3, level 2 of 3") < page.index("Who was paged before")


def test_an_incident_nobody_was_paged_for_says_so(client, wei):
    incident = make.incident()
    assert "Nobody has been paged for this incident." in shown(client, incident)


def test_an_acknowledgement_says_who_and_until_when(client, wei, incident):
    escalation_acts.acknowledge(incident, by=wei, name="wei", via="page")
    page = shown(client, incident)
    assert "Acknowledged by wei" in page
    assert "is reminded, unless something is done" in page
    assert 'id="paging-acknowledge"' not in page


def test_a_second_person_may_acknowledge_too(client, wei, incident):
    escalation_acts.acknowledge(incident, by=make.user("bob", role="commander"), name="bob", via="page")
    assert 'id="paging-acknowledge"' in shown(client, incident)


def test_a_ladder_that_ran_out_is_loud_and_says_whom_to_call(client, wei, incident, later):
    Delivery.objects.update(state=Delivery.State.SENT)
    later(45)
    page = shown(client, incident)
    assert "is-loud" in page
    assert "nobody has answered. Call somebody yourself." in page
    assert page.index('<h3 class="step-title">Last resort') < page.index("Who was paged before")
    assert "Vercel" in page
    assert "mailto:" in page


def test_a_drill_names_no_vendor(client, wei, incident, later):
    Incident.objects.filter(pk=incident.pk).update(is_practice=True)
    later(45)
    page = shown(client, incident)
    assert "is-loud" in page
    assert "Vercel" not in page


def test_it_says_when_the_plan_has_changed_since(client, wei, incident):
    assert "The plan has changed since" not in shown(client, incident)
    EscalationPolicy.objects.filter(severity="P0").update(rounds=9)
    page = shown(client, incident)
    assert "The plan has changed since" in page
    assert 'id="paging-rearm"' in page


def test_what_happened_is_listed_with_what_is_red(client, wei, incident, later):
    Contact.objects.filter(key="technical-lead").update(retired_at="2026-01-01T00:00Z")
    later(5)
    page = shown(client, incident)
    assert "went to nobody" in page
    assert 'class="is-red"' in page


def test_a_viewer_reads_it_and_has_no_buttons(client, incident):
    client.force_login(make.user("vera", role="viewer"))
    page = shown(client, incident)
    assert "Round 1 of 3" in page
    assert 'id="paging-' not in page.replace('id="paging-title"', "").replace('id="paging-events"', "")


def test_the_number_of_queries_is_bounded(client, wei, incident, later, django_assert_max_num_queries):
    later(40)
    shown(client, incident)
    with django_assert_max_num_queries(24):
        shown(client, incident)


def test_it_speaks_of_a_climb_of_an_older_plan(incident):
    found = climb(incident)
    found.snapshot["levels"] = [{"key": "gone", "targets": ["contact:gone"], "channels": [], "wait_minutes": 5}]
    assert place_words(found, {}) == "Round 1 of 3, level 1 of 1: gone"


# --- What a person does about it ------------------------------------------------------------------------------------
def test_acknowledging_stops_the_paging(client, wei, incident):
    response = client.post(address(incident, "paging-acknowledge"), headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert "live:paging" in response["HX-Trigger"]
    assert climb(incident).status == Status.ACKNOWLEDGED


def test_without_javascript_it_leads_back_to_the_page(client, wei, incident):
    response = client.post(address(incident, "paging-acknowledge"), follow=True)
    assert response.redirect_chain[0][0] == incident.get_absolute_url()
    assert "Nobody else is paged" in response.content.decode()


def test_acknowledging_twice_harms_nobody(client, wei, incident):
    for _time in range(2):
        assert client.post(address(incident, "paging-acknowledge"), headers={"HX-Request": "true"}).status_code == 204
    assert EscalationEvent.objects.filter(kind="acknowledged").count() == 1


def test_what_is_over_cannot_be_acknowledged(client, wei, incident):
    lifecycle.resolve(incident, by=wei, reason="It works again")
    response = client.post(address(incident, "paging-acknowledge"), headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "no longer open" in response.content.decode()


def test_escalating_is_asked_for_with_who_is_paged_then(client, wei, incident):
    page = client.get(address(incident, "paging-escalate")).content.decode()
    assert "Then paged at once: Technical lead." in page
    assert f'value="{climb(incident).last_step_at.isoformat()}"' in page


def test_escalating_pages_the_next_level_at_once(client, wei, incident):
    seen = climb(incident).last_step_at.isoformat()
    assert client.post(address(incident, "paging-escalate"), {"as_of": seen}).status_code == 302
    assert climb(incident).level == 1
    assert Delivery.objects.filter(person="contact:technical-lead").exists()


def test_whoever_is_slower_is_told_that_it_was_done(client, wei, incident, later):
    seen = climb(incident).last_step_at.isoformat()
    later(5)
    response = client.post(address(incident, "paging-escalate"), {"as_of": seen}, headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "was paged already, at 03:05:00 UTC" in response.content.decode()
    assert climb(incident).level == 1


def test_and_once_told_they_may_page_the_level_after_it(client, wei, incident, later):
    seen = climb(incident).last_step_at.isoformat()
    later(5)
    told = client.post(address(incident, "paging-escalate"), {"as_of": seen}).content.decode()
    shown = climb(incident).last_step_at.isoformat()
    assert f'value="{shown}"' in told
    assert client.post(address(incident, "paging-escalate"), {"as_of": shown}).status_code == 302
    assert climb(incident).level == 2


def test_what_is_to_be_done_next_is_shown_anew_with_every_step_of_paging(client, wei, incident):
    page = client.get(reverse("incidents:next", args=[incident.reference])).content.decode()
    assert "live:paging from:body, live:deliveries from:body" in page


def test_nobody_is_said_to_be_on_it_alone_when_somebody_without_an_account_is(client, wei, incident):
    escalation_acts.acknowledge(incident, by=None, name="CTO", via="phone", person="contact:cto")
    page = client.get(reverse("incidents:command", args=[incident.reference])).content.decode()
    assert "<small>Acknowledged <time" in page
    assert "Nobody besides" not in page


@pytest.mark.parametrize("as_of", ["", "yesterday"])
def test_what_they_had_seen_has_to_be_said(client, wei, incident, as_of):
    assert client.post(address(incident, "paging-escalate"), {"as_of": as_of}).status_code == 422
    assert climb(incident).level == 0


def test_what_is_over_leads_back(client, wei, incident):
    lifecycle.resolve(incident, by=wei, reason="It works again")
    for name in ("paging-escalate", "paging-put-off"):
        assert client.get(address(incident, name)).url == incident.get_absolute_url()


def test_putting_off_is_for_so_long_as_the_severity_allows(client, wei, incident):
    page = client.get(address(incident, "paging-put-off")).content.decode()
    assert '<option value="5"' in page
    assert '<option value="10"' not in page
    assert client.post(address(incident, "paging-put-off"), {"minutes": "10"}).status_code == 422
    assert client.post(address(incident, "paging-put-off"), {"minutes": "5"}).status_code == 302
    assert climb(incident).status == Status.SNOOZED
    assert "Put off" in shown(client, incident)


@pytest.mark.parametrize(
    ("limit", "choices"), [(0, []), (5, [5]), (12, [5, 10, 12]), (60, [5, 10, 15, 30, 60])], ids=str
)
def test_the_limit_itself_can_be_chosen(incident, limit, choices):
    found = climb(incident)
    found.snapshot["snooze_minutes"] = limit
    assert snooze_choices(found) == choices


def test_paging_anew_goes_by_the_plan_as_it_is_now(client, wei, incident):
    EscalationPolicy.objects.filter(severity="P0").update(rounds=9)
    assert client.post(address(incident, "paging-rearm"), {"reason": ""}).status_code == 422
    assert client.post(address(incident, "paging-rearm"), {"reason": "Nobody comes"}).status_code == 302
    found = climb(incident)
    assert (found.number, found.snapshot["rounds"]) == (2, 9)
    assert "of 9" in shown(client, incident)


def test_a_viewer_may_do_nothing_of_it(client, incident):
    client.force_login(make.user("vera", role="viewer"))
    for name in ("acknowledge", "escalate", "put-off", "rearm"):
        assert client.post(address(incident, f"paging-{name}")).status_code == 403
    assert climb(incident).status == Status.ACTIVE


# --- The next action, and the palette ---------------------------------------------------------------------------------
def test_the_next_action_is_to_acknowledge_as_long_as_nobody_has(wei, incident):
    found = next_action(incident, None, wei)
    assert found.title == "acknowledge"
    assert found.primary.address == address(incident, "paging-acknowledge")
    assert "Technical lead" in found.due_words
    assert [one.label for one in found.others][:2] == ["Escalate now…", "Take command"]


def test_then_it_is_to_lead(wei, incident):
    escalation_acts.acknowledge(incident, by=wei, name="wei", via="page")
    incident.refresh_from_db()
    assert next_action(incident, None, wei).title == "take command"


def test_when_more_have_to_answer_it_says_so_to_the_others(wei, incident):
    found = climb(incident)
    found.snapshot["levels"][0]["required_acknowledgements"] = 2
    found.save()
    escalation_acts.acknowledge(incident, by=make.user("bob", role="commander"), name="bob", via="page")
    assert "Not enough people" in next_action(incident, None, wei).words[0]


def test_when_the_ladder_has_run_out_it_is_still_to_acknowledge(wei, incident, later):
    Delivery.objects.update(state=Delivery.State.SENT)
    later(45)
    found = next_action(incident, None, wei)
    assert found.title == "acknowledge"
    assert found.due_at is None


def test_a_viewer_is_not_asked_to_acknowledge(incident):
    assert next_action(incident, None, make.user("vera", role="viewer")).title != "acknowledge"


def test_the_palette_offers_what_can_be_done_now(wei, incident):
    labels = [one.label for one in acts_in_view(wei, incident.get_absolute_url())]
    assert {"Acknowledge", "Escalate now…", "Put paging off…", "Page anew…"} <= set(labels)


def test_it_offers_nothing_of_what_is_over(wei, incident):
    lifecycle.resolve(incident, by=wei, reason="It works again")
    incident.refresh_from_db()
    assert paging_acts(incident) == []


def test_a_climb_that_is_over_is_said_to_be(wei, incident):
    lifecycle.resolve(incident, by=wei, reason="It works again")
    incident.refresh_from_db()
    found = paging(incident, wei)
    assert not found.is_open
    assert found.words == "Over"
    assert not found.may_anything
