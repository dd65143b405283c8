"""What AWS holds, for the page of the world: snapshots, wherever they are, and how far they got."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dr_console.sandbox.aws import moto_server
from dr_console.sandbox.aws.cloud import ACCOUNT, Cloud
from dr_console.sandbox.aws.elasticache.snapshots import ElastiCache
from dr_console.sandbox.aws.rds.snapshots import Rds


def snapshots(cloud: Cloud, rds: Rds, elasticache: ElastiCache) -> list[dict[str, Any]]:
    """Of databases and caches; none while AWS was not asked for anything, as it is not there yet."""
    return [*_of_databases(rds), *_of_caches(elasticache)] if cloud.started else []


def _of_databases(rds: Rds) -> list[dict[str, Any]]:
    rows = []
    for backend in moto_server.backends("rds", ACCOUNT):
        # Copied at once: moto's thread may add to them meanwhile.
        for snapshot in list(backend.database_snapshots.values()):
            name = snapshot.db_snapshot_identifier
            shape = {"DBSnapshotArn": snapshot.db_snapshot_arn, "DBSnapshotIdentifier": name, "Status": snapshot.status}
            shown = rds.shown_snapshot(shape)
            if not rds.spoilt.has_vanished(name):
                source = snapshot.db_instance_identifier
                percent = shown["PercentProgress"] if shown["Status"] == "creating" else None
                rows.append(_row(name, source, shown["Status"], percent, snapshot.created))
    return rows


def _of_caches(elasticache: ElastiCache) -> list[dict[str, Any]]:
    rows = []
    for region in list(elasticache.regions.values()):
        for name, snapshot in list(region.snapshots.items()):
            failed = elasticache.spoilt.has_failed(name) and snapshot.status != "creating"
            status = "failed" if failed else snapshot.status
            made = datetime.fromtimestamp(snapshot.taken_at, UTC)
            if not elasticache.spoilt.has_vanished(name):
                rows.append(_row(name, ", ".join(snapshot.taken_of), status, None, made))
    return rows


def _row(name: str, source: str, state: str, percent: int | None, made: datetime) -> dict[str, Any]:
    at = made.replace(tzinfo=UTC).isoformat(timespec="seconds")
    return {"name": name, "source": source, "state": state, "percent": percent, "created_at": at}
