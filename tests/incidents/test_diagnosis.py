"""The whole matrix of what can be wrong, and what is concluded from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dr_console.web.sentences import spoken
from incidents import models
from incidents.diagnosis import diagnose, said
from incidents.observations import Diagnosis, Kind, Observations, Place, Rules
from tests.incidents.seeing import CALIFORNIA, FRANKFURT, T0, TOKYO, Watcher, World

RULES = Rules()
HOSTS = ("api.example.com", "cdn.example.com", "images.example.com")
MOVED = dict.fromkeys(HOSTS, CALIFORNIA)


def concluded(world: World, *, rounds: int = 3, places: tuple[str, ...] = ("here",), **watcher: object) -> Diagnosis:
    """After two good rounds, something breaks; what is concluded so many rounds later."""
    seer = Watcher(World(leads_to=world.leads_to), places)
    for name, value in watcher.items():
        setattr(seer, name, value)
    seer.round()
    seer.round()
    seer.world = world
    for _ in range(rounds):
        seen = seer.round()
    return diagnose(seen, RULES)


@pytest.mark.parametrize(
    ("world", "kind", "subject", "is_felt"),
    [
        (World(), Kind.WELL, "", False),
        (World(api_broken={TOKYO}), Kind.API_ERRORS, "api", True),
        (World(cdn_fails=True), Kind.CDN_FAILURE, "", True),
        (World(lost={TOKYO}), Kind.REGION_FAILURE, TOKYO, True),
        (World(lost={CALIFORNIA}), Kind.REGION_FAILURE, CALIFORNIA, False),
        (World(lost={FRANKFURT}), Kind.REGION_FAILURE, FRANKFURT, False),
        (World(lost={TOKYO, CALIFORNIA, FRANKFURT}), Kind.REGION_FAILURE, TOKYO, True),
        (World(isolated={"here"}), Kind.CUT_OFF, "", False),
        (World(parts_broken={(TOKYO, "cache")}), Kind.WELL, "", False),
        (World(parts_broken={(TOKYO, "database"), (CALIFORNIA, "database")}), Kind.WELL, "", False),
        (World(name_broken={"api.example.com"}), Kind.UNSURE, "api", True),
        (World(name_broken={"backup.example.com"}), Kind.WELL, "", False),
        (World(lost={TOKYO}, cdn_fails=True), Kind.REGION_FAILURE, TOKYO, True),
        (World(api_broken={TOKYO}, cdn_fails=True), Kind.API_ERRORS, "api", True),
        (World(api_broken={TOKYO}, lost={CALIFORNIA}), Kind.API_ERRORS, "api", True),
        (World(cdn_fails=True, lost={CALIFORNIA}), Kind.CDN_FAILURE, "", True),
    ],
)
def test_what_is_concluded_from_what_is_wrong(world, kind, subject, is_felt):
    found = concluded(world)
    assert (found.kind, found.subject, found.is_felt) == (kind, subject, is_felt)
    assert found.reasons


@pytest.mark.parametrize(
    ("world", "kind", "subject", "is_felt"),
    [
        (World(lost={TOKYO}, leads_to=MOVED), Kind.REGION_FAILURE, TOKYO, False),
        (World(lost={CALIFORNIA}, leads_to=MOVED), Kind.REGION_FAILURE, CALIFORNIA, True),
        (World(lost={TOKYO, CALIFORNIA}, leads_to=MOVED), Kind.REGION_FAILURE, CALIFORNIA, True),
        (World(lost={TOKYO}, api_broken={CALIFORNIA}, leads_to=MOVED), Kind.API_ERRORS, "api", True),
        (World(cdn_fails=True, leads_to=MOVED), Kind.CDN_FAILURE, "", True),
    ],
)
def test_the_same_once_users_are_led_to_california(world, kind, subject, is_felt):
    found = concluded(world, serving=dict.fromkeys(("api", "cdn", "object-storage"), CALIFORNIA))
    assert (found.kind, found.subject, found.is_felt) == (kind, subject, is_felt)


def test_only_the_api_was_moved_and_the_first_region_is_lost():
    found = concluded(
        World(lost={TOKYO}, leads_to={"api.example.com": CALIFORNIA}),
        serving={"api": CALIFORNIA, "cdn": TOKYO, "object-storage": TOKYO},
    )
    assert (found.kind, found.subject) == (Kind.REGION_FAILURE, TOKYO)
    assert found.services == ("cdn", "object-storage")
    assert not found.is_total


def test_the_kinds_that_a_plan_may_answer_are_the_plans_own_words():
    assert {kind.value for kind in Kind} & set(models.Failure.values) == {"api_errors", "cdn_failure", "region_failure"}


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (World(lost={TOKYO}), ["5 of 5 addresses fail (no answer)", "Users notice: api.example.com", "not cut off"]),
        (
            World(api_broken={TOKYO}),
            ["fails in asia-northeast-1, also when asked directly (status 503)", "The rest of"],
        ),
        (World(cdn_fails=True), ["fail through the CDN (status 500)", "Their origins answer when asked directly"]),
        (World(isolated={"here"}), ["0 answer here", "Everything fails at once", "the console that hears nothing"]),
        (World(name_broken={"api.example.com"}), ["Only api.example.com fails through the CDN"]),
    ],
)
def test_the_reasons_are_given_in_words(world, words):
    told = " | ".join(spoken(reason) for reason in concluded(world).reasons)
    for each in words:
        assert each in told


def test_names_are_those_of_the_plan_in_the_readers_language():
    seer = Watcher(World())
    seer.round()
    seer.world = World(lost={TOKYO})
    for _ in range(3):
        seen = seer.round()
    names = {f"region:{TOKYO}": {"en": "Tokyo", "zh-hans": "东京"}, f"region:{CALIFORNIA}": {"en": "California"}}
    seen = Observations(seen.at, seen.places, seen.sightings, seen.serving, seen.services, names)
    found = diagnose(seen, RULES)
    assert spoken(said(found, names)) == "Region failure: Tokyo does not answer"
    assert "Other regions answer: California, eu-central-1" in [spoken(reason) for reason in found.reasons]


def test_a_cold_standby_is_not_missed_until_users_are_there():
    seer = Watcher(World(lost={FRANKFURT}))
    for _ in range(4):
        seen = replace(seer.round(), cold=frozenset({FRANKFURT}))
    found = diagnose(seen, RULES)
    assert found.kind is Kind.WELL
    assert "frankfurt.origin.example.com" in spoken(found.doubts[0])
    leads_to = dict.fromkeys(HOSTS, FRANKFURT)
    seer.world = World(lost={FRANKFURT, TOKYO, CALIFORNIA}, leads_to=leads_to)
    seer.serving = dict.fromkeys(seer.serving, FRANKFURT)
    for _ in range(4):
        seen = replace(seer.round(), cold=frozenset({FRANKFURT}))
    found = diagnose(seen, RULES)
    assert (found.kind, found.subject, found.is_felt) == (Kind.REGION_FAILURE, FRANKFURT, True)


def test_what_does_not_fit_is_told_as_well():
    broken = {(TOKYO, "database"), (CALIFORNIA, "database")}
    found = concluded(World(api_broken={TOKYO, CALIFORNIA, FRANKFURT}, parts_broken=broken))
    assert "in every other region as well" in " ".join(spoken(doubt) for doubt in found.doubts)
    found = concluded(World(lost={TOKYO, CALIFORNIA, FRANKFURT}))
    assert [spoken(doubt) for doubt in found.doubts] == ["No other region answers either"]


# --- Evidence has to be younger than the failure ------------------------------------------------------------------


def test_a_region_that_goes_in_the_middle_of_a_round_is_not_taken_for_errors_of_its_api():
    seer = Watcher(World())
    seer.round()
    # The API was asked when it was gone already, the rest of the region just before.
    seer.world = World(api_broken={TOKYO})
    seer.round()
    seer.world = World(lost={TOKYO})
    assert diagnose(seer.round(0.15, only_bad=True), RULES).kind is Kind.UNSURE
    found = diagnose(seer.round(0.15, only_bad=True), RULES)
    assert (found.kind, found.rounds) == (Kind.UNSURE, 0)
    assert not found.is_confirmed(RULES)
    assert diagnose(seer.round(), RULES).kind is Kind.UNSURE
    found = diagnose(seer.round(0.15, only_bad=True), RULES)
    assert (found.kind, found.subject) == (Kind.REGION_FAILURE, TOKYO)


def test_a_console_that_is_cut_off_in_the_middle_of_a_round_believes_no_region_to_be_lost():
    seer = Watcher(World())
    seer.round()
    seer.world = World(lost={TOKYO, CALIFORNIA, FRANKFURT})
    seen = seer.round()
    here = Place("here", seer.at, 3, 3, seer.at - timedelta(seconds=5))
    seen = Observations(seen.at, (here,), seen.sightings, seen.serving, seen.services)
    assert diagnose(seen, RULES).kind is Kind.UNSURE


def test_without_independent_hosts_a_total_failure_is_never_certain():
    seer = Watcher(World(), canaries=0)
    seer.round()
    seer.world = World(isolated={"here"})
    for _ in range(50):
        found = diagnose(seer.round(), RULES)
        assert found.kind is Kind.UNSURE
        assert not found.is_confirmed(RULES)


@pytest.mark.parametrize("before", [World(lost={TOKYO}), World(api_broken={TOKYO})], ids=["region", "api"])
def test_a_region_that_comes_back_before_its_names_is_not_taken_for_a_failure_of_the_cdn(before):
    seer = Watcher(World())
    seer.round()
    seer.world = before
    for _ in range(10):
        seer.round()
    seer.world = World(name_broken=set(HOSTS))
    assert not diagnose(seer.round(), RULES).is_confirmed(RULES)
    assert not diagnose(seer.round(), RULES).is_confirmed(RULES)
    seer.world = World()
    assert diagnose(seer.round(), RULES).kind is Kind.WELL


def test_a_confirmation_counts_like_a_round():
    seer = Watcher(World())
    seer.round()
    seer.world = World(lost={TOKYO})
    assert not diagnose(seer.round(), RULES).is_confirmed(RULES)
    assert not diagnose(seer.round(0.15, only_bad=True), RULES).is_confirmed(RULES)
    assert diagnose(seer.round(0.15, only_bad=True), RULES).is_confirmed(RULES)


# --- Several places ------------------------------------------------------------------------------------------------


def from_places(**worlds: World) -> Diagnosis:
    """Each place sees a world of its own."""
    seers = {name: Watcher(World(), (name,)) for name in worlds}
    for _ in range(2):
        for seer in seers.values():
            seer.round()
    for _ in range(3):
        for name, seer in seers.items():
            seer.world = worlds[name]
            seer.round()
    all_seen = [seer.seen() for seer in seers.values()]
    places = tuple(place for seen in all_seen for place in seen.places)
    sightings = tuple(one for seen in all_seen for one in seen.sightings)
    first = all_seen[0]
    return diagnose(Observations(first.at, places, sightings, first.serving, first.services), RULES)


def test_one_of_three_places_that_sees_a_failure_is_outvoted():
    found = from_places(here=World(lost={TOKYO}), there=World(), elsewhere=World())
    assert (found.kind, found.against) == (Kind.WELL, ("here",))


def test_two_of_three_are_enough():
    found = from_places(here=World(lost={TOKYO}), there=World(lost={TOKYO}), elsewhere=World())
    assert (found.kind, found.supported_by, found.against) == (
        Kind.REGION_FAILURE,
        ("here", "there"),
        ("elsewhere",),
    )
    assert found.is_confirmed(RULES)


def test_half_is_not_enough():
    found = from_places(here=World(lost={TOKYO}), there=World())
    assert found.kind is Kind.UNSURE
    assert not found.is_confirmed(RULES)
    assert "here sees it differently" in spoken(found.reasons[0])


def test_a_place_that_is_cut_off_is_no_witness():
    found = from_places(here=World(isolated={"here"}), there=World())
    assert (found.kind, found.supported_by) == (Kind.WELL, ("there",))
    found = from_places(here=World(isolated={"here"}), there=World(lost={TOKYO}))
    assert (found.kind, found.supported_by) == (Kind.REGION_FAILURE, ("there",))
    found = from_places(here=World(isolated={"here"}), there=World(isolated={"there"}))
    assert (found.kind, set(found.supported_by)) == (Kind.CUT_OFF, {"here", "there"})


def test_a_place_that_is_not_heard_of_any_more_does_not_count():
    seer = Watcher(World(lost={TOKYO}))
    for _ in range(3):
        seen = seer.round()
    late = Place("gone", T0 - timedelta(minutes=1), 3, 3, T0 - timedelta(minutes=1))
    seen = Observations(seen.at, (*seen.places, late), seen.sightings, seen.serving, seen.services)
    assert diagnose(seen, RULES).kind is Kind.REGION_FAILURE
    nobody = Observations(seen.at + timedelta(minutes=1), seen.places, seen.sightings, seen.serving, seen.services)
    assert diagnose(nobody, RULES).kind is Kind.UNSURE
    assert not diagnose(nobody, RULES).is_confirmed(RULES)


def test_it_is_kept_as_plain_facts():
    facts = concluded(World(lost={TOKYO})).facts()
    assert facts["kind"] == "region_failure"
    assert facts["services"] == ["api", "cdn", "object-storage"]
    assert facts["began_at"] == (T0 + timedelta(seconds=10)).isoformat()
