"""Snapshots of databases and caches: the same tests on answers written by hand, and on the running sandbox."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.aws.elasticache import ElastiCacheSnapshots
from dr_console.providers.aws.rds import RdsSnapshots
from dr_console.providers.capabilities.snapshots import (
    CacheSnapshotProvider,
    DatabaseSnapshotProvider,
    Placement,
    Progress,
    SnapshotProvider,
)
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_aws import FakedAws, Refusal
from tests.providers.faked_snapshots import FakedElastiCache, FakedRds
from tests.sandboxed import Sandbox

# The sandbox's clock runs so fast that what takes minutes there is there within a second of ours.
SPEED = 900
KINDS = ["rds, faked", "rds, sandbox", "elasticache, faked", "elasticache, sandbox"]


def _provider(request: pytest.FixtureRequest, vendor: str, *, faked: bool) -> Any:
    if faked:
        fake = FakedRds() if vendor == "rds" else FakedElastiCache()
        fake.fake().install(request.getfixturevalue("monkeypatch"))
    else:
        request.getfixturevalue("in_sandbox").reset(speed=SPEED)
    request.getfixturevalue("held")
    return registry.provider("snapshots", vendor)


@pytest.fixture(params=KINDS)
def snapshots(request: pytest.FixtureRequest) -> SnapshotProvider:
    vendor, _, where = request.param.partition(", ")
    provider: SnapshotProvider = _provider(request, vendor, faked=where == "faked")
    return provider


@pytest.fixture(params=["faked", "sandbox"])
def database(request: pytest.FixtureRequest) -> DatabaseSnapshotProvider:
    provider: DatabaseSnapshotProvider = _provider(request, "rds", faked=request.param == "faked")
    return provider


@pytest.fixture(params=["faked", "sandbox"])
def cache(request: pytest.FixtureRequest) -> CacheSnapshotProvider:
    provider: CacheSnapshotProvider = _provider(request, "elasticache", faked=request.param == "faked")
    return provider


@pytest.fixture
def in_fast_sandbox(in_sandbox: Sandbox, held: None) -> Sandbox:
    in_sandbox.reset(speed=SPEED)
    return in_sandbox


# ── what both do ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_snapshot_takes_a_while_and_says_of_when_its_data_is(snapshots: SnapshotProvider, soon: Deadline) -> None:
    begun = snapshots.create("dr-1", deadline=soon)
    assert (begun.name, begun.progress, begun.is_manual) == ("dr-1", Progress.COMING, True)
    done = snapshots.wait_until_ready("dr-1", deadline=soon)
    assert (done.progress, done.data_at) == (Progress.READY, begun.data_at)
    assert done.data_at is not None


def test_one_that_is_there_already_is_taken_for_it(snapshots: SnapshotProvider, soon: Deadline) -> None:
    first = snapshots.create("dr-1", deadline=soon)
    snapshots.wait_until_ready("dr-1", deadline=soon)
    assert snapshots.create("dr-1", deadline=soon).id == first.id


def test_the_list_begins_with_the_newest_data(snapshots: SnapshotProvider, soon: Deadline) -> None:
    snapshots.create("dr-1", deadline=soon)
    found = snapshots.snapshots(deadline=soon)
    assert found[0].name == "dr-1"
    assert any(not each.is_manual for each in found)


def test_what_is_not_there_is_not_found(snapshots: SnapshotProvider, soon: Deadline) -> None:
    for read in (snapshots.snapshot, snapshots.instance, snapshots.wait_until_ready):
        with pytest.raises(ProviderError) as caught:
            read("nothing", deadline=soon)
        assert (caught.value.problem, caught.value.permanent) == (Problem.NOT_FOUND, True)


def test_deleting_twice_is_the_same_as_once(snapshots: SnapshotProvider, soon: Deadline) -> None:
    snapshots.create("dr-1", deadline=soon)
    snapshots.wait_until_ready("dr-1", deadline=soon)
    snapshots.delete("dr-1", deadline=soon)
    snapshots.delete("never-there", deadline=soon)


def test_the_source_says_where_a_restored_one_belongs(snapshots: SnapshotProvider, soon: Deadline) -> None:
    placement = snapshots.source(deadline=soon).placement
    assert placement.subnet_group == "gemini-subnets"
    assert placement.security_groups[0].startswith("sg-")
    assert placement.parameter_group
    assert placement.copies == 2


def test_a_restore_makes_something_new_with_an_address(snapshots: SnapshotProvider, soon: Deadline) -> None:
    placement = snapshots.source(deadline=soon).placement
    snapshots.create("dr-1", deadline=soon)
    snapshots.wait_until_ready("dr-1", deadline=soon)
    begun = snapshots.restore("dr-1", "gemini-new", placement=placement, deadline=soon)
    assert (begun.progress, begun.address) == (Progress.COMING, "")
    again = snapshots.restore("dr-1", "gemini-new", placement=placement, deadline=soon)
    assert again.name == "gemini-new"
    done = snapshots.wait_until_instance_ready("gemini-new", deadline=soon)
    assert done.address.startswith("gemini-new.")
    assert done.placement == replace(placement, port=done.port)
    snapshots.delete_instance("gemini-new", deadline=soon)


def test_one_of_that_name_that_came_from_elsewhere_is_not_taken_for_it(
    snapshots: SnapshotProvider, soon: Deadline
) -> None:
    for name in ("dr-1", "dr-2"):
        snapshots.create(name, deadline=soon)
        snapshots.wait_until_ready(name, deadline=soon)
    snapshots.restore("dr-1", "gemini-new", placement=Placement(), deadline=soon)
    with pytest.raises(ProviderError) as caught:
        snapshots.restore("dr-2", "gemini-new", placement=Placement(), deadline=soon)
    assert "AlreadyExists" in caught.value.code


def test_the_source_itself_is_neither_restored_into_nor_deleted(snapshots: SnapshotProvider, soon: Deadline) -> None:
    name = snapshots.source(deadline=soon).name
    with pytest.raises(ProviderError, match="itself"):
        snapshots.restore("dr-1", name, placement=Placement(), deadline=soon)
    with pytest.raises(ProviderError, match="taken of"):
        snapshots.delete_instance(name, deadline=soon)


def test_a_copy_has_the_age_of_the_original(snapshots: SnapshotProvider, soon: Deadline) -> None:
    snapshots.create("dr-1", deadline=soon)
    original = snapshots.wait_until_ready("dr-1", deadline=soon)
    snapshots.copy("dr-1", "dr-1-copy", deadline=soon)
    assert snapshots.copy("dr-1", "dr-1-copy", deadline=soon).name == "dr-1-copy"
    assert snapshots.wait_until_ready("dr-1-copy", deadline=soon).data_at == original.data_at


# ── databases ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_quota_of_a_region_is_known_beforehand(database: DatabaseSnapshotProvider, soon: Deadline) -> None:
    (quota,) = database.quotas(deadline=soon)
    assert (quota.of, quota.limit, quota.used + quota.left) == ("", 100, 100)


def test_the_log_says_how_far_it_can_be_replayed(database: DatabaseSnapshotProvider, soon: Deadline) -> None:
    until = database.source(deadline=soon).restorable_until
    assert until is not None
    placement = database.source(deadline=soon).placement
    begun = database.restore_to_time("gemini-then", at=None, placement=placement, deadline=soon)
    assert begun.progress is Progress.COMING
    assert database.wait_until_instance_ready("gemini-then", deadline=soon).address


def test_two_instances_change_names(database: DatabaseSnapshotProvider, soon: Deadline) -> None:
    database.create("dr-1", deadline=soon)
    database.wait_until_ready("dr-1", deadline=soon)
    database.restore("dr-1", "gemini-new", placement=Placement(), deadline=soon)
    database.wait_until_instance_ready("gemini-new", deadline=soon)
    database.rename("gemini-db", "gemini-old", deadline=soon)
    _until_there(database, "gemini-old", soon)
    database.rename("gemini-new", "gemini-db", deadline=soon)
    _until_there(database, "gemini-db", soon)
    assert database.instance("gemini-db", deadline=soon).address.startswith("gemini-db.")


def _until_there(database: DatabaseSnapshotProvider, name: str, deadline: Deadline) -> None:
    """A name is not found until the instance that is to have it has it."""
    while not deadline.has_passed:
        with suppress(ProviderError):
            database.wait_until_instance_ready(name, deadline=deadline)
            return


def test_a_copy_in_another_region_is_asked_for_there(in_fast_sandbox: Sandbox, soon: Deadline) -> None:
    rds = RdsSnapshots()
    rds.create("dr-1", deadline=soon)
    original = rds.wait_until_ready("dr-1", deadline=soon)
    copied = rds.copy_to_region("dr-1", "dr-1-west", region="us-west-1", deadline=soon)
    assert ":us-west-1:" in copied.id
    done = RdsSnapshots(region="us-west-1").wait_until_ready("dr-1-west", deadline=soon)
    assert done.data_at == original.data_at


# ── caches ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_quota_of_each_node_is_known_beforehand(cache: CacheSnapshotProvider, soon: Deadline) -> None:
    cache.create("dr-1", deadline=soon)
    quotas = {quota.of: (quota.used, quota.limit, quota.hours) for quota in cache.quotas(deadline=soon)}
    assert quotas == {"gemini-cache-001": (0, 20, 24), "gemini-cache-002": (1, 20, 24)}


def test_nodes_take_turns_and_replicas_come_first(monkeypatch: Any, soon: Deadline, request: Any) -> None:
    fake = FakedElastiCache()
    wire = fake.fake().install(monkeypatch)
    request.getfixturevalue("held")
    for number in range(20):
        fake.add_snapshot(f"old-{number}", "gemini-cache-002", SnapshotStatus="available")
    ElastiCacheSnapshots().create("dr-1", deadline=soon)
    assert wire.asked[-1][1]["CacheClusterId"] == "gemini-cache-001"


def test_no_call_is_made_where_no_node_has_any_left(monkeypatch: Any, soon: Deadline, request: Any) -> None:
    fake = FakedElastiCache()
    wire = fake.fake().install(monkeypatch)
    request.getfixturevalue("held")
    for number in range(40):
        fake.add_snapshot(f"old-{number}", f"gemini-cache-00{number % 2 + 1}", SnapshotStatus="available")
    with pytest.raises(ProviderError) as caught:
        ElastiCacheSnapshots().create("dr-1", deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.THROTTLED, True)
    assert "elasticache.CreateSnapshot" not in wire.labels()


def test_what_is_older_than_a_day_does_not_count(monkeypatch: Any, soon: Deadline) -> None:
    fake = FakedElastiCache()
    fake.fake().install(monkeypatch)
    found = fake.snapshots["automatic.gemini-cache-002-2026-11-22-03-00"]["NodeSnapshots"][0]["SnapshotCreateTime"]
    fake.add_snapshot("old", at=found - timedelta(hours=25), SnapshotStatus="available")
    assert [quota.used for quota in ElastiCacheSnapshots().quotas(deadline=soon)] == [0, 0]


def test_with_cluster_mode_the_group_is_the_source(monkeypatch: Any, soon: Deadline, request: Any) -> None:
    wire = FakedElastiCache(cluster_mode=True).fake().install(monkeypatch)
    request.getfixturevalue("held")
    ElastiCacheSnapshots().create("dr-1", deadline=soon)
    assert wire.asked[-1][1] == {"SnapshotName": "dr-1", "ReplicationGroupId": "gemini-cache"}


def test_a_cache_leaves_its_region_through_a_bucket(in_fast_sandbox: Sandbox, soon: Deadline) -> None:
    elasticache = ElastiCacheSnapshots()
    elasticache.create("dr-1", deadline=soon)
    elasticache.wait_until_ready("dr-1", deadline=soon)
    key = elasticache.export("dr-1", bucket="gemini-images-backup", as_key="cache", deadline=soon)
    assert key == "cache-0001.rdb"
    in_fast_sandbox.post("/clock", {"advance": 120})
    arn = f"arn:aws:s3:::gemini-images-backup/{key}"
    elasticache.restore_from_objects((arn,), "gemini-new", placement=Placement(), deadline=soon)
    assert elasticache.wait_until_instance_ready("gemini-new", deadline=soon).address


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("vendor", ["rds", "elasticache"])
def test_a_snapshot_that_fails_is_said_to_have_failed(in_fast_sandbox: Sandbox, soon: Deadline, vendor: str) -> None:
    provider = registry.provider("snapshots", vendor)
    in_fast_sandbox.post("/aws/snapshots", {"name": "dr-*", "fault": "fail"})
    provider.create("dr-1", deadline=soon)
    with pytest.raises(ProviderError, match="dr-1 is failed") as caught:
        provider.wait_until_ready("dr-1", deadline=soon)
    assert caught.value.problem is Problem.FAILED


@pytest.mark.parametrize("vendor", ["rds", "elasticache"])
def test_a_snapshot_that_vanished_is_not_found(in_fast_sandbox: Sandbox, soon: Deadline, vendor: str) -> None:
    provider = registry.provider("snapshots", vendor)
    provider.create("dr-1", deadline=soon)
    in_fast_sandbox.post("/aws/snapshots", {"name": "dr-1", "fault": "vanish"})
    with pytest.raises(ProviderError) as caught:
        provider.restore("dr-1", "gemini-new", placement=Placement(), deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


@pytest.mark.parametrize("vendor", ["rds", "elasticache"])
def test_during_a_backup_another_is_refused(in_sandbox: Sandbox, held: None, soon: Deadline, vendor: str) -> None:
    provider = registry.provider("snapshots", vendor)
    provider.create("dr-1", deadline=soon)
    with pytest.raises(ProviderError) as caught:
        provider.create("dr-2", deadline=soon)
    assert caught.value.code in ("InvalidDBInstanceState", "InvalidReplicationGroupState", "InvalidCacheClusterState")


@pytest.mark.parametrize("vendor", ["rds", "elasticache"])
def test_our_time_may_be_up_before_it_is_ready(in_sandbox: Sandbox, held: None, vendor: str) -> None:
    in_sandbox.reset(speed=1)
    provider = registry.provider("snapshots", vendor)
    provider.create("dr-1", deadline=Deadline.after(10))
    with pytest.raises(ProviderError) as caught:
        provider.wait_until_ready("dr-1", deadline=Deadline.after(3))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.UNKNOWN)


def test_a_snapshot_whose_answer_was_lost_is_found_by_its_name(in_fast_sandbox: Sandbox, soon: Deadline) -> None:
    rule = {"vendor": "aws", "route": "rds.CreateDBSnapshot", "kind": "reset", "after_effect": True, "times": 1}
    in_fast_sandbox.post("/faults", rule)
    with pytest.raises(ProviderError) as caught:
        RdsSnapshots().create("dr-1", deadline=soon)
    assert (caught.value.problem, caught.value.outcome) == (Problem.BROKEN, Outcome.UNKNOWN)
    assert RdsSnapshots().create("dr-1", deadline=soon).name == "dr-1"
    effects = [effect["what"] for effect in in_fast_sandbox.get("/truth/effects", vendor="aws")["effects"]]
    assert effects == ["rds.create_db_snapshot"]


@pytest.mark.parametrize(
    ("refusal", "problem", "permanent"),
    [
        (Refusal("ThrottlingException", "Rate exceeded"), Problem.THROTTLED, False),
        (Refusal("SnapshotQuotaExceeded", "100 manual snapshots"), Problem.THROTTLED, True),
        (Refusal("ExpiredToken", "expired", 403), Problem.CREDENTIALS, True),
        (Refusal("InvalidDBInstanceState", "backing-up"), Problem.REFUSED, True),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_what_aws_says_is_said(monkeypatch: Any, refusal: Refusal, problem: Problem, permanent: bool) -> None:
    FakedAws({"rds.CreateDBSnapshot": refusal}).install(monkeypatch)
    with pytest.raises(ProviderError) as caught:
        RdsSnapshots().create("dr-1", deadline=Deadline.after(1))
    error = caught.value
    assert (error.problem, error.permanent, error.code) == (problem, permanent, refusal.code)
    assert refusal.message in str(error)


def test_an_answer_of_another_shape_is_garbled(monkeypatch: Any, soon: Deadline) -> None:
    FakedAws({"rds.CreateDBSnapshot": {"DBSnapshot": {"Status": "creating"}}}).install(monkeypatch)
    with pytest.raises(ProviderError, match="DBSnapshotIdentifier") as caught:
        RdsSnapshots().create("dr-1", deadline=soon)
    assert (caught.value.problem, caught.value.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)
