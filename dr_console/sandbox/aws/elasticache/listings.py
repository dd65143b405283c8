"""What tools ask ElastiCache around the calls that matter: tags, subnet and parameter groups, versions, events."""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Cloud, on
from dr_console.sandbox.aws.elasticache.snapshots import ElastiCache
from dr_console.sandbox.aws.elasticache.state import SPEC, VPC
from dr_console.sandbox.aws.spoilt import Spoilt

FAMILY = "redis7"
EMPTY = {
    "DescribeEvents": "Events",
    "DescribeServerlessCaches": "ServerlessCaches",
    "DescribeServerlessCacheSnapshots": "ServerlessCacheSnapshots",
    "DescribeCacheSecurityGroups": "CacheSecurityGroups",
    "DescribeReservedCacheNodes": "ReservedCacheNodes",
    "DescribeUpdateActions": "UpdateActions",
    "DescribeGlobalReplicationGroups": "GlobalReplicationGroups",
}


class WholeElastiCache(ElastiCache):
    """`tags`: by ARN. `subnet_groups`: by name, as they are shown."""

    def __init__(self, cloud: Cloud, spoilt: Spoilt) -> None:
        super().__init__(cloud, spoilt)
        self.tags: dict[str, dict[str, str]] = {}
        name = SPEC["CacheSubnetGroupName"]
        self.subnet_groups: dict[tuple[str, str], dict[str, Any]] = {
            (region.name, name): _subnet_group(region.name, name, "Subnets of the toolbox", ["subnet-1", "subnet-2"])
            for region in self.regions.values()
        }

    @on(*EMPTY)
    def nothing(self, call: Call) -> dict[str, Any]:
        return {EMPTY[call.asked.operation]: []}

    @on("ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
    def tag(self, call: Call) -> dict[str, Any]:
        tags = self.tags.setdefault(call.params["ResourceName"], {})
        tags |= {tag["Key"]: tag.get("Value", "") for tag in call.params.get("Tags", [])}
        for key in call.params.get("TagKeys", []):
            tags.pop(key, None)
        return {"TagList": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    @on("DescribeCacheSubnetGroups")
    def describe_subnet_groups(self, call: Call) -> dict[str, Any]:
        wanted = call.params.get("CacheSubnetGroupName", "").lower()
        found = [
            group
            for (region, name), group in self.subnet_groups.items()
            if region == call.region and wanted in ("", name)
        ]
        if wanted and not found:
            raise Fault("CacheSubnetGroupNotFoundFault", f"Cache subnet group {wanted} does not exist.")
        return {"CacheSubnetGroups": found}

    @on("CreateCacheSubnetGroup")
    def create_subnet_group(self, call: Call) -> dict[str, Any]:
        name = call.params["CacheSubnetGroupName"].lower()
        if (call.region, name) in self.subnet_groups:
            raise Fault("CacheSubnetGroupAlreadyExists", f"Cache subnet group {name} already exists.")
        group = _subnet_group(
            call.region, name, call.params["CacheSubnetGroupDescription"], call.params.get("SubnetIds", [])
        )
        self.subnet_groups[call.region, name] = group
        return {"CacheSubnetGroup": group}

    @on("DescribeCacheParameterGroups")
    def describe_parameter_groups(self, call: Call) -> dict[str, Any]:
        name = f"default.{FAMILY}"
        if call.params.get("CacheParameterGroupName", name) != name:
            said = f"CacheParameterGroup not found: {call.params['CacheParameterGroupName']}"
            raise Fault("CacheParameterGroupNotFound", said, 404)
        group = {"CacheParameterGroupName": name, "CacheParameterGroupFamily": FAMILY, "IsGlobal": False}
        return {"CacheParameterGroups": [{**group, "Description": f"Default parameter group for {FAMILY}"}]}

    @on("DescribeCacheEngineVersions")
    def describe_versions(self, call: Call) -> dict[str, Any]:
        versions = [("redis", "7.1", FAMILY), ("redis", "7.0", FAMILY), ("valkey", "8.0", "valkey8")]
        shown = [
            {"Engine": engine, "EngineVersion": version, "CacheParameterGroupFamily": family}
            for engine, version, family in versions
            if call.params.get("Engine", engine) == engine
        ]
        return {"CacheEngineVersions": shown}


def _subnet_group(region: str, name: str, description: str, subnets: list[str]) -> dict[str, Any]:
    return {
        "CacheSubnetGroupName": name,
        "CacheSubnetGroupDescription": description,
        "VpcId": VPC,
        "Subnets": [
            {"SubnetIdentifier": id, "SubnetAvailabilityZone": {"Name": f"{region}{'abc'[place % 3]}"}}
            for place, id in enumerate(subnets)
        ],
        "ARN": f"arn:aws:elasticache:{region}:123456789012:subnetgroup:{name}",
    }
