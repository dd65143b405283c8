"""From round to round: what is certain, what comes and goes; and a year of it in a few seconds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from incidents import gate
from incidents.confirming import Memory, Verdict, advance, with_serving
from incidents.diagnosis import diagnose
from incidents.gate import Blocker, Circumstances, Limits, first_blocker
from incidents.observations import Diagnosis, Kind, Observations, Rules
from tests.incidents.seeing import ADDRESSES, CALIFORNIA, FRANKFURT, SERVICES, T0, TOKYO, Address, Watcher, World

RULES = Rules()
LIMITS = Limits()
HOUR = timedelta(hours=1)
ROUNDS_OF_A_YEAR = 365 * 86_400 // 5
LOG_99_PERCENT = math.log(0.99)


class Console:
    """The whole of noticing and deciding, without database: what the services do with it, in short."""

    def __init__(self, watcher: Watcher, *, switches: bool = True) -> None:
        self.watcher = watcher
        self.memory = Memory(serving=dict.fromkeys(SERVICES, TOKYO))
        self.verdict = Verdict.WELL
        self.started: list[datetime] = []
        self.blocked: set[Blocker] = set()
        self._switches = switches

    def consider(self, seen: Observations) -> None:
        self.memory = with_serving(self.memory, seen)
        self.watcher.serving = dict(self.memory.serving)
        diagnosis = diagnose(seen, RULES)
        self.memory, self.verdict = advance(self.memory, diagnosis, seen.at, RULES)
        if self.verdict is Verdict.CONFIRMED and diagnosis.is_trouble:
            self._decide(seen.at)

    def _decide(self, at: datetime) -> None:
        within_a_day = [start for start in self.started if at - start < timedelta(days=1)]
        now = Circumstances(
            at=at,
            last_switch_at=self.started[-1] if self.started else None,
            automatic_a_day=len(within_a_day),
            changes=self.memory.changes_lately(at),
        )
        blocked = first_blocker(now, LIMITS)
        if blocked is not None:
            self.blocked.add(blocked.blocker)
            return
        self.started.append(at)
        if self._switches:
            for host in ("api.example.com", "cdn.example.com", "images.example.com"):
                self.watcher.world.leads_to[host] = CALIFORNIA


def advanced(*diagnoses: Diagnosis, every: float = 5) -> tuple[Memory, list[Verdict]]:
    memory, verdicts = Memory(), []
    for number, diagnosis in enumerate(diagnoses):
        memory, verdict = advance(memory, diagnosis, T0 + timedelta(seconds=every * number), RULES)
        verdicts.append(verdict)
    return memory, verdicts


def trouble(rounds: int, kind: Kind = Kind.REGION_FAILURE) -> Diagnosis:
    return Diagnosis(kind, region_key=TOKYO, rounds=rounds, is_felt=True, has_quorum=True)


WELL = Diagnosis(Kind.WELL, has_quorum=True)
CUT_OFF = Diagnosis(Kind.CUT_OFF)


def test_it_is_confirmed_with_the_third_round():
    assert advanced(WELL, trouble(1), trouble(2), trouble(3))[1] == [
        Verdict.WELL,
        Verdict.WATCHING,
        Verdict.WATCHING,
        Verdict.CONFIRMED,
    ]


def test_without_a_quorum_nothing_is_ever_confirmed():
    lone = Diagnosis(Kind.REGION_FAILURE, rounds=100, is_felt=True)
    assert advanced(*[lone] * 50)[1] == [Verdict.WATCHING] * 50


def test_what_is_unclear_is_a_finding_only_after_a_while():
    _, verdicts = advanced(*[trouble(5, Kind.UNSURE)] * 5)
    assert verdicts == [Verdict.WATCHING] * 3 + [Verdict.CONFIRMED] * 2


def test_being_cut_off_changes_nothing_of_what_was_known():
    memory, verdicts = advanced(WELL, trouble(3), CUT_OFF, CUT_OFF, trouble(3))
    assert verdicts[2] is Verdict.CUT_OFF
    assert len(memory.changes) == 1


def test_changes_are_counted_for_a_quarter_of_an_hour():
    memory, _ = advanced(WELL, trouble(3), WELL, trouble(3))
    assert memory.changes_lately(T0 + timedelta(minutes=1)) == 3
    assert memory.changes_lately(T0 + timedelta(minutes=16)) == 0


def test_memory_survives_being_stored():
    memory, _ = advanced(WELL, trouble(3), WELL)
    memory = with_serving(memory, Watcher(World()).round())
    assert Memory.from_facts(memory.facts()) == memory
    assert memory.serving["api"] == TOKYO
    assert Memory.from_facts({}) == Memory()


# --- The gate -------------------------------------------------------------------------------------------------------

IN_THE_WAY: dict[str, dict[str, object]] = {
    Blocker.NO_PLAN: {"plan": None},
    Blocker.KILL_SWITCH: {"kill_switch": {"text": "a test"}},
    Blocker.MAINTENANCE: {"maintenance": {"text": "until noon"}},
    Blocker.ACTIVE_RUN: {"active_run": "3f2a9c11"},
    Blocker.COOL_DOWN: {"last_switch_at": T0 - timedelta(minutes=59), "last_switch": "3f2a9c11"},
    Blocker.DAILY_LIMIT: {"automatic_a_day": 3},
    Blocker.TARGET_NOT_READY: {"target_problem": {"text": "California does not answer"}},
    Blocker.FLAPPING: {"changes": 3},
    Blocker.CUT_OFF: {"is_cut_off": True},
    Blocker.BY_HAND: {"is_automatic": False},
}


def test_nothing_in_the_way_lets_it_start():
    assert first_blocker(Circumstances(at=T0), LIMITS) is None
    an_hour_ago = Circumstances(at=T0, last_switch_at=T0 - HOUR, automatic_a_day=2, changes=2)
    assert first_blocker(an_hour_ago, LIMITS) is None


@pytest.mark.parametrize("blocker", IN_THE_WAY)
def test_each_of_these_stands_in_the_way_alone(blocker):
    found = first_blocker(Circumstances(at=T0, **IN_THE_WAY[blocker]), LIMITS)
    assert found is not None
    assert found.blocker == blocker
    assert found.said["text"]


@pytest.mark.parametrize("number", range(len(IN_THE_WAY)))
def test_of_several_the_first_in_order_is_named(number):
    fields = {name: value for each in list(IN_THE_WAY.values())[number:] for name, value in each.items()}
    found = first_blocker(Circumstances(at=T0, **fields), LIMITS)
    assert found is not None
    assert found.blocker == list(IN_THE_WAY)[number]


def test_every_blocker_has_its_look():
    assert set(IN_THE_WAY) | {Blocker.REFUSED} == set(Blocker)
    assert len(gate._LOOKS) == len(IN_THE_WAY)


# --- Simulations (R7) -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    "broken", [World(lost={TOKYO}), World(api_broken={TOKYO}), World(cdn_fails=True)], ids=["region", "api", "cdn"]
)
def test_an_outage_is_seen_within_twenty_seconds(seed, broken):
    chance = random.Random(seed)
    console = Console(Watcher(World()), switches=False)
    for _ in range(5):
        console.consider(console.watcher.round())
    began = console.watcher.at + timedelta(seconds=chance.uniform(0, 5))
    console.watcher.world = broken
    while not console.started and console.watcher.at < began + timedelta(minutes=1):
        console.consider(console.watcher.round())
    # An answer that does not come is waited for three seconds.
    assert console.started[0] + timedelta(seconds=3) - began <= timedelta(seconds=20)


def test_users_who_were_led_elsewhere_are_not_led_there_twice():
    console = Console(Watcher(World()))
    console.consider(console.watcher.round())
    console.watcher.world = World(lost={TOKYO})
    for _ in range(2000):
        console.consider(console.watcher.round())
    assert len(console.started) == 1
    assert console.memory.serving["api"] == CALIFORNIA


def losses_of_a_year(seed: int) -> Iterator[tuple[int, Address]]:
    """Every single check of a year that is lost, one in a hundred, by the number of its round."""
    chance, place, end = random.Random(seed), -1, ROUNDS_OF_A_YEAR * len(ADDRESSES)
    while True:
        place += 1 + int(math.log(1.0 - chance.random()) / LOG_99_PERCENT)
        if place >= end:
            return
        number, address = divmod(place, len(ADDRESSES))
        yield number, ADDRESSES[address]


def replayed(lost: dict[int, set[Address]], last: int) -> Console:
    """The rounds around one in which an address failed the third time in a row, as the console would see them."""
    console = Console(Watcher(World()))
    for number in range(last - 5, last + 2):
        now = lost.get(number, set())
        console.watcher.world.loses = now.__contains__
        console.consider(console.watcher.round())
    return console


def test_a_year_of_checks_of_which_one_in_a_hundred_is_lost_starts_nothing():
    """Nothing is confirmed but by an address that fails three times in a row: only those moments are gone through."""
    lost: dict[int, set[Address]] = {}
    moments = 0
    for number, address in losses_of_a_year(seed=7):
        lost.setdefault(number, set()).add(address)
        lost.pop(number - 8, None)
        if address in lost.get(number - 1, ()) and address in lost.get(number - 2, ()):
            moments += 1
            assert replayed(lost, number).started == []
    assert moments > 50


def test_days_of_checks_of_which_one_in_ten_is_lost_start_nothing_either():
    chance = random.Random(7)
    console = Console(Watcher(World(loses=lambda address: chance.random() < 0.1)))
    for _ in range(10_000):
        console.consider(console.watcher.round())
    assert console.started == []


def test_an_isolated_console_starts_nothing():
    console = Console(Watcher(World()))
    console.consider(console.watcher.round())
    for minute in range(200):
        console.watcher.world.isolated = {"here"} if minute % 3 else set()
        for _ in range(12):
            console.consider(console.watcher.round())
        assert console.verdict is (Verdict.CUT_OFF if minute % 3 else Verdict.WELL)
    assert console.started == []
    assert console.blocked == set()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("on", "off"), [(45, 45), (20, 100), (300, 300), (600, 1800)])
def test_what_comes_and_goes_is_switched_at_most_three_times_a_day(seed, on, off):
    chance = random.Random(seed)
    # Nothing is ever switched for good here, so that every failure is one that could be answered.
    console = Console(Watcher(World()), switches=False)
    until, is_lost = 0.0, False
    while console.watcher.at < T0 + timedelta(days=1):
        console.consider(console.watcher.round())
        seconds = (console.watcher.at - T0).total_seconds()
        if seconds >= until:
            is_lost = not is_lost
            until = seconds + (on if is_lost else off) * chance.uniform(0.5, 1.5)
            console.watcher.world.lost = {TOKYO} if is_lost else set()
    assert len(console.started) <= 3


def test_all_three_regions_are_named_in_the_plan():
    assert {TOKYO, CALIFORNIA, FRANKFURT} == {one.region for one in Watcher(World()).round().sightings}
