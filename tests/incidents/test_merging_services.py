"""Two incidents that are one: the duplicate is closed, everything goes on with the other, and it can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from incidents.models import Incident, Severity
from incidents.queries.lifecycle import goes_on_in, open_about, story
from incidents.services import incident as incidents
from incidents.services import lifecycle
from incidents.services.merging import merge, unmerge
from tests import make

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
KEY = "failure:region_failure:tokyo"


@pytest.fixture
def ada():
    make.plan()
    return make.user("ada")


def words(incident):
    return [entry.words for entry in incident.timeline.all()]


def test_both_keep_their_stories_and_say_what_they_are(ada):
    person, console = make.incident(title="Checkout is down"), make.incident(title="Tokyo is dark")
    merged = merge(person, console, by=ada, reason="Same minute")
    assert (merged.status, merged.merged_into, merged.resolved_at is not None) == ("closed", console, True)
    assert f"The same as {console.reference}, and goes on as that: Same minute" in words(person)
    assert f"{person.reference} is the same: Checkout is down: Same minute" in words(console)
    assert story(console) == [console.reference, person.reference]
    assert AuditEntry.objects.get(action="incident.merged").after == {"into": console.reference}
    assert merged.postmortem_due_at is None


def test_the_page_of_the_duplicate_ends_and_people_hear_where_it_goes_on(ada):
    first, _is_new = incidents.declare(title="Down", severity=Severity.P0, service=None, by=ada)
    second = make.incident(title="Tokyo is dark")
    merge(first, second, by=ada)
    told = Delivery.objects.filter(dedup_key__contains=":merged:")
    assert {one.channel for one in told} == {"pagerduty", "slack"}
    assert all(f"goes on as {second.reference}" in one.subject for one in told)
    page = told.get(channel="pagerduty")
    assert (page.payload["action"], page.payload["key"]) == ("resolve", f"incident:{first.reference}")
    Delivery.objects.filter(about=second.reference).delete()
    make.message(about=first.reference, channel="email", address="bob@example.com")
    lifecycle.mitigate(second, by=ada)
    assert Delivery.objects.filter(about=second.reference, address="bob@example.com").exists(), (
        "who heard hears its end"
    )


def test_what_is_noticed_and_what_runs_do_goes_on_with_the_other(ada):
    person = make.incident(title="Checkout is down", started_at=now() - MINUTE)
    console = make.incident(dedup_key=KEY, failure="region_failure", started_at=now() - 3 * MINUTE, origin="breach")
    run = make.run(state="running")
    console.runs.add(run)
    merge(console, person, by=ada)
    person.refresh_from_db()
    assert (person.dedup_key, person.failure, person.started_at) == (KEY, "region_failure", console.started_at)
    assert list(person.runs.all()) == [run]
    assert open_about(KEY) == person
    console.refresh_from_db()
    assert incidents.recovered(console, at=now(), verified_at=now())
    person.refresh_from_db()
    assert (person.status, Incident.objects.get(pk=console.pk).status) == ("mitigated", "closed")


def test_what_two_are_noticed_by_leads_to_the_one_that_goes_on(ada):
    one, other = make.incident(dedup_key=KEY), make.incident(dedup_key="failure:cdn_failure:")
    merge(one, other, by=ada)
    found, is_new = incidents.declare(title="Again", severity=Severity.P0, service=None, by=None, dedup_key=KEY)
    assert (found, is_new) == (other, False)
    third = make.incident()
    merge(other, third, by=ada)
    one.refresh_from_db()
    assert goes_on_in(one) == third
    assert open_about(KEY) == third


def test_the_one_that_goes_on_is_as_bad_as_the_worse(ada):
    worse, milder = make.incident(severity="P0"), make.incident(severity="P2")
    merge(worse, milder, by=ada)
    milder.refresh_from_db()
    assert milder.severity == "P0"
    assert Delivery.objects.filter(about=milder.reference, payload__event="worse", channel="phone").exists()


def test_taken_back_both_are_what_they_were(ada):
    started_at = now() - MINUTE
    person = make.incident(title="Checkout is down", started_at=started_at)
    console = make.incident(dedup_key=KEY, failure="region_failure", status="mitigated", started_at=now() - 3 * MINUTE)
    run = make.run()
    console.runs.add(run)
    merge(console, person, by=ada)
    console = unmerge(console, by=ada, reason="Another region")
    person.refresh_from_db()
    assert (person.started_at, person.dedup_key, person.failure) == (started_at, "", "")
    assert not person.runs.exists()
    times = (console.merged_into, console.resolved_at, console.closed_at)
    assert (console.status, console.dedup_key, *times) == ("mitigated", KEY, None, None, None)
    assert f"{console.reference} is no duplicate of {person.reference}: Another region" in words(person)
    assert open_about(KEY) == console
    with pytest.raises(Refused, match="was not merged"):
        unmerge(console, by=ada)


def test_a_resolved_one_stays_resolved_when_taken_back(ada):
    resolved = lifecycle.resolve(make.incident(), by=ada)
    at = resolved.resolved_at
    merge(resolved, make.incident(), by=ada)
    resolved = unmerge(Incident.objects.get(pk=resolved.pk), by=ada)
    assert (resolved.status, resolved.resolved_at) == ("resolved", at)
    assert resolved.postmortem_due_at is not None


def test_it_is_not_taken_back_while_the_same_is_noticed_by_another(ada):
    one = make.incident(dedup_key=KEY)
    merge(one, make.incident(dedup_key="failure:cdn_failure:"), by=ada)
    make.incident(dedup_key=KEY)
    with pytest.raises(Refused, match="is open for the same"):
        unmerge(one, by=ada)
    assert Incident.objects.get(pk=one.pk).status == "closed"


def test_what_cannot_be_merged(ada):
    one, drill = make.incident(), make.incident(is_practice=True)
    with pytest.raises(Refused, match="no duplicate of itself"):
        merge(one, one, by=ada)
    with pytest.raises(Refused, match="is a drill"):
        merge(one, drill, by=ada)
    over = lifecycle.resolve(make.incident(), by=ada)
    with pytest.raises(Refused, match="is over"):
        merge(one, over, by=ada)
    closed = lifecycle.close(over, by=ada)
    with pytest.raises(Refused, match="is closed"):
        merge(closed, one, by=ada)
    duplicate = merge(make.incident(), one, by=ada)
    with pytest.raises(Refused, match=f"Merge .* into that|into {one.reference}"):
        merge(make.incident(), duplicate, by=ada)
    with pytest.raises(Refused, match="Take the merge back"):
        lifecycle.reopen(duplicate, by=ada, reason="Not over")
