"""The degradation level: set, obeyed by the product, put back; against the sandbox's store and product."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline
from dr_console.runs import executor, planning, services
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, Sight
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.sandbox.product import LEVEL_KEY
from incidents.models import Breach, DegradationChange, DegradationLevel, Threshold
from incidents.queries.degradation import in_force
from incidents.services import degradation
from incidents.steps.degradation import SetLevel
from tests import make

# Runs are carried out in transactions of their own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture
def world(sandbox, settings):
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    settings.DR_SANDBOX_URL, settings.DR_EDGE_URL = sandbox.url, f"{sandbox.url}/edge"
    make.plan()
    return sandbox


def carried_out(run):
    """The run after everything in it that is due was done, as workers do it."""
    for _round in range(20):
        ready = Step.objects.filter(run=run, state__in=("ready", "retry_wait")).values_list("pk", flat=True)
        if not ready:
            break
        Step.objects.filter(pk__in=list(ready)).update(not_before=now())
        for pk in list(ready):
            executor.carry_out(pk)
    run.refresh_from_db()
    return run


def level_of_product(world):
    return world.get("/world")["product"]["degradation_level"]


def test_the_product_obeys_and_everybody_is_told(world):
    ada = make.user("ada")
    run = carried_out(degradation.set_level(2, by=ada, reason="Too many users"))
    assert run.state == Run.State.SUCCEEDED
    assert level_of_product(world) == 2
    change = in_force().change
    assert (change.level, change.previous_level, change.by, change.reason) == (2, 0, ada, "Too many users")
    assert change.confirmed_at
    assert change.run == run
    [told] = Delivery.objects.all()
    assert told.subject == "[SANDBOX] Degradation level 2, Moderate, in place of 0"
    entry = AuditEntry.objects.get(action="degradation.set")
    assert (entry.before["level"], entry.after["level"]) == (0, 2)


def test_undoing_the_run_puts_back_exactly_what_was(world):
    ada = make.user("ada")
    run = carried_out(degradation.set_level(2, by=ada))
    services.undo_run(run, by=ada, expected_version=run.version, client_token="undo", reason="Over")
    carried_out(run)
    assert run.state == Run.State.ROLLED_BACK
    assert level_of_product(world) == 0
    change = in_force().change
    assert (change.level, change.origin) == (0, DegradationChange.Origin.UNDO)


def test_one_press_puts_it_back(world):
    ada = make.user("ada")
    carried_out(degradation.set_level(1, by=ada))
    carried_out(degradation.set_level(3, by=ada))
    run = carried_out(degradation.put_back(in_force().change, by=ada))
    assert run.state == Run.State.SUCCEEDED
    assert (in_force().level, level_of_product(world)) == (1, 1)


def test_its_time_is_up(world):
    ada, at = make.user("ada"), now()
    carried_out(degradation.set_level(2, by=ada, until=at + timedelta(minutes=30)))
    assert degradation.put_back_what_is_over(at) is None
    run = degradation.put_back_what_is_over(at + timedelta(minutes=31))
    assert degradation.put_back_what_is_over(at + timedelta(minutes=31)) is None, "it is being done"
    assert run.trigger == Run.Trigger.AUTOMATIC
    carried_out(run)
    assert (in_force().level, level_of_product(world)) == (0, 0)
    assert in_force().change.origin == DegradationChange.Origin.EXPIRY
    assert degradation.put_back_what_is_over(at + timedelta(minutes=32)) is None


def test_a_level_before_whose_time_is_up_too_is_not_gone_back_to(world):
    ada, at = make.user("ada"), now()
    carried_out(degradation.set_level(1, by=ada, until=at + timedelta(minutes=10)))
    carried_out(degradation.set_level(2, by=ada, until=at + timedelta(minutes=20)))
    carried_out(degradation.put_back_what_is_over(at + timedelta(minutes=21)))
    assert in_force().level == 0


def test_what_cannot_be_done_is_refused(world):
    ada = make.user("ada")
    with pytest.raises(Refused, match="no degradation level 7"):
        degradation.set_level(7, by=ada)
    with pytest.raises(Refused, match="at level 0 already"):
        degradation.set_level(0, by=ada)
    with pytest.raises(Refused, match="30 days"):
        degradation.set_level(1, by=ada, until=now() - timedelta(seconds=1))


def test_two_at_once_are_one_change_and_the_second_is_told(world):
    ada = make.user("ada")
    services.set_interlock("all", True, by=ada, reason="Wait")  # so that it takes its time
    run = degradation.set_level(1, by=ada, client_token="press")
    assert degradation.set_level(1, by=ada, client_token="press").pk == run.pk
    with pytest.raises(Refused, match=run.code):
        degradation.set_level(2, by=ada, client_token="another")
    assert Run.objects.count() == 1


def test_whoever_puts_back_an_old_change_is_told_of_the_new_one(world):
    ada = make.user("ada")
    carried_out(degradation.set_level(1, by=ada))
    old = in_force().change
    carried_out(degradation.set_level(2, by=ada))
    with pytest.raises(Refused, match="changed again"):
        degradation.put_back(old, by=ada)


def test_it_goes_on_the_timeline_of_the_one_open_incident(world):
    incident = make.incident()
    run = carried_out(degradation.set_level(1, by=make.user("ada")))
    assert incident.topic in run.topics
    assert in_force().change.incident == incident
    assert "Degradation level 1, Light, in place of 0" in [entry.words for entry in incident.timeline.all()]


def test_of_two_open_incidents_it_belongs_to_neither(world):
    make.incident(), make.incident()
    carried_out(degradation.set_level(1, by=make.user("ada")))
    assert in_force().change.incident is None


def test_users_are_told_although_the_settings_store_is_down(world):
    world.post("/scenarios", {"name": "vendor-down", "parameters": {"vendor": "vercel", "how": "reset"}})
    run = carried_out(degradation.set_level(3, by=make.user("ada")))
    assert in_force().level == 3, "it does not depend on a vendor"
    assert in_force().change.confirmed_at is None
    assert run.state == Run.State.SUCCEEDED_WITH_EXCEPTIONS, "and does not stand in the way of the next change"
    assert level_of_product(world) == 0


def test_a_product_that_does_not_answer_is_no_reason_to_stop(world):
    world.post("/faults", {"kind": "cdn-outage"})
    run = carried_out(degradation.set_level(2, by=make.user("ada")))
    assert run.state == Run.State.SUCCEEDED
    assert in_force().change.confirmed_at is None
    assert "could not be asked" in run.steps.get().words
    assert level_of_product(world) == 2


@pytest.mark.parametrize("kind", ["reset", "timeout-after-effect", "html"])
def test_an_answer_that_is_lost_changes_nothing_twice(world, kind):
    world.post("/faults", {"kind": kind, "vendor": "vercel", "route": "PATCH *", "times": 1})
    run = carried_out(degradation.set_level(2, by=make.user("ada")))
    assert run.state == Run.State.SUCCEEDED
    assert DegradationChange.objects.count() == 1
    assert level_of_product(world) == 2


def test_what_else_is_in_the_store_stays(world, settings):
    store, soon = registry.settings_store(), Deadline.after(10)
    store.write({"colour": "blue", LEVEL_KEY: {"level": 1, "why": "by hand"}}, deadline=soon)
    run = carried_out(degradation.set_level(2, by=make.user("ada")))
    assert store.item("colour", deadline=soon).value == "blue"
    services.undo_run(run, by=make.user("bob"), expected_version=run.version, client_token="undo", reason="Over")
    carried_out(run)
    assert store.item(LEVEL_KEY, deadline=soon).value == {"level": 1, "why": "by hand"}


def test_a_dry_run_says_what_would_be_and_changes_nothing(world):
    parameters = {"level": 3}
    spec = degradation._spec(degradation.Wanted(3), None, None)
    preview = planning.preview(spec)
    [step] = preview.steps
    assert "degradation_level=3" in str(step)
    assert "some functions are unavailable" in str(step)
    assert in_force().level == level_of_product(world) == 0
    assert SetLevel().check(parameters) == []
    assert SetLevel().check({"level": "three"}) != []


def test_a_step_of_a_plan_sets_it_for_its_minutes(world):
    incident = make.incident()
    step = StepSpec(key="lighten", does="degradation.set_level", parameters={"level": 1, "minutes": 60}, attempts=3)
    titles = {"en": "Failover"}
    context = {"incident": incident.pk}
    spec = RunSpec(kind=Run.Kind.FAILOVER, subject="service:api", titles=titles, steps=(step,), context=context)
    run, _is_new = services.start_run(spec, by=None, trigger=Run.Trigger.AUTOMATIC)
    assert carried_out(run).state == Run.State.SUCCEEDED
    change = in_force().change
    assert (change.level, change.origin, change.incident) == (1, DegradationChange.Origin.STEP, incident)
    assert timedelta(minutes=59) < change.until - now() < timedelta(minutes=61)
    assert level_of_product(world) == 1


def test_a_drill_does_not_change_the_level_of_real_users(world, settings):
    settings.DR_MODE = "live"
    context = Context(
        run_code="",
        subject="degradation",
        reference="",
        context={},
        key="x",
        parameters={"level": 3},
        token="x",
        deadline=Deadline.after(5),
        is_practice=True,
    )
    assert SetLevel().observe(context).sight is Sight.MATCHES


# --- By a rule: a threshold that is crossed ------------------------------------------------------------------------


def crossed(level, key="error-rate", **fields):
    """A breach of a threshold that the plan has this level for."""
    threshold = Threshold.objects.get(key=key)
    threshold.degradation = DegradationLevel.objects.get(level=level)
    threshold.save()
    measured = {"limit": 1, "value": 5, "worst": 5, "last": 5, "window_seconds": 60, "source": "probes"}
    names = {name: getattr(threshold, name) for name in ("metric", "comparison", "unit")}
    return Breach.objects.create(threshold=threshold, opened_at=now(), **measured | names | fields)


def followed():
    """What follows from the thresholds now, carried out."""
    run = degradation.follow_thresholds(now())
    return carried_out(run) if run else None


def test_a_crossed_threshold_sets_its_level_and_puts_it_back_after(world):
    incident = make.incident()
    breach = crossed(2, incident=incident)
    assert followed().state == Run.State.SUCCEEDED
    assert followed() is None, "it is so already"
    change = in_force().change
    assert (change.level, change.origin, change.reason) == (2, DegradationChange.Origin.RULE, "Error rate")
    assert change.incident == incident
    Breach.objects.filter(pk=breach.pk).update(cleared_at=now())
    assert followed().state == Run.State.SUCCEEDED
    assert (in_force().level, level_of_product(world)) == (0, 0)
    assert followed() is None


def test_of_several_the_severest_holds_and_then_the_next(world):
    first, second = crossed(1, "throughput"), crossed(3)
    followed()
    assert in_force().level == 3
    Breach.objects.filter(pk=second.pk).update(cleared_at=now())
    followed()
    assert in_force().level == 1
    Breach.objects.filter(pk=first.pk).update(cleared_at=now())
    followed()
    assert (in_force().level, level_of_product(world)) == (0, 0)
    assert followed() is None


def test_what_a_person_has_decided_since_stays(world):
    ada = make.user("ada")
    breach = crossed(2)
    followed()
    carried_out(degradation.put_back(in_force().change, by=ada))
    assert followed() is None
    assert in_force().level == 0
    Breach.objects.filter(pk=breach.pk).update(cleared_at=now())
    assert followed() is None


def test_a_level_that_a_person_set_is_not_lowered_by_a_rule(world):
    carried_out(degradation.set_level(3, by=make.user("ada")))
    breach = crossed(1)
    assert followed() is None
    Breach.objects.filter(pk=breach.pk).update(cleared_at=now())
    assert followed() is None
    assert in_force().level == 3


def test_a_threshold_without_a_level_changes_nothing(world):
    breach = crossed(2)
    breach.threshold.degradation = None
    breach.threshold.save()
    assert followed() is None
