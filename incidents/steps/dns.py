"""Lead names elsewhere, and back to where they led before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry as providers
from dr_console.providers.capabilities.dns import DnsProvider, DnsRecord, Pointing
from dr_console.providers.deadlines import Deadline
from dr_console.providers.side_by_side import side_by_side
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import sentence
from incidents.steps.parameters import Names, Record, problems, read

# Longer than that, and users are led to the old place for more of the recovery time than can be spared.
LONGEST_TTL_SECONDS = 300
AUTOMATIC_TTL = 1
SECONDS_A_CALL = 0.5
TYPES = ("CNAME", "A", "AAAA")


class PointDns(StepFunction):
    """Lead names to the standby: several as one batch, of which nothing changes but where they lead."""

    name = "failover.point_dns"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    call_seconds: ClassVar[float] = 20.0
    drill_safe: ClassVar[bool] = True

    def look_ahead(self, context: Context) -> Callable[[], list[DnsRecord]]:
        names = read(Names, context.parameters)
        return lambda: _read(names, context.deadline)

    def observe(self, context: Context) -> Observation:
        names = read(Names, context.parameters)
        records = context.ahead or _read(names, context.deadline)
        leads = [_leads_there(record, wanted) for record, wanted in zip(records, names.records, strict=True)]
        return Observation(
            Sight.MATCHES if all(leads) else Sight.DIFFERS,
            now={record.name: _shown(record) for record in records},
            wanted={
                wanted.name: _wanted(record, wanted) for record, wanted in zip(records, names.records, strict=True)
            },
            said=_said(records, names.records),
            before=_kept(records),
        )

    def act(self, context: Context) -> Facts:
        names = read(Names, context.parameters)
        pointings = [Pointing(one.name, one.target, one.type, one.proxied) for one in names.records]
        # What has just been seen is what is changed: to read it once more would cost users the time of an answer.
        before = _records(context.seen.before if context.seen else None)
        return _kept(_pointed(providers.dns(names.provider), pointings, before, context))

    def verify(self, context: Context) -> Observation:
        """The vendor's answer to the change says what the records are now. Whether users follow is seen elsewhere."""
        names = read(Names, context.parameters)
        told = {record.name: record for record in _records(context.effect)}
        if not all(one.name in told and _leads_there(told[one.name], one) for one in names.records):
            return self.observe(context)
        records = [told[one.name] for one in names.records]
        return Observation(
            Sight.MATCHES,
            now={record.name: _shown(record) for record in records},
            wanted={record.name: _shown(record) for record in records},
            said=_said(records, names.records),
        )

    def undo_observe(self, context: Context) -> Observation:
        names = read(Names, context.parameters)
        return _is_back(providers.dns(names.provider), _records(context.before), context.deadline)

    def undo(self, context: Context) -> Facts:
        names = read(Names, context.parameters)
        return _put_back(providers.dns(names.provider), _records(context.before), context.deadline)

    def preview(self, context: Context) -> Preview:
        names = read(Names, context.parameters)
        seen = self.observe(context)
        records = _records(seen.before)
        pairs = [
            (record, wanted)
            for record, wanted in zip(records, names.records, strict=True)
            if not _leads_there(record, wanted)
        ]
        return Preview(
            seen,
            calls=_calls([(record, _change(record, wanted)) for record, wanted in pairs]),
            undo=sentence(_("The records are put back exactly as they are now, comments and all.")) if pairs else {},
            warnings=tuple(_warnings(pairs)),
            seconds=SECONDS_A_CALL * (len(names.records) + 1),
        )

    def check(self, parameters: Facts) -> list[str]:
        return problems(Names, parameters)

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return [f"dns:{record.name}" for record in read(Names, parameters).records]


class PutDnsBack(PointDns):
    """Lead names back: each record becomes exactly what it was before the failover changed it.

    Where nothing was kept of a record, because somebody else led it away, it is led to the plan's target.
    """

    name = "failover.put_dns_back"

    def observe(self, context: Context) -> Observation:
        names = read(Names, context.parameters)
        now = context.ahead or _read(names, context.deadline)
        wanted = self._wanted_records(now, names, context)
        return Observation(
            Sight.MATCHES if _same(now, wanted) else Sight.DIFFERS,
            now={record.name: _shown(record) for record in now},
            wanted={record.name: _shown(record) for record in wanted},
            said=_said(now, names.records),
            before=_kept(now),
        )

    def act(self, context: Context) -> Facts:
        names = read(Names, context.parameters)
        now = _records(context.before)
        dns = providers.dns(names.provider)
        return _put_back(dns, self._wanted_records(now, names, context), context.deadline)

    def verify(self, context: Context) -> Observation:
        return self.observe(context)

    def preview(self, context: Context) -> Preview:
        names = read(Names, context.parameters)
        seen = self.observe(context)
        now = _records(seen.before)
        wanted = self._wanted_records(now, names, context)
        changes = [(record, _difference(record, other)) for record, other in zip(now, wanted, strict=True)]
        unknown = [record.name for record in now if record.name not in _by_name(context)]
        warnings = [_not_kept(unknown)] if unknown else []
        return Preview(
            seen,
            calls=_calls([(record, change) for record, change in changes if change]),
            undo=sentence(_("The records are led to the standby again, as they are now.")),
            warnings=(*warnings, *_ttl_warnings(now)),
            seconds=SECONDS_A_CALL * (len(names.records) + 1),
        )

    @staticmethod
    def _wanted_records(now: Sequence[DnsRecord], names: Names, context: Context) -> list[DnsRecord]:
        kept = _by_name(context)
        targets = {record.name: record for record in names.records}
        return [kept.get(record.name) or _led_to(record, targets[record.name]) for record in now]


def _read(names: Names, deadline: Deadline) -> list[DnsRecord]:
    dns = providers.dns(names.provider)
    return side_by_side(lambda one: dns.leading(one.name, type=one.type, deadline=deadline), names.records)


def _pointed(
    dns: DnsProvider, pointings: Sequence[Pointing], before: Sequence[DnsRecord], context: Context
) -> list[DnsRecord]:
    reference, deadline = context.reference, context.deadline
    try:
        if len(pointings) > 1:
            return dns.point_all(pointings, reference=reference, before=before, deadline=deadline)
        seen = before[0] if before else None
        return [dns.point(pointings[0], reference=reference, before=seen, deadline=deadline)]
    except ProviderError as error:
        if error.problem is not Problem.NOT_FOUND or not before:
            raise
    # Somebody has just made one of them anew, under another id.
    return _pointed(dns, pointings, (), context)


def _record(dns: DnsProvider, name: str, wanted: str, deadline: Deadline) -> DnsRecord:
    """The record as it now is, also where it is of another type than the one it is to become."""
    types = [wanted, *(type for type in TYPES if type != wanted)]
    for type in types[:-1]:
        try:
            return dns.record(name, type=type, deadline=deadline)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise
    return dns.record(name, type=types[-1], deadline=deadline)


def _leads_there(record: DnsRecord, wanted: Record) -> bool:
    is_there = record.type == wanted.type and record.content.rstrip(".").lower() == wanted.target.lower()
    return is_there and wanted.proxied in (None, record.proxied)


def _shown(record: DnsRecord) -> Facts:
    return {"type": record.type, "content": record.content, "proxied": record.proxied, "ttl": record.ttl}


def _wanted(record: DnsRecord, wanted: Record) -> Facts:
    return {**_shown(record), **_change(record, wanted)}


def _change(record: DnsRecord, wanted: Record) -> Facts:
    change: Facts = {"content": wanted.target}
    if record.type != wanted.type:
        change["type"] = wanted.type
    if wanted.proxied not in (None, record.proxied):
        change["proxied"] = wanted.proxied
    return change


def _said(records: Sequence[DnsRecord], wanted: Sequence[Record]) -> dict[str, Any]:
    away = [record.name for record, one in zip(records, wanted, strict=True) if not _leads_there(record, one)]
    if not away:
        return sentence(_("%(names)s lead where they should."), names=_listed([record.name for record in records]))
    return sentence(_("%(names)s lead elsewhere."), names=_listed(away))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _kept(records: Sequence[DnsRecord]) -> Facts:
    """Whole, so that they can be put back exactly."""
    return {"records": [{**asdict(record), "tags": list(record.tags)} for record in records]}


def _records(kept: Facts | None) -> list[DnsRecord]:
    return [DnsRecord(**{**record, "tags": tuple(record["tags"])}) for record in (kept or {}).get("records", [])]


def _by_name(context: Context) -> dict[str, DnsRecord]:
    return {record.name: record for record in _records(context.context.get("kept"))}


def _led_to(record: DnsRecord, wanted: Record) -> DnsRecord:
    facts = {**asdict(record), "tags": record.tags, "type": wanted.type, "content": wanted.target}
    if wanted.proxied is not None:
        facts["proxied"] = wanted.proxied
    return DnsRecord(**facts)


def _is_back(dns: DnsProvider, records: Sequence[DnsRecord], deadline: Deadline) -> Observation:
    now = [_record(dns, one.name, one.type, deadline) for one in records]
    return Observation(
        Sight.MATCHES if _same(now, records) else Sight.DIFFERS,
        now={record.name: _shown(record) for record in now},
        wanted={record.name: _shown(record) for record in records},
    )


def _same(now: Sequence[DnsRecord], wanted: Sequence[DnsRecord]) -> bool:
    """One that was made anew has another id, and is the same record for everybody else."""
    return [_without_id(record) for record in now] == [_without_id(record) for record in wanted]


def _without_id(record: DnsRecord) -> Facts:
    return {name: value for name, value in asdict(record).items() if name != "id"}


def _put_back(dns: DnsProvider, records: Sequence[DnsRecord], deadline: Deadline) -> Facts:
    if len(records) == 1:
        return _kept([dns.put_back(records[0], deadline=deadline)])
    return _kept(dns.put_all_back(records, deadline=deadline))


def _difference(now: DnsRecord, wanted: DnsRecord) -> Facts:
    before = asdict(now)
    return {name: value for name, value in asdict(wanted).items() if value != before[name] and name != "id"}


def _calls(changes: Sequence[tuple[DnsRecord, Facts]]) -> tuple[tuple[str, str, str], ...]:
    """What would be sent: one request for one record, one batch for several."""
    told = [f"{record.name}: {_written(change)}" for record, change in changes]
    if len(changes) == 1:
        return (("PATCH", "DNS", f"dns_records/{changes[0][0].id} {told[0]}"),)
    return (("POST", "DNS", f"dns_records/batch {'; '.join(told)}"),) if told else ()


def _written(change: Facts) -> str:
    return ", ".join(f"{name}={value}" for name, value in change.items())


def _warnings(pairs: Sequence[tuple[DnsRecord, Record]]) -> list[Warning]:
    leaving = [record.name for record, wanted in pairs if record.proxied and wanted.proxied is False]
    warnings = _ttl_warnings([record for record, _wanted in pairs])
    if leaving:
        text = _("%(names)s leave the CDN: users reach the servers directly, without its cache and its protection.")
        warnings.append(Warning(sentence(text, names=_listed(leaving))))
    return warnings


def _ttl_warnings(records: Sequence[DnsRecord]) -> list[Warning]:
    proxied = [record.name for record in records if record.proxied or record.ttl == AUTOMATIC_TTL]
    long = [record for record in records if not record.proxied and record.ttl > LONGEST_TTL_SECONDS]
    warnings = [
        Warning(
            sentence(
                _("%(name)s is kept by resolvers for %(seconds)s s: lower its TTL to 60 s beforehand."),
                name=record.name,
                seconds=record.ttl,
            )
        )
        for record in long
    ]
    if proxied:
        text = _("It takes up to five minutes until everybody is led elsewhere: %(names)s.")
        warnings.append(Warning(sentence(text, names=_listed(proxied))))
    return warnings


def _not_kept(names: Sequence[str]) -> Warning:
    text = _("What %(names)s were before the failover is not known; they are led where the plan says.")
    return Warning(sentence(text, names=_listed(names)))
