"""What really happened: figures that the console's own are held against."""

from __future__ import annotations

import pytest

from dr_console.sandbox.canaries import Canaries, Run
from dr_console.sandbox.clock import Clock
from dr_console.sandbox.faults import Kind, Rule
from dr_console.sandbox.figures import doubles, figures
from dr_console.sandbox.names import Name
from dr_console.sandbox.world import World
from tests.sandbox.test_product import Hand

TOKYO, CALIFORNIA = "tokyo.origin.example.com", "california.origin.example.com"


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def world(hand: Hand) -> World:
    """One without vendors: Tokyo answers for all names."""
    world = World(Clock(real=hand))
    for name in ("api", "www", "cdn", "images"):
        point(world, f"{name}.example.com", TOKYO)
    for origin in world.origins.values():
        world.names.publish(origin.host, "A", [Name(origin.host, "A", origin.address, 300)])
    return world


def point(world: World, name: str, to: str) -> None:
    world.names.publish(name, "CNAME", [Name(name, "CNAME", to, proxied=True)])


def pass_time(world: World, hand: Hand, seconds: int) -> None:
    for _ in range(seconds):
        hand.seconds += 1
        world.clock.run_due()


def lose(world: World, region: str = "asia-northeast-1", **rule: object) -> None:
    world.faults.add(Rule(kind=Kind.REGION_LOST, region=region, **rule))


def test_the_true_rto_is_from_the_first_failure_to_the_first_lasting_success(world: World, hand: Hand):
    pass_time(world, hand, 60)
    failed_at = world.clock.now()
    lose(world)
    pass_time(world, hand, 120)
    world.faults.clear()
    healed_at = world.clock.now()
    pass_time(world, hand, 30)
    (episode,) = figures(world)["episodes"]
    assert (episode["failed_at"], episode["healed_at"]) == (failed_at, healed_at)
    assert episode["first_failed_at"] == pytest.approx(failed_at + 1, abs=1)
    assert episode["first_good_at"] == pytest.approx(healed_at + 1, abs=1)
    assert episode["rto_seconds"] == pytest.approx(120, abs=1)
    assert episode["canaries_refused"] == 120


def test_a_success_that_does_not_last_ten_seconds_does_not_count(world: World, hand: Hand):
    lose(world, on_seconds=60.0, off_seconds=5.0, until=150.0)
    pass_time(world, hand, 200)
    (episode,) = figures(world)["episodes"]
    assert len(episode["services"]["api"]["outages"]) == 1
    assert episode["rto_seconds"] == pytest.approx(150, abs=2)


def test_an_outage_that_goes_on_has_no_rto_yet(world: World, hand: Hand):
    lose(world)
    pass_time(world, hand, 60)
    (episode,) = figures(world)["episodes"]
    assert episode["first_failed_at"] is not None
    assert (episode["first_good_at"], episode["rto_seconds"], episode["healed_at"]) == (None, None, None)


def test_a_failover_moves_users_and_the_truth_says_when(world: World, hand: Hand):
    pass_time(world, hand, 30)
    lose(world)
    pass_time(world, hand, 60)
    point(world, "api.example.com", CALIFORNIA)
    pass_time(world, hand, 330)
    (episode,) = figures(world)["episodes"]
    assert 60 <= episode["rto_seconds"] <= 361
    assert episode["healed_at"] is None


def test_it_makes_no_difference_whether_time_passes_slowly_or_at_once(hand: Hand, world: World):
    lose(world, after=100.0, until=400.0)
    world.clock.advance(700)
    (at_once,) = figures(world)["episodes"]
    assert at_once["first_failed_at"] == pytest.approx(at_once["failed_at"] + 1, abs=1)
    assert at_once["rto_seconds"] == pytest.approx(300, abs=1)
    assert at_once["canaries_refused"] == 300


def test_even_a_day_at_once_keeps_to_the_moments_at_which_the_world_changes(world: World):
    lose(world, after=30_000.0, until=40_000.0)
    world.clock.advance(86_400)
    (episode,) = figures(world)["episodes"]
    assert episode["rto_seconds"] == pytest.approx(10_000, rel=0.02)
    canaries = figures(world)["canaries"]
    assert canaries["acknowledged"] + canaries["refused"] == pytest.approx(86_400, abs=100)


def test_what_was_acknowledged_and_is_not_there_is_lost(world: World, hand: Hand):
    pass_time(world, hand, 600)
    world.faults.add(Rule(kind=Kind.DATA_LOST, seconds=200.0))
    pass_time(world, hand, 60)
    canaries = figures(world)["canaries"]
    assert canaries["lost"] == pytest.approx(200, abs=1)
    assert canaries["rpo_seconds"] == pytest.approx(200, abs=1)
    assert canaries["newest_lost"]["number"] == 600


def test_a_restore_from_a_snapshot_loses_what_was_written_since(world: World, hand: Hand):
    pass_time(world, hand, 100)
    snapshot = world.stores.database().copied("snapshot")
    pass_time(world, hand, 50)
    world.stores.databases["gemini-db"] = snapshot.copied("gemini-db")
    canaries = figures(world)["canaries"]
    assert (canaries["lost"], canaries["lost_runs"]) == (50, [[101, 150]])


def test_nothing_is_lost_where_nothing_was_lost(world: World, hand: Hand):
    lose(world, until=60.0)
    pass_time(world, hand, 120)
    canaries = figures(world)["canaries"]
    assert (canaries["lost"], canaries["rpo_seconds"], canaries["refused"]) == (0, 0.0, 59)


def test_rows_are_kept_two_days(world: World):
    world.clock.advance(4 * 86_400)
    assert len(world.users.acknowledged) <= 48 * 3600 + 1200
    assert figures(world)["canaries"]["lost"] == 0


def test_a_thing_done_twice_shows(world: World):
    for content, was in [("a", "x"), ("b", "a"), ("b", "b"), ("a", "b")]:
        world.truth.effect("cloudflare", "dns.patch", "api.example.com", content=content, was=was)
    world.truth.effect("cloudflare", "dns.patch", "www.example.com", content="b", was="a")
    (double,) = doubles(list(world.truth.effects))
    assert (double["target"], double["times"]) == ("api.example.com", 2)


def test_messages_that_arrived_are_counted(world: World, hand: Hand):
    lose(world)
    world.outbox.add("slack", "#incidents", "Tokyo is down")
    pass_time(world, hand, 5)
    (episode,) = figures(world)["episodes"]
    assert episode["notifications"] == {"slack": 1}


def test_each_thing_that_breaks_is_an_episode_of_its_own(world: World, hand: Hand):
    lose(world, until=30.0)
    pass_time(world, hand, 60)
    world.faults.add(Rule(kind=Kind.CDN_OUTAGE, until=30.0))
    pass_time(world, hand, 60)
    told = figures(world)["episodes"]
    assert [episode["name"] for episode in told] == ["region-lost", "cdn-outage"]
    assert [sorted(episode["services"]) for episode in told][1] == ["api", "cdn", "object-storage", "web"]


def test_what_is_due_later_is_no_episode_yet(world: World, hand: Hand):
    lose(world, after=100.0)
    pass_time(world, hand, 10)
    assert figures(world)["episodes"] == []


def test_canaries_are_a_mapping_that_can_be_cut():
    canaries = Canaries()
    canaries.add(1, 100.0, 10)
    canaries.add(11, 110.0)
    canaries.add(20, 119.0, 2)
    assert canaries.runs == (Run(1, 11, 100.0), Run(20, 21, 119.0))
    assert (canaries[11], canaries[21], len(canaries), 12 in canaries) == (110.0, 120.0, 13, False)
    copy = canaries.copy()
    lost = copy.forget_from(108.0)
    assert list(lost) == [9, 10, 11, 20, 21]
    assert list(canaries.without(copy)) == list(lost)
    assert list(copy.with_these(lost)) == list(canaries)
    canaries.forget_before(105.0)
    assert canaries.oldest == 6
