"""Starting failovers and ways back: which plan, what its run is made of, who is asked; and what the incident learns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from dr_console.runs import services as runs
from dr_console.runs.models import Run, Step, StoredPreview
from incidents.models import FailoverPlan, Failure, Region, Service
from incidents.queries import failover as known
from incidents.services import failover, failover_news
from incidents.services.checklist_choice import choose
from tests import make
from tests.incidents import carrying
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)
S, R = Step.State, Run.State
TOKYO, CALIFORNIA = "asia-northeast-1", "us-west-1"


@pytest.fixture(autouse=True)
def _plan() -> None:
    make.plan()


@pytest.fixture
def ada() -> User:
    return make.user("ada", may=["runs.approve_step", "runs.control_run"])


def plan(key: str = "region-failure-to-backup-region") -> FailoverPlan:
    return carrying.plan(key)


def approvals(run: Run) -> dict[str, tuple[Any, ...]]:
    asked = run.steps.filter(approval__isnull=False).select_related("approval")
    return {step.key: (step.approval.expires_at, step.approval.on_expiry) for step in asked}


# --- Which plan ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("failure", "service", "region", "key"),
    [
        (Failure.API_ERRORS, "api", TOKYO, "api-errors-to-backup-api"),
        (Failure.CDN_FAILURE, "cdn", None, "cdn-failure-to-backup-cdn"),
        (Failure.REGION_FAILURE, "api", TOKYO, "region-failure-to-backup-region"),
        # What fails in a region fails for every service: the plan of another one answers it.
        (Failure.REGION_FAILURE, "cdn", TOKYO, "region-failure-to-backup-region"),
        (Failure.REGION_FAILURE, "api", CALIFORNIA, "region-failure-to-cold-standby"),
    ],
)
def test_there_is_a_plan_for_each_kind_of_failure(failure: Failure, service: str, region: str | None, key: str):
    found = failover.plan_for(failure, service, region)
    assert found
    assert found.key == key
    row = Service.objects.get(key=service)
    assert failover.plan_for(failure, row, Region.objects.filter(key=region or "").first()) == found


def test_there_is_none_for_what_people_decide_or_for_a_region_that_no_plan_leaves():
    assert failover.plan_for(Failure.MANUAL, "api", None) is None
    assert failover.plan_for(Failure.REGION_FAILURE, "api", "eu-central-1") is None


def test_every_plan_knows_its_way_back_and_where_to_go_on():
    back = failover.failback_of(plan())
    onwards = known.next_standby(plan())
    assert (back and back.key, onwards and onwards.key) == ("region-back-to-primary", "region-failure-to-cold-standby")
    assert known.next_standby(plan("api-errors-to-backup-api")) is None


def test_what_must_answer_before_anybody_is_led_there():
    assert failover.standby_urls(plan()) == [
        "https://backup.example.com/health",
        "https://california.origin.example.com/health",
    ]
    assert failover.standby_urls(plan("api-errors-to-backup-api")) == ["https://backup-api.example.com/health"]
    # It answers nobody until it is warmed up.
    assert failover.standby_urls(plan("region-failure-to-cold-standby")) == []


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("region-failure-to-backup-region", CALIFORNIA),
        ("api-errors-to-backup-api", "backup-api.example.com"),
        ("cdn-back-to-primary", "edge.example.com"),
    ],
)
def test_the_word_to_type_names_where_users_are_led(key: str, word: str):
    assert known.confirmation_word(plan(key)) == word


# --- What a run is made of -----------------------------------------------------------------------
def test_a_run_has_the_plans_steps_in_both_languages_and_knows_what_it_is_for():
    about = carrying.incident()
    spec = failover.spec(plan(), about, trigger=Run.Trigger.AUTOMATIC)
    assert (spec.kind, spec.subject, spec.plan_key, spec.plan_version) == (
        Run.Kind.FAILOVER,
        "service:api",
        "region-failure-to-backup-region",
        1,
    )
    assert spec.titles["zh-hans"] == "区域故障：切换到备用区域"
    assert spec.steps[2].titles == {"en": "Update the DNS records", "zh-hans": "更新 DNS 记录"}
    assert [step.key for step in spec.steps if step.approval] == []
    assert spec.topics == (about.topic,)
    assert (spec.context["reference"], spec.context["to_region"]) == (about.reference, CALIFORNIA)
    assert spec.deadline_seconds
    assert spec.deadline_seconds > 360


def test_a_plan_that_asks_first_asks_at_its_first_step_and_only_when_nobody_pressed_a_button():
    cold = plan("region-failure-to-cold-standby")
    asked = {step.key: step.approval for step in failover.spec(cold, None, trigger="automatic").steps if step.approval}
    assert list(asked) == ["decide"]
    assert (asked["decide"].expires_seconds, asked["decide"].on_expiry) == (120, "go_ahead")
    assert not any(step.approval for step in failover.spec(cold, None, trigger="person").steps)


def test_a_way_back_asks_always_and_gives_up_without_an_answer():
    spec = failover.spec(plan("region-back-to-primary"), None, trigger=Run.Trigger.PERSON)
    asked = {step.key: step.approval for step in spec.steps if step.approval}
    assert spec.kind == Run.Kind.FAILBACK
    assert list(asked) == ["put-dns-back"]
    assert (asked["put-dns-back"].expires_seconds, asked["put-dns-back"].on_expiry) == (3600, "give_up")


# --- Starting ------------------------------------------------------------------------------------
def test_the_second_who_starts_is_given_the_first_ones_run(ada: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dr_console.runs.doorbell.ring", lambda step_ids: True)
    about = carrying.incident()
    first, is_new = failover.start(plan(), incident=about, by=None, trigger=Run.Trigger.AUTOMATIC)
    second, is_new_too = failover.start(plan("manual-failover"), incident=about, by=ada, trigger=Run.Trigger.PERSON)
    assert (is_new, is_new_too, first) == (True, False, second)
    assert [run.pk for run in about.runs.all()] == [first.pk]
    assert [entry.words for entry in about.timeline.all()] == [
        f"The console started “Region failure, to the backup region”: run {first.code}"
    ]


def test_without_an_incident_one_is_declared_or_the_open_one_is_taken(ada: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dr_console.runs.doorbell.ring", lambda step_ids: True)
    run, _is_new = failover.start(plan("manual-failover"), incident=None, by=ada, trigger=Run.Trigger.PERSON)
    about = run.incidents.get()
    assert (about.title, about.severity, about.service_id) == ("Manual failover", "P1", plan().service_id)
    runs.abort(run, by=ada, expected_version=run.version, client_token="stop", reason="test")
    again, is_new = failover.start(plan(), incident=None, by=ada, trigger=Run.Trigger.PERSON)
    assert (is_new, again.incidents.get()) == (True, about)


def test_what_was_shown_is_what_is_started_or_nothing(in_sandbox: Sandbox, ada: User):
    """The world changes between the preview and the button: names that lead elsewhere by now."""
    in_sandbox.reset(speed=1)
    carrying.break_it(in_sandbox, "region-outage", how="reset", for_seconds=1)
    shown, stored = failover.preview(plan("manual-failover"), by=ada)
    assert shown.blockers == []
    assert [step.spec.key for step in shown.steps if step.mark == "~"] == [
        "point-dns",
        "purge-cdn",
        "notify-recovered",
        "alert-failed",
    ]
    assert carrying.done(in_sandbox) == {}
    record = carrying.records(in_sandbox)["CNAME www.example.com"]
    carrying.change_record(in_sandbox, record["id"], {"content": "elsewhere.example.com"})
    about = carrying.incident()
    with pytest.raises(Refused, match="Point the api CNAME"):
        failover.start(plan("manual-failover"), incident=about, by=ada, trigger=Run.Trigger.PERSON, preview=stored)
    assert not about.runs.exists()
    assert StoredPreview.objects.get() == stored


# --- What the incident learns --------------------------------------------------------------------
def news(run: Run, state: str, step: str = "") -> None:
    payload = {"run": run.code, "state": state, "kind": run.kind}
    for _ in range(2):  # the outbox hands over at least once
        if step:
            failover_news.on_step_ended({**payload, "step": step})
        else:
            failover_news.on_run_changed(payload)


def test_the_incident_knows_when_traffic_was_switched():
    about, at = carrying.incident(), now() - timedelta(seconds=5)
    run = make.run(kind="failover", state="running")
    about.runs.add(run)
    run.steps.create(key="dns", position=0, does="failover.point_dns", state="succeeded", acted_at=at)
    news(run, "succeeded", "dns")
    about.refresh_from_db()
    assert about.switched_at == at


def test_the_recovery_time_ends_at_the_first_good_answer():
    about = carrying.incident(started_at=now() - timedelta(minutes=5))
    first, last = now() - timedelta(seconds=3), now() - timedelta(seconds=2)
    run = make.run(kind="failover", state="running")
    about.runs.add(run)
    after = {"first_good_at": first.isoformat(), "verified_at": last.isoformat()}
    run.steps.create(key="verify", position=0, does="failover.verify_health", state="succeeded", after=after)
    news(run, "succeeded", "verify")
    about.refresh_from_db()
    assert (about.recovered_at, about.verified_at, about.status) == (first, last, "mitigated")


def test_what_is_verified_ticks_the_failovers_item_by_itself():
    about, last = carrying.incident(), now() - timedelta(seconds=2)
    choose(about)
    run = make.run(kind="failover", state="running")
    about.runs.add(run)
    run.steps.create(key="dns", position=0, does="failover.point_dns", state="succeeded", acted_at=last)
    after = {"first_good_at": last.isoformat(), "verified_at": last.isoformat()}
    run.steps.create(key="verify", position=1, does="failover.verify_health", state="succeeded", after=after)
    news(run, "succeeded", "dns")
    assert not about.checklist.filter(state="done").exists()
    news(run, "succeeded", "verify")
    ticked = about.checklist.get(state="done")
    assert (ticked.key, ticked.settled_at, ticked.settled_by) == ("fail-over", last, None)


def test_a_way_back_neither_switches_nor_recovers_anything():
    about = carrying.incident()
    run = make.run(kind="failback", state="running")
    about.runs.add(run)
    run.steps.create(key="dns", position=0, does="failover.put_dns_back", state="succeeded", acted_at=now())
    run.steps.create(key="verify", position=1, does="failover.verify_health", state="succeeded", after={})
    news(run, "succeeded", "dns")
    news(run, "succeeded", "verify")
    about.refresh_from_db()
    assert (about.switched_at, about.recovered_at, about.status) == (None, None, "open")


def test_a_failover_that_stands_still_calls_everybody_once_and_says_what_can_be_done():
    about = carrying.incident()
    said = {"text": "No answer in time.", "names": {}}
    run = make.run(kind="failover", state="paused_by_failed_step", plan_key=plan().key, titles={"en": "Switch"})
    about.runs.add(run)
    run.steps.create(
        key="verify", position=0, does="failover.verify_health", state="timed_out", titles={"en": "Verify"}, said=said
    )
    news(run, "paused_by_failed_step")
    calls = Delivery.objects.filter(payload__event="failover_failed")
    assert calls.count() == len({(one.channel, one.address) for one in calls}) > 1
    body = calls.filter(channel="email").first() or calls.first()
    assert body
    assert "Verify" in body.body
    assert "Backup region fails, to the cold standby" in body.body
    assert [entry.words for entry in about.timeline.all()] == [
        f"“Switch” stands still at a step that failed: run {run.code}"
    ]


def test_a_way_back_that_did_not_begin_wakes_nobody():
    about = carrying.incident()
    run = make.run(kind="failback", state="paused_by_failed_step", titles={"en": "Back"})
    about.runs.add(run)
    run.steps.create(key="check", position=0, does="failover.check_primary", state="timed_out")
    news(run, "paused_by_failed_step")
    assert not Delivery.objects.filter(payload__event="failover_failed").exists()
    run.steps.create(key="dns", position=1, does="failover.put_dns_back", state="failed", acted_at=now())
    news(run, "paused_by_failed_step")
    assert Delivery.objects.filter(payload__event="failover_failed").exists()


@pytest.mark.parametrize(
    ("state", "words"),
    [("succeeded", "is done"), ("not_needed", "not needed"), ("aborted", "aborted"), ("rolled_back", "undone")],
)
def test_the_timeline_says_once_how_a_run_ended(state: str, words: str):
    about = carrying.incident()
    run = make.run(kind="failover", state=state, titles={"en": "Switch"})
    about.runs.add(run)
    news(run, state)
    (entry,) = about.timeline.all()
    assert words in entry.words


def test_a_run_that_lost_its_way_to_the_incident_still_tells_it():
    about = carrying.incident()
    run = make.run(kind="failover", state="succeeded", context={"incident": about.pk})
    news(run, "succeeded")
    assert about.timeline.count() == 1


def test_runs_of_other_kinds_are_none_of_our_business():
    run = make.run(kind="backup", state="failed")
    news(run, "failed")
    news(run, "succeeded", "no such step")
    assert not Delivery.objects.exists()
