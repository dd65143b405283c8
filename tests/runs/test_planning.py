"""The dry run: it shows what would be done, changes nothing, and notices when the world has moved on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError, Refused
from dr_console.providers import dry
from dr_console.runs import planning, registry
from dr_console.runs.models import Run, StoredPreview
from dr_console.runs.registry import Context, Facts, Observation, Preview, Sight, StepFunction, Warning
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.sentences import sentence

pytestmark = pytest.mark.django_db(transaction=True)


class World:
    """What the step functions below look at."""

    points_at = "tokyo"
    failing: ProviderError | None = None
    warnings: tuple[Warning, ...] = ()


class Point(StepFunction):
    name = "test.point"

    def observe(self, context: Context) -> Observation:
        if World.failing:
            raise World.failing
        wanted = context.parameters["to"]
        sight = Sight.MATCHES if World.points_at == wanted else Sight.DIFFERS
        return Observation(
            sight, {"content": World.points_at}, {"content": wanted}, before={"content": World.points_at}
        )

    def preview(self, context: Context) -> Preview:
        return Preview(self.observe(context), warnings=World.warnings, seconds=2.0)


class Careless(StepFunction):
    """One that would change something while it should only look."""

    name = "test.careless"

    def observe(self, context: Context) -> Observation:
        dry.about_to_send("Cloudflare", "change the DNS record", reads=False)
        return Observation(Sight.MATCHES)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> type[World]:
    monkeypatch.setattr(registry, "_functions", {})
    monkeypatch.setattr(registry, "_sources", [])  # else those of the apps would be lost with it
    registry.register(Point, Careless)
    World.points_at, World.failing, World.warnings = "tokyo", None, ()
    return World


def spec(*steps: StepSpec, **fields: Any) -> RunSpec:
    parts = steps or (StepSpec("point", "test.point", {"en": "Point DNS", "zh-hans": "指向"}, {"to": "california"}),)
    defaults: dict[str, Any] = {"kind": Run.Kind.FAILOVER, "subject": "service:api", "titles": {"en": "Failover"}}
    return RunSpec(**{**defaults, "steps": parts, "plan_key": "region", "plan_version": 1, **fields})


def stored(shown: planning.RunPreview) -> StoredPreview:
    return planning.store(shown, by=None)


def test_it_shows_what_is_and_what_would_be():
    (step,) = planning.preview(spec()).steps
    assert step.preview is not None
    assert (step.mark, step.preview.observation.now, step.preview.observation.wanted) == (
        "~",
        {"content": "tokyo"},
        {"content": "california"},
    )


def test_what_is_as_wanted_already_is_marked_so():
    World.points_at = "california"
    assert planning.preview(spec()).steps[0].mark == "="


def test_whoever_quotes_it_may_start_while_nothing_has_changed():
    first = planning.preview(spec())
    assert planning.check(stored(first), spec()).sum == first.sum


def test_it_names_what_has_changed_since():
    kept = stored(planning.preview(spec()))
    World.points_at = "frankfurt"
    with pytest.raises(Refused, match="The world has changed since the preview: Point DNS"):
        planning.check(kept, spec())


def test_another_version_of_the_plan_needs_another_preview():
    kept = stored(planning.preview(spec()))
    with pytest.raises(Refused, match="The plan has changed"):
        planning.check(kept, spec(plan_version=2))


def test_other_parameters_need_another_preview():
    kept = stored(planning.preview(spec()))
    other = StepSpec("point", "test.point", {"en": "Point DNS"}, {"to": "frankfurt"})
    with pytest.raises(Refused, match="Point DNS"):
        planning.check(kept, spec(other))


def test_after_an_hour_it_has_to_be_looked_at_again():
    kept = stored(planning.preview(spec()))
    StoredPreview.objects.update(at=now() - timedelta(minutes=61))
    kept.refresh_from_db()
    with pytest.raises(Refused, match="older than an hour"):
        planning.check(kept, spec())


def test_old_ones_are_forgotten():
    stored(planning.preview(spec()))
    StoredPreview.objects.update(at=now() - timedelta(minutes=61))
    newer = stored(planning.preview(spec()))
    assert list(StoredPreview.objects.all()) == [newer]


def test_a_step_that_cannot_look_stands_in_the_way_and_says_why():
    World.failing = ProviderError("Cloudflare", "read the DNS record", Problem.CREDENTIALS, status=403)
    shown = planning.preview(spec())
    assert shown.steps[0].mark == "?"
    assert "Cloudflare did not let us" in str(shown.blockers)


def test_a_warning_that_blocks_refuses_the_start():
    kept = stored(planning.preview(spec()))
    World.warnings = (
        Warning(sentence("The standby is not ready."), blocks=True),
        Warning(sentence("The TTL is long.")),
    )
    shown = planning.preview(spec())
    assert [len(shown.blockers), len(shown.warnings)] == [1, 1]
    with pytest.raises(Refused, match="The standby is not ready"):
        planning.check(kept, spec())


def test_a_call_that_would_change_something_is_not_sent():
    with pytest.raises(dry.WouldChange, match="Cloudflare was about to be asked to change the DNS record"):
        planning.preview(spec(StepSpec("careless", "test.careless")))


def test_side_by_side_steps_count_once_in_the_expected_time():
    steps = [
        StepSpec("a", "test.point", parameters={"to": "x"}),
        StepSpec("b", "test.point", parameters={"to": "y"}),
        StepSpec("c", "test.point", parameters={"to": "z"}, depends_on=("a", "b")),
        StepSpec("alert", "test.point", parameters={"to": "z"}, depends_on=("c",), runs_on="failure"),
    ]
    assert planning.preview(spec(*steps)).seconds == 4.0


def test_earlier_runs_tell_how_long_a_step_takes():
    for seconds in (3, 5, 40):
        run = Run.objects.create(
            kind="failover", subject=f"s{seconds}", trigger="person", mode="sandbox", client_token=f"t{seconds}",
            generation=1, plan_key="region",
        )  # fmt: skip
        ended = now()
        run.steps.create(
            key="point", position=0, does="test.point", state="succeeded",
            started_at=ended - timedelta(seconds=seconds), ended_at=ended,
        )  # fmt: skip
    assert planning.expected_seconds(spec()) == {"point": pytest.approx(5.0)}
    assert planning.preview(spec()).seconds == pytest.approx(5.0)


def test_facts_are_kept_as_the_database_gives_them_back():
    facts: Facts = {"hosts": ("a", "b"), 1: "x"}  # type: ignore[dict-item]
    assert planning.json_values(facts) == {"hosts": ["a", "b"], "1": "x"}
