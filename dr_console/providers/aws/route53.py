"""AWS Route 53: records of a hosted zone, changed in batches of which all is done or nothing.

https://docs.aws.amazon.com/Route53/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, Field

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws.service import VENDOR, Service, refused
from dr_console.providers.capabilities.dns import DnsRecord, Pointing
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.waiting import waited_for

READ = _("read the DNS record")
POINT = _("point the DNS record elsewhere")
PUT_BACK = _("put the DNS record back")
# The types that say where users go; a name has one of them, or two addresses.
LEADING = ("CNAME", "A", "AAAA")
TTL_SECONDS = 60


class _Value(BaseModel):
    Value: str


class _Alias(BaseModel):
    HostedZoneId: str
    DNSName: str
    EvaluateTargetHealth: bool


class _RecordSet(BaseModel, extra="allow"):
    """`extra`: weights, failover, health checks and whatever else AWS knows, which is sent back as it came."""

    Name: str
    Type: str
    TTL: int | None = None
    ResourceRecords: list[_Value] = Field(default_factory=list)
    AliasTarget: _Alias | None = None
    SetIdentifier: str = ""

    def as_record(self) -> DnsRecord:
        values = [each.Value for each in self.ResourceRecords]
        content = self.AliasTarget.DNSName if self.AliasTarget else " ".join(values)
        is_host = self.Type == "CNAME" or self.AliasTarget is not None
        said_already = {"Name", "Type", "TTL", *(("ResourceRecords",) if len(values) == 1 else ())}
        return DnsRecord(
            id="/".join(filter(None, (self.Name, self.Type, self.SetIdentifier))),
            name=_plain(self.Name),
            type=self.Type,
            content=content.rstrip(".") if is_host else content,
            ttl=self.TTL or 1,
            other={name: value for name, value in self.as_sent().items() if name not in said_already},
        )

    def as_sent(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class _Change(BaseModel):
    Id: str
    Status: str


class Route53Dns:
    """The zone of the settings, unless another is named. Where the interface has a comment, the change has it."""

    def __init__(self, zone: str = "") -> None:
        self._zone_id = zone
        self._route53 = Service("route53")

    def record(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        found = [each for each in self._sets(name, READ, deadline) if each.Type == type]
        return _only(found, f"{name} {type}", READ).as_record()

    def leading(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        return self._leading(name, type, READ, deadline).as_record()

    def point(
        self, pointing: Pointing, *, reference: str, before: DnsRecord | None = None, deadline: Deadline
    ) -> DnsRecord:
        known = [before] if before else []
        return self.point_all([pointing], reference=reference, before=known, deadline=deadline)[0]

    def point_all(
        self,
        pointings: Sequence[Pointing],
        *,
        reference: str,
        before: Sequence[DnsRecord] = (),
        deadline: Deadline,
    ) -> list[DnsRecord]:
        _must_differ([pointing.name for pointing in pointings], POINT)
        if through := [pointing.name for pointing in pointings if pointing.proxied]:
            raise refused(POINT, f"Route 53 has no CDN that {', '.join(through)} could go through")
        seen = [_RecordSet.model_validate(_sent(record)) for record in before]
        changes: list[dict[str, Any]] = []
        for index, pointing in enumerate(pointings):
            now = seen[index] if seen else self._leading(pointing.name, pointing.type, POINT, deadline)
            if now.as_record().content == pointing.to.rstrip(".") and now.Type == pointing.type:
                continue
            wanted = {
                **{name: value for name, value in now.as_sent().items() if name not in ("AliasTarget", "Type")},
                "Type": pointing.type,
                "TTL": now.TTL or TTL_SECONDS,
                "ResourceRecords": [{"Value": pointing.to}],
            }
            changes += _replacing(now, wanted)
        self._change(changes, f"{reference}: {len(changes)} changes by DR Console", POINT, deadline)
        return [self.record(each.name, type=each.type, deadline=deadline) for each in pointings]

    def put_back(self, record: DnsRecord, *, deadline: Deadline) -> DnsRecord:
        return self.put_all_back([record], deadline=deadline)[0]

    def put_all_back(self, records: Sequence[DnsRecord], *, deadline: Deadline) -> list[DnsRecord]:
        _must_differ([record.name for record in records], PUT_BACK)
        changes: list[dict[str, Any]] = []
        for record in records:
            there = [each for each in self._sets(record.name, PUT_BACK, deadline) if each.Type in LEADING]
            if any(each.as_record() == record for each in there):
                continue
            in_the_way = [each for each in there if _excludes(each, record)]
            changes += [_deleting(each) for each in in_the_way] + [_upserting(_sent(record))]
        self._change(changes, "Put back by DR Console", PUT_BACK, deadline)
        return [self.record(each.name, type=each.type, deadline=deadline) for each in records]

    def _change(self, changes: list[dict[str, Any]], comment: str, operation: str, deadline: Deadline) -> None:
        """All or nothing, and wait until every name server says so. Nothing where nothing is to be changed."""
        if not changes:
            return
        answer = self._route53.change(
            "change_resource_record_sets",
            operation,
            deadline,
            harmless=all(change["Action"] == "UPSERT" for change in changes),
            HostedZoneId=self._zone(operation),
            ChangeBatch={"Comment": comment[:256], "Changes": changes},
        )
        change = answer.read_as(_Change, at="ChangeInfo")
        if change.Status == "INSYNC":
            return

        def look() -> tuple[_Change | None, str]:
            answer = self._route53.read("get_change", operation, deadline, Id=change.Id)
            found = answer.read_as(_Change, at="ChangeInfo")
            return found if found.Status == "INSYNC" else None, f"{found.Id} is {found.Status}"

        waited_for(look, vendor=VENDOR, operation=operation, deadline=deadline)

    def _leading(self, name: str, type: str, operation: str, deadline: Deadline) -> _RecordSet:
        found = [each for each in self._sets(name, operation, deadline) if each.Type in LEADING]
        of_type = [each for each in found if each.Type == type]
        return _only(of_type or found, name, operation)

    def _sets(self, name: str, operation: str, deadline: Deadline) -> list[_RecordSet]:
        """Every record set of exactly this name. AWS lists from there on, and we stop at another name."""
        wanted = _plain(name)
        sets: list[_RecordSet] = []
        pages = self._route53.pages(
            "list_resource_record_sets",
            operation,
            deadline,
            HostedZoneId=self._zone(operation),
            StartRecordName=name,
        )
        for page in pages:
            for each in page.read_as(list[_RecordSet], at="ResourceRecordSets"):
                if _plain(each.Name) != wanted:
                    return sets
                sets.append(each)
        return sets

    def _zone(self, operation: str) -> str:
        return self._zone_id or credential("aws", "hosted_zone", operation=operation)


def _plain(name: str) -> str:
    return name.rstrip(".").replace("\\052", "*").lower()


def _only(found: Sequence[_RecordSet], what: str, operation: str) -> _RecordSet:
    if not found:
        raise ProviderError(VENDOR, operation, Problem.NOT_FOUND, said=what, permanent=True)
    if len(found) > 1:
        raise refused(operation, f"{what} has {len(found)} record sets, and any of them could be meant")
    return found[0]


def _must_differ(names: Sequence[str], operation: str) -> None:
    twice = sorted({name for name in names if [_plain(each) for each in names].count(_plain(name)) > 1})
    if twice:
        raise refused(operation, f"{', '.join(twice)} named twice")


def _replacing(now: _RecordSet, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The type is part of what a record set is: another type takes a new one in the same batch."""
    return [_upserting(wanted)] if now.Type == wanted["Type"] else [_deleting(now), _upserting(wanted)]


def _upserting(record_set: dict[str, Any]) -> dict[str, Any]:
    return {"Action": "UPSERT", "ResourceRecordSet": record_set}


def _deleting(record_set: _RecordSet) -> dict[str, Any]:
    return {"Action": "DELETE", "ResourceRecordSet": record_set.as_sent()}


def _excludes(there: _RecordSet, wanted: DnsRecord) -> bool:
    """Whether what is there cannot be beside what is wanted."""
    if there.Type == wanted.type:
        return bool(there.SetIdentifier != wanted.other.get("SetIdentifier", ""))
    return "CNAME" in (there.Type, wanted.type)


def _sent(record: DnsRecord) -> dict[str, Any]:
    """The record set that `as_record` was made of."""
    sent: dict[str, Any] = {"Name": record.name, "Type": record.type, **record.other}
    if "AliasTarget" not in sent:
        sent = {"TTL": record.ttl, "ResourceRecords": [{"Value": record.content}], **sent}
    return sent
