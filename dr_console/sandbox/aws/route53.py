"""Route 53: moto's zones and health checks, with record sets of our own, whose batches are one change and take time.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Cloud, Service, on
from dr_console.sandbox.names import Name

ZONE, DOMAIN = "Z0GEMINI0EXAMPLE0COM", "example.com."
SYNC_SECONDS = 30.0
MOST_VALUES = 1000
SERVERS = ("ns-1.awsdns-01.com.", "ns-2.awsdns-02.net.", "ns-3.awsdns-03.org.", "ns-4.awsdns-04.co.uk.")
SEEDED = (
    ("api.example.com.", "CNAME", 60, "tokyo.origin.example.com."),
    ("backup.example.com.", "CNAME", 60, "california.origin.example.com."),
    ("www.example.com.", "CNAME", 300, "tokyo.origin.example.com."),
    ("tokyo.origin.example.com.", "A", 60, "192.0.2.10"),
    ("california.origin.example.com.", "A", 60, "192.0.2.20"),
    ("frankfurt.origin.example.com.", "A", 60, "192.0.2.30"),
)

Key = tuple[str, str, str]
Records = dict[Key, dict[str, Any]]


class Route53(Service):
    name = "route53"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.zones: dict[str, Records] = {}
        self.changes: dict[str, tuple[float, str]] = {}

    def seed(self) -> None:
        backend = self.cloud.backend("route53", region="aws")
        zone = backend.create_hosted_zone(DOMAIN, False, caller_reference="seed", comment="Names of the toolbox")
        backend.zones[ZONE] = backend.zones.pop(zone.resource_id)
        zone.resource_id = ZONE
        records = self._records(ZONE, DOMAIN)
        for name, type, ttl, value in SEEDED:
            records[name, type, ""] = {"Name": name, "Type": type, "TTL": ttl, "ResourceRecords": [{"Value": value}]}

    def _zone(self, call: Call, id: str) -> tuple[Any, Records]:
        short = id.rpartition("/")[2]
        zone = call.cloud.backend("route53", region="aws").zones.get(short)
        if zone is None:
            raise Fault("NoSuchHostedZone", f"No hosted zone found with ID: {short}", 404)
        return zone, self._records(short, zone.name)

    def _records(self, id: str, domain: str) -> Records:
        if id not in self.zones:
            domain = _absolute(domain)
            soa = f"{SERVERS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
            servers = [{"Value": server} for server in SERVERS]
            self.zones[id] = {
                (domain, "NS", ""): {"Name": domain, "Type": "NS", "TTL": 172_800, "ResourceRecords": servers},
                (domain, "SOA", ""): {"Name": domain, "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": soa}]},
            }
        return self.zones[id]

    @on("ListHostedZones", "ListHostedZonesByName")
    def list_zones(self, call: Call) -> dict[str, Any]:
        result = call.result()
        for shape in result["HostedZones"]:
            shape["ResourceRecordSetCount"] = len(self._zone(call, shape["Id"])[1])
        return result

    @on("GetHostedZone")
    def get_zone(self, call: Call) -> dict[str, Any]:
        result = call.result()
        result["HostedZone"]["ResourceRecordSetCount"] = len(self._zone(call, call.params["Id"])[1])
        return result

    @on("DeleteHostedZone")
    def delete_zone(self, call: Call) -> dict[str, Any]:
        zone, records = self._zone(call, call.params["Id"])
        if len(records) > 2:
            said = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
            raise Fault("HostedZoneNotEmpty", said)
        call.result()
        self.zones.pop(zone.resource_id, None)
        return {"ChangeInfo": self._change("", lambda: None)}

    @on("ListResourceRecordSets")
    def list_records(self, call: Call) -> dict[str, Any]:
        params = call.params
        _, records = self._zone(call, params["HostedZoneId"])
        size = min(int(params.get("MaxItems") or 300), 300)
        ordered = sorted(records, key=_order)
        if params.get("StartRecordName"):
            name = _absolute(params["StartRecordName"])
            start = _order((name, params.get("StartRecordType", ""), params.get("StartRecordIdentifier", "")))
            ordered = [key for key in ordered if _order(key) >= start]
        part, rest = ordered[:size], ordered[size:]
        result: dict[str, Any] = {
            "ResourceRecordSets": [records[key] for key in part],
            "IsTruncated": bool(rest),
            "MaxItems": str(size),
        }
        if rest:
            result |= {"NextRecordName": rest[0][0], "NextRecordType": rest[0][1]}
            result |= {"NextRecordIdentifier": rest[0][2]} if rest[0][2] else {}
        return result

    @on("ChangeResourceRecordSets")
    def change_records(self, call: Call) -> dict[str, Any]:
        """All of the batch or nothing of it."""
        zone, records = self._zone(call, call.params["HostedZoneId"])
        batch = call.params["ChangeBatch"]["Changes"]
        after, wrong = copy.deepcopy(records), []
        for change in batch:
            record = change["ResourceRecordSet"]
            record["Name"] = _absolute(record["Name"])
            said = _apply(change["Action"], record, after, _absolute(zone.name))
            wrong += [said] if said else []
        if sum(len(change["ResourceRecordSet"].get("ResourceRecords", ())) for change in batch) > MOST_VALUES:
            wrong.append("Number of records limit of 1000 exceeded.")
        if wrong:
            raise Fault("InvalidChangeBatch", f"[{', '.join(wrong)}]")
        self.zones[zone.resource_id] = after
        touched = {(change["ResourceRecordSet"]["Name"], change["ResourceRecordSet"]["Type"]) for change in batch}
        for change in batch:
            record = change["ResourceRecordSet"]
            values = [each["Value"] for each in record.get("ResourceRecords", ())]
            call.effect(f"dns.{change['Action'].lower()}", record["Name"].rstrip("."), type=record["Type"], to=values)

        def publish() -> None:
            for name, type in touched:
                self._publish(zone.resource_id, name, type)

        return {"ChangeInfo": self._change(call.params["ChangeBatch"].get("Comment", ""), publish)}

    def _change(self, comment: str, then: Callable[[], None]) -> dict[str, Any]:
        id = f"C{self.world.random.getrandbits(70):018X}"
        self.changes[id] = (self.world.clock.now(), comment)
        self.cloud.later(SYNC_SECONDS, then)
        return self._shown(id)

    def _publish(self, zone: str, name: str, type: str) -> None:
        """What the name servers answer: of weighted records those that have weight, of an alias what it names."""
        found = [record for (n, t, _), record in self.zones.get(zone, {}).items() if (n, t) == (name, type)]
        live = [record for record in found if record.get("Weight", 1) > 0 and record.get("Failover") != "SECONDARY"]
        short = name.rstrip(".")
        published = [
            Name(short, type, value["Value"].rstrip("."), record.get("TTL", 60))
            for record in live
            for value in record.get("ResourceRecords", ())
        ]
        targets = [record["AliasTarget"]["DNSName"].rstrip(".") for record in live if "AliasTarget" in record]
        aliases = [Name(short, "CNAME", target, 60) for target in targets]
        self.world.names.publish(short, type, published)
        if aliases:
            self.world.names.publish(short, "CNAME", aliases)

    @on("GetChange")
    def get_change(self, call: Call) -> dict[str, Any]:
        id = call.params["Id"].rpartition("/")[2]
        if id not in self.changes:
            raise Fault("NoSuchChange", f"Could not find resource with ID: {id}", 404)
        return {"ChangeInfo": self._shown(id)}

    def _shown(self, id: str) -> dict[str, Any]:
        at, comment = self.changes[id]
        status = "INSYNC" if self.world.clock.now() >= at + SYNC_SECONDS else "PENDING"
        shown = {"Id": f"/change/{id}", "Status": status, "SubmittedAt": at}
        return {**shown, "Comment": comment} if comment else shown

    @on("TestDNSAnswer")
    def test_answer(self, call: Call) -> dict[str, Any]:
        """What the name servers say at this moment, which is not yet what was changed last."""
        self._zone(call, call.params["HostedZoneId"])
        name, type = call.params["RecordName"].rstrip("."), call.params["RecordType"]
        found = [each.content for each in self.world.names.published(name, type)]
        code = "NOERROR" if found else "NXDOMAIN"
        answer = {"Nameserver": SERVERS[0], "RecordName": name, "RecordType": type, "Protocol": "UDP"}
        return {**answer, "RecordData": found, "ResponseCode": code}

    @on("GetAccountLimit")
    def limit(self, call: Call) -> dict[str, Any]:
        zones = call.cloud.backend("route53", region="aws").zones
        return {"Limit": {"Type": call.params["Type"], "Value": 500}, "Count": len(zones)}

    @on("GetHealthCheckStatus")
    def health(self, call: Call) -> dict[str, Any]:
        """What the checkers see of the host that is checked, if it is one of the world's."""
        result = call.result()
        checks = call.cloud.backend("route53", region="aws").health_checks
        check = checks.get(call.params["HealthCheckId"])
        origin = self.world.origins.get(getattr(check, "fqdn", None) or "")
        why = origin.why_not() if origin else ""
        for seen in result["HealthCheckObservations"]:
            seen["StatusReport"]["Status"] = f"Failure: {why}" if why else "Success: HTTP Status Code 200, OK"
        return result


def _apply(action: str, record: dict[str, Any], records: Records, domain: str) -> str:
    """Do one change; what is wrong with it, or nothing."""
    name, type = record["Name"], record["Type"]
    key = (name, type, record.get("SetIdentifier", ""))
    what = f"[name='{name}', type='{type}'" + (f", set identifier='{key[2]}']" if key[2] else "]")
    if name != domain and not name.endswith("." + domain):
        return f"RRSet with DNS name {name} is not permitted in zone {domain}"
    if action == "DELETE":
        if key not in records:
            return f"Tried to delete resource record set {what} but it was not found"
        if records.pop(key) != record:
            return f"Tried to delete resource record set {what} but the values provided do not match the current values"
        return ""
    if action == "CREATE" and key in records:
        return f"Tried to create resource record set {what} but it already exists"
    said = _misfit(record, records, domain)
    if not said:
        records[key] = record
    return said


def _misfit(record: dict[str, Any], records: Records, domain: str) -> str:
    """Why a zone cannot take this record set, or nothing."""
    name, type = record["Name"], record["Type"]
    is_alias = "AliasTarget" in record
    if bool(record.get("ResourceRecords")) is is_alias or ("TTL" in record) is is_alias:
        return f"Invalid request: Expected exactly one of AliasTarget, and TTL with ResourceRecords, in {name}"
    wrong = next((v["Value"] for v in record.get("ResourceRecords", ()) if not _is_value(type, v["Value"])), None)
    if wrong is not None:
        return (
            f"Invalid Resource Record: 'FATAL problem: value is not valid for type {type} encountered with '{wrong}''"
        )
    if type == "CNAME" and name == domain:
        return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {domain}"
    if any(n == name and t != type and "CNAME" in (t, type) for n, t, _ in records):
        said = f"RRSet of type {type} with DNS name {name} is not permitted as it conflicts with other records"
        return f"{said} with the same DNS name in zone {domain}"
    return ""


def _is_value(type: str, value: str) -> bool:
    if type in ("A", "AAAA"):
        try:
            return ipaddress.ip_address(value).version == (4 if type == "A" else 6)
        except ValueError:
            return False
    return type != "CNAME" or bool(re.fullmatch(r"[A-Za-z0-9_*-]+(\.[A-Za-z0-9_-]+)*\.?", value))


def _absolute(name: str) -> str:
    return name.lower().rstrip(".").replace("*", "\\052") + "."


def _order(key: Key) -> tuple[list[str], str, str]:
    """By name with its labels turned round, as AWS lists them."""
    return list(reversed(key[0].rstrip(".").split("."))), key[1], key[2]
