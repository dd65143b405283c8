"""Route 53 by hand: a zone of record sets, changed all at once or not at all, in sync when looked at twice."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tests.providers.faked_aws import NOW, FakedAws, Refusal

Params = dict[str, Any]
ZONE = "Z0GEMINI0EXAMPLE0COM"


def _simple(name: str, type: str, value: str) -> Params:
    return {"Name": f"{name}.", "Type": type, "TTL": 60, "ResourceRecords": [{"Value": value}]}


class FakedRoute53:
    def __init__(self) -> None:
        self.sets = [
            _simple("api.example.com", "CNAME", "tokyo.origin.example.com"),
            _simple("tokyo.origin.example.com", "A", "192.0.2.10"),
            _simple("www.example.com", "CNAME", "tokyo.origin.example.com"),
        ]
        self.looked = 0

    def fake(self) -> FakedAws:
        return FakedAws(
            {
                "route53.ListResourceRecordSets": self.list,
                "route53.ChangeResourceRecordSets": self.change,
                "route53.GetChange": self.look,
            }
        )

    def list(self, params: Params) -> Params:
        start = _name(params.get("StartRecordName", "a"))
        # Route 53 orders by the labels turned round; here it is enough that the wanted name comes first.
        found = [each for each in self.sets if each["Name"] == start] + [
            each for each in self.sets if each["Name"] != start
        ]
        return {"ResourceRecordSets": deepcopy(found), "IsTruncated": False, "MaxItems": "300"}

    def change(self, params: Params) -> Params:
        after = deepcopy(self.sets)
        for change in params["ChangeBatch"]["Changes"]:
            record = {**change["ResourceRecordSet"], "Name": _name(change["ResourceRecordSet"]["Name"])}
            there = [each for each in after if _key(each) == _key(record)]
            if change["Action"] == "DELETE":
                if record not in there:
                    raise Refusal("InvalidChangeBatch", "[Tried to delete resource record set but it was not found]")
                after.remove(record)
                continue
            for value in record.get("ResourceRecords", []):
                if " " in value["Value"]:
                    raise Refusal(
                        "InvalidChangeBatch", "[Invalid Resource Record: FATAL problem: DomainLabelNotAllowed]"
                    )
            after = [each for each in after if each not in there] + [record]
        self.sets, self.looked = after, 0
        return {"ChangeInfo": {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": NOW}}

    def look(self, params: Params) -> Params:
        self.looked += 1
        status = "INSYNC" if self.looked > 1 else "PENDING"
        return {"ChangeInfo": {"Id": params["Id"], "Status": status, "SubmittedAt": NOW}}


def _name(name: str) -> str:
    return re.sub(r"\.?$", ".", name.lower(), count=1)


def _key(record: Params) -> tuple[str, str, str]:
    return record["Name"], record["Type"], record.get("SetIdentifier", "")
