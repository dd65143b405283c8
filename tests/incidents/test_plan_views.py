"""The pages of the plan's answer to an incident."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.models import EscalationPolicy, FailoverPlan, Service, ServiceEndpoint
from incidents.queries.world import world
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client):
    make.plan()
    client.force_login(make.user("vera", role="viewer"))

    def get(name: str, *arguments: str, query: str = "") -> str:
        response = client.get(reverse(name, args=arguments) + query)
        assert response.status_code == 200
        return response.content.decode()

    return get


def test_a_failover_plan_shows_its_steps_in_order_and_as_a_graph(shown):
    page = shown("incidents:failover-plan", "manual-failover")
    steps = list(FailoverPlan.objects.get(key="manual-failover").steps.values_list("does", flat=True))
    places = [page.index(step) for step in dict.fromkeys(steps)]
    assert places == sorted(places)
    assert '<svg viewBox="' in page


def test_the_graph_says_in_words_what_it_shows(shown):
    plan = FailoverPlan.objects.get(key="manual-failover")
    assert f'aria-label="Order of the steps: {plan.steps.first().title}' in shown("incidents:failover-plan", plan.key)


def test_a_plan_that_was_retired_is_not_found(client, shown):
    FailoverPlan.objects.filter(key="manual-failover").update(retired_at="2026-01-01T00:00Z")
    assert client.get(reverse("incidents:failover-plan", args=["manual-failover"])).status_code == 404


def test_failover_plans_are_narrowed_by_failure(shown):
    page = shown("incidents:failover", query="?failure=cdn_failure")
    assert "cdn-failure-to-backup-cdn" in page
    assert "manual-failover" not in page


def test_the_nine_items_of_the_checklist_are_shown_in_order(shown):
    page = shown("incidents:checklist", "quick-recovery")
    items = ["Confirm", "Activate", "Carry out", "Verify", "Notify", "Watch", "Record", "Analyse", "Update"]
    places = [page.index(f"<li>\n          {word}") for word in items]
    assert places == sorted(places)


def test_thresholds_read_like_sentences(shown):
    page = shown("incidents:thresholds")
    assert "under 99.5 %" in page
    assert "over 3000 ms" in page
    assert "5 min" in page


def test_the_matrix_warns_of_a_ladder_that_is_too_slow(shown):
    EscalationPolicy.objects.get(severity="P0").levels.update(wait_minutes=30)
    assert "would have to be paged in less than" in shown("incidents:escalation")


def test_degradation_levels_name_their_features(shown):
    page = shown("incidents:degradation")
    assert all(word in page for word in ("analytics", "image-generation", "static"))


def test_the_five_stages_of_recovery_are_numbered(shown):
    page = shown("incidents:recovery")
    assert all(f"{number} {name}" in page for number, name in enumerate(("Assess", "Isolate", "Restore", "Verify"), 1))


def test_the_report_template_shows_how_incidents_are_numbered(shown):
    assert "INC-{year}-{number:03}" in shown("incidents:report")


def test_a_rotation_names_its_people(shown):
    assert "On-call engineer" in shown("incidents:oncall")


def test_the_world_has_a_place_for_each_service_in_each_region(django_assert_num_queries):
    make.plan()
    with django_assert_num_queries(5):
        found = world()
    assert len(found.rows) == Service.objects.current().count()
    assert all(len(places) == len(found.regions) for _service, places in found.rows)
    api = next(places for service, places in found.rows if service.key == "api")
    assert sum(len(place.endpoints) for place in api) == ServiceEndpoint.objects.filter(service__key="api").count()
