"""Which list an incident follows, and what stays when it turns out to be something else."""

from __future__ import annotations

import pytest
from django.utils import translation

from dr_console.web.sentences import sentence
from incidents.models import ChecklistTemplate, Incident, Severity
from incidents.queries.checklist import shown_checklist
from incidents.services import checklist, lifecycle
from incidents.services import incident as incidents
from incidents.services.checklist_choice import choose
from tests import make
from tests.incidents.listing import MINUTE, NINE, ada, incident, item, shown, story

__all__ = ["ada", "incident"]
pytestmark = pytest.mark.django_db


def test_an_incident_starts_from_the_plans_nine_items(incident):
    assert shown(incident) == NINE
    assert item(incident).due_at == incident.started_at + 5 * MINUTE
    with translation.override("zh-hans"):
        assert item(incident).words == "确认故障范围和影响"


@pytest.mark.parametrize(
    ("severity", "failure", "key"),
    [
        ("P0", "", "quick-recovery"),
        ("", "", "quick-recovery"),
        ("P1", "api_errors", "quick-recovery"),
        ("P0", "region_failure", "region-failure"),
        ("P3", "cdn_failure", "cdn-failure"),
        ("P2", "", "minor-incident"),
        ("P3", "api_errors", "minor-incident"),
    ],
)
def test_the_list_that_names_it_most_exactly_is_taken(severity, failure, key):
    make.plan()
    template = choose(make.incident(severity=severity, failure=failure))
    assert template is not None
    assert template.key == key


def test_without_a_plan_there_is_no_list():
    incident = make.incident()
    assert choose(incident) is None
    assert shown_checklist(incident).items == []


def test_choosing_twice_changes_nothing(incident):
    choose(incident)
    assert (incident.checklist.count(), story(incident)) == (10, [])


def test_another_severity_brings_another_list_and_loses_nothing(incident, ada):
    checklist.tick(item(incident, "activate-team"), by=ada)
    checklist.say_not_applicable(item(incident, "fail-over"), by=ada, reason="It mends itself")
    own = checklist.add(incident, "Call the museum", by=ada, after=item(incident, "fail-over"))
    incident.severity = "P3"
    incident.save()
    choose(incident)
    assert shown(incident) == [
        *("confirm-scope", "activate-team", "fail-over", own.key, "repair"),
        *("notify-people", "watch-recovery", "record-details", "decide-on-analysis"),
    ]
    assert item(incident, "activate-team").settled_by == ada
    assert item(incident).due_at == incident.started_at + 60 * MINUTE
    assert "no longer “Quick recovery checklist”" in story(incident)[-1]


def test_a_list_that_comes_back_brings_back_what_nobody_had_touched(incident, ada):
    checklist.tick(item(incident), by=ada)
    for severity in ("P2", "P0"):
        Incident.objects.update(severity=severity)
        choose(incident)
    assert shown(incident) == NINE
    assert not item(incident).is_open


def test_what_the_plan_says_later_changes_no_list_that_is_being_worked_on(incident):
    ChecklistTemplate.objects.get(key="quick-recovery").items.update(text_en="Otherwise")
    choose(incident)
    assert item(incident).words == "Confirm the scope and impact of the failure"


def test_who_declares_gets_a_list_and_another_diagnosis_another_list(ada):
    make.plan()
    declared, _is_new = incidents.declare(title="Dark", severity=Severity.P0, service=None, by=ada, failure="unsure")
    assert shown(declared) == NINE
    title = sentence("Region failure")
    incidents.rediagnose(declared, title=title, severity=Severity.P0, failure="region_failure")
    declared.refresh_from_db()
    assert "call-provider" in shown(declared)
    lifecycle.set_severity(declared, Severity.P3, by=ada)
    declared.refresh_from_db()
    assert "call-provider" in shown(declared)
