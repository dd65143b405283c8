"""Who would hear what when, climbed by the code that pages for real."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from dr_console.notifications.models import Delivery
from dr_console.plans import reader, services
from incidents.escalation_forms import SimulationForm, first_guess
from incidents.models import Contact, EscalationPolicy, Override, Rotation, Severity
from incidents.queries.escalation_simulation import MOST_STEPS, Asked, simulate
from tests import make

pytestmark = pytest.mark.django_db

SATURDAY = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plan():
    return make.plan()


def change(**sections):
    """A plan with other entries: the function of each section changes its entries in place."""
    content = deepcopy(services.export())
    for name, alter in sections.items():
        alter({entry["key"]: entry for entry in content[name]})
    return services.load(reader.validate(content), by=None, source="changed.yaml")


def told(simulation):
    return [(int(line.after.total_seconds()) // 60, line.who) for line in simulation.lines if line.key]


# --- Climbing ----------------------------------------------------------------------------------------------------
def test_every_level_is_told_when_those_before_it_have_let_their_time_pass():
    found = told(simulate(Asked("P0", SATURDAY)))
    assert [minutes for minutes, _who in found[:4]] == [0, 5, 10, 15]
    assert found[0][1] == "On-call engineer"


def test_the_ladder_is_climbed_as_often_as_the_plan_says_and_ends_with_the_last_resort():
    simulation = simulate(Asked("P0", SATURDAY))
    policy = EscalationPolicy.objects.get(severity="P0")
    assert len(told(simulation)) == policy.rounds * policy.levels.count() + 1
    assert simulation.lines[-1].what == "Last resort"
    assert simulation.lines[-1].after == timedelta(minutes=45)
    assert "Here the ladder ends" in simulation.end


def test_nobody_is_told_by_a_simulation():
    simulate(Asked("P0", SATURDAY))
    assert not Delivery.objects.exists()


def test_it_says_by_what_and_why():
    first = simulate(Asked("P1", SATURDAY)).lines[0]
    assert first.by == ["PagerDuty", "Slack"]
    assert first.why[0] == f"On call in “{Rotation.objects.get().name}”"


def test_whoever_is_named_by_the_level_is_said_to_be():
    lead = next(line for line in simulate(Asked("P0", SATURDAY)).lines if line.key == "technical-lead")
    assert lead.why == ["Named by the level"]
    assert any("placeholder" in way for way in lead.by)


def test_an_override_is_said_to_be_why():
    Override.objects.create(
        rotation_key=Rotation.objects.get().key,
        contact_key="cto",
        starts_at=SATURDAY - timedelta(hours=1),
        ends_at=SATURDAY + timedelta(hours=1),
        made_by=make.user("ada"),
    )
    first = simulate(Asked("P0", SATURDAY)).lines[0]
    assert first.key == "cto"
    assert "By an override of the schedule" in first.why


def test_who_hears_of_it_depends_on_the_moment():
    def two_people(rotations):
        next(iter(rotations.values())).update(period="daily", participants=["cto", "technical-lead"])

    change(rotations=two_people)
    today = simulate(Asked("P0", SATURDAY)).lines[0].key
    tomorrow = simulate(Asked("P0", SATURDAY + timedelta(days=1))).lines[0].key
    assert {today, tomorrow} == {"cto", "technical-lead"}


def test_a_hand_over_in_the_middle_of_the_climb_is_seen():
    def two_people(rotations):
        next(iter(rotations.values())).update(
            period="daily", hand_over_at="03:07", time_zone="UTC", participants=["cto", "technical-lead"]
        )

    change(rotations=two_people)
    firsts = [line for line in simulate(Asked("P0", SATURDAY)).lines if line.key and line.place.endswith("level 1")]
    assert len({line.key for line in firsts}) == 2


# --- What if ------------------------------------------------------------------------------------------------------
def test_a_level_whose_people_are_away_goes_to_nobody_and_the_next_is_told_at_once():
    simulation = simulate(Asked("P0", SATURDAY, absent=["technical-lead"]))
    assert "technical-lead" not in {line.key for line in simulation.lines}
    nobody = next(line for line in simulation.lines if line.kind == "nobody_at_level")
    assert nobody.is_red
    assert nobody.why == ["Technical lead: away, or not in the plan any more"]
    assert told(simulation)[1] == (5, "CTO")


def test_whose_turn_it_is_passes_to_the_next_when_they_are_away():
    def two_people(rotations):
        next(iter(rotations.values())).update(participants=["cto", "technical-lead"])

    change(rotations=two_people)
    first = simulate(Asked("P0", SATURDAY)).lines[0].key
    other = simulate(Asked("P0", SATURDAY, absent=[first])).lines[0]
    assert {first, other.key} == {"cto", "technical-lead"}
    assert any("is away" in reason for reason in other.why)


def test_when_everybody_is_away_nobody_is_paged_at_all():
    simulation = simulate(Asked("P0", SATURDAY, absent=list(Contact.objects.values_list("key", flat=True))))
    assert not told(simulation)
    assert simulation.end == "Nobody would be paged at all."


def test_an_answer_ends_it_and_without_progress_it_goes_on():
    simulation = simulate(Asked("P0", SATURDAY, answers="technical-lead", after=timedelta(minutes=2)))
    kinds = [line.kind for line in simulation.lines]
    assert kinds == ["level_started", "level_started", "acknowledged", "reminded", "ack_expired", "level_started"]
    assert simulation.lines[2].after == timedelta(minutes=7)
    assert simulation.lines[4].after == timedelta(minutes=22)


def test_an_answer_that_comes_too_late_does_not_hold_the_next_level():
    simulation = simulate(Asked("P0", SATURDAY, answers="technical-lead", after=timedelta(minutes=6)))
    assert [line.key for line in simulation.lines[:3]] == ["on-call-engineer", "technical-lead", "cto"]
    assert simulation.lines[3].kind == "acknowledged"


def test_quiet_hours_hold_what_can_wait_and_say_so():
    def quiet(contacts):
        for one in contacts.values():
            one.update(quiet_hours="22:00-07:00", time_zone="UTC")

    change(contacts=quiet)
    first = simulate(Asked("P3", SATURDAY)).lines[0]
    assert first.after == timedelta(hours=4)
    assert any("quiet hours" in reason for reason in first.why)
    assert simulate(Asked("P0", SATURDAY)).lines[0].after == timedelta(0)


def test_a_plan_without_a_ladder_is_said_to_have_none():
    EscalationPolicy.objects.update(retired_at=SATURDAY)
    simulation = simulate(Asked("P0", SATURDAY))
    assert not simulation.has_policy
    assert not told(simulation)


@pytest.mark.parametrize("severity", Severity.values)
def test_the_longest_ladder_ends(severity):
    def often(policies):
        for one in policies.values():
            one["rounds"] = 20

    change(escalation_policies=often)
    simulation = simulate(Asked(severity, SATURDAY))
    assert not simulation.is_cut_off
    assert len(simulation.lines) < MOST_STEPS


def test_the_number_of_queries_does_not_grow_with_the_rounds(django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        simulate(Asked("P0", SATURDAY))


# --- The page -----------------------------------------------------------------------------------------------------
@pytest.fixture
def page(client):
    client.force_login(make.user("vera", role="viewer"))

    def get(status=200, **query):
        response = client.get(reverse("incidents:escalation-simulate"), query)
        assert response.status_code == status
        return response.content.decode()

    return get


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-11-23 01:00", "2026-11-28T03:00"),
        ("2026-11-28 02:59", "2026-11-28T03:00"),
        ("2026-11-28 03:00", "2026-12-05T03:00"),
        ("2026-11-29 12:00", "2026-12-05T03:00"),
    ],
)
def test_without_being_asked_it_is_next_saturday_at_three(at, begins):
    assert first_guess(datetime.fromisoformat(at).replace(tzinfo=UTC))["at"] == begins


def test_the_page_opens_with_a_simulation(page):
    text = page()
    assert "On-call engineer" in text
    assert 'value="P1" selected' in text


def test_it_takes_the_time_by_the_clock_of_the_zone(page):
    text = page(severity="P1", at="2026-11-28T03:00", zone="UTC")
    assert "2026-11-28 03:00 UTC" in text
    form = SimulationForm({"severity": "P1", "at": "2026-11-28T03:00", "zone": "Asia/Shanghai"})
    Contact.objects.filter(key="cto").update(time_zone="Asia/Shanghai")
    form = SimulationForm({"severity": "P1", "at": "2026-11-28T03:00", "zone": "Asia/Shanghai"})
    assert form.is_valid(), form.errors
    assert form.asked().at == datetime(2026, 11, 27, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"severity": "P9"},
        {"at": "yesterday"},
        {"at": ""},
        {"at": "9999-12-31T23:59"},
        {"at": "0001-01-01T00:00", "zone": "Asia/Shanghai"},
        {"zone": "Mars/Olympus"},
        {"absent": "nobody-known"},
        {"after": "-1"},
        {"answers": "nobody-known"},
    ],
    ids=["severity", "at", "no time", "end of time", "first day", "zone", "absent", "after", "answers"],
)
def test_what_cannot_be_simulated_is_said_and_nothing_typed_is_lost(page, wrong):
    text = page(422, **({"severity": "P2", "at": "2026-11-28T03:00", "zone": "UTC"} | wrong))
    assert "This cannot be simulated yet" in text


def test_htmx_gets_the_result_alone(client):
    client.force_login(make.user("vera", role="viewer"))
    response = client.get(reverse("incidents:escalation-simulate"), headers={"HX-Request": "true"})
    assert "incidents/_simulation.html" in [template.name for template in response.templates]
    assert "<html" not in response.content.decode()


def test_a_person_without_a_role_may_not(client):
    client.force_login(make.user("nobody"))
    assert client.get(reverse("incidents:escalation-simulate")).status_code == 403


# --- The command --------------------------------------------------------------------------------------------------
def test_the_command_prints_the_same(capsys):
    call_command("simulate_page", "P0", "2026-11-28 03:00", zone="UTC")
    text = capsys.readouterr().out
    assert "2026-11-28 03:00 UTC     at once  On-call engineer by PagerDuty" in text
    assert "2026-11-28 03:05 UTC       5 min  Technical lead" in text
    assert "Here the ladder ends" in text


def test_for_programs_it_prints_json(capsys):
    call_command(
        "simulate_page", "P1", "2026-11-28 03:00", "--zone=Asia/Shanghai", "--absent=cto", "--answers=technical-lead",
        "--after=3", "--json",
    )  # fmt: skip
    facts = json.loads(capsys.readouterr().out)
    assert facts["begins_at"] == "2026-11-27T19:00:00Z"
    assert facts["lines"][0]["contact"] == "on-call-engineer"
    assert facts["answers_after_seconds"] == 180
    assert {"at", "after_seconds", "kind", "place", "what", "contact", "who", "by", "why"} == set(facts["lines"][0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["P0", "soon"], "no time"),
        (["P0", "2026-11-28 03:00", "--zone=Mars/Olympus"], "no time"),
        (["P0", "9999-12-31 23:59"], "no time"),
        (["P0", "2026-11-28 03:00", "--absent=bob"], "no contact “bob”"),
        (["P0", "2026-11-28 03:00", "--after=9999"], "0 to 1440"),
    ],
    ids=["time", "zone", "year", "absent", "after"],
)
def test_what_was_asked_for_wrongly_is_said(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("simulate_page", *arguments)


def test_it_says_by_its_exit_status_that_nobody_would_be_paged():
    Contact.objects.update(retired_at=SATURDAY)
    with pytest.raises(SystemExit):
        call_command("simulate_page", "P0", "2026-11-28 03:00")
