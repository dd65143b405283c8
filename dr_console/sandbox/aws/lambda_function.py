"""Lambda: moto's functions, and what moto lacks of it: provisioned and reserved concurrency, revisions, a cold start.

https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dr_console.sandbox.aws.answers import Fault, Reply
from dr_console.sandbox.aws.cloud import ACCOUNT, REGION, Call, Cloud, Service, on

FUNCTION = "gemini-toolbox"
ALIAS = "live"
HOST = "frankfurt.origin.example.com"
COLD_SECONDS = 8.0
WARM_SECONDS = 600.0
PROVISION_SECONDS = 90.0
UNRESERVED = 1000


@dataclass
class Provisioned:
    """A provisioned concurrency configuration. `since`: seconds of the world's clock when it was asked for."""

    wanted: int
    since: float
    changed: str


@dataclass
class Function:
    """What we know of a function beside moto. `starts_at`: when the instance that was started last is up, and warm."""

    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    reserved: int | None = None
    starts_at: float | None = None
    asked_at: float = 0.0
    urls: dict[str, dict[str, Any]] = field(default_factory=dict)


class Lambda(Service):
    name = "lambda"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.functions: dict[tuple[str, str], Function] = {(REGION, FUNCTION): Function()}
        standby = self.functions[REGION, FUNCTION]
        self._active: tuple[str, ...] = (ALIAS, "1")
        origin = self.world.origins.get(HOST)
        if origin:
            origin.starting["lambda"] = lambda: self._wait(standby, self._active)
            origin.on_request["lambda"] = lambda: self._ask(standby, self._active)
            stopped = "Lambda is throttled: its reserved concurrency is 0."
            origin.obstacles["lambda"] = lambda: stopped if standby.reserved == 0 else ""

    def seed(self) -> None:
        """The cold standby: one version published, which its alias points to, behind a function URL."""
        iam = self.cloud.backend("iam", region="aws")
        role = iam.create_role(f"{FUNCTION}-role", "{}", "/service-role/", None, "", [], 3600)
        lambdas = self.cloud.backend("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.js", "exports.handler = async () => ({ statusCode: 200, body: 'ok' })")
        spec = {
            "FunctionName": FUNCTION,
            "Runtime": "nodejs22.x",
            "Role": role.arn,
            "Handler": "index.handler",
            "Code": {"ZipFile": b64encode(code.getvalue()).decode()},
            "Description": "Cold standby of the toolbox",
            "MemorySize": 512,
            "Timeout": 30,
            "Publish": True,
        }
        lambdas.create_function(spec)
        lambdas.create_alias(ALIAS, FUNCTION, "1", "Takes the traffic", None)
        self.functions[REGION, FUNCTION].urls[ALIAS] = self._url(FUNCTION, ALIAS, REGION, {"AuthType": "NONE"})

    def _function(self, call: Call) -> tuple[str, Function]:
        """Name and what we know of it. Raises what AWS does if there is no such function."""
        name = _name(call.params["FunctionName"])
        if name not in call.cloud.backend("lambda", region=call.region)._lambdas._functions:
            raise _not_found(f"Function not found: {_arn(call.region, name)}")
        return name, self.functions.setdefault((call.region, name), Function())

    def _wait(self, function: Function, qualifiers: tuple[str, ...]) -> float:
        """How many seconds whoever asked now would wait for an instance. Looking starts none."""
        if self._is_provisioned(function, qualifiers):
            return 0.0
        if function.starts_at is None or self._is_cold(function):
            return COLD_SECONDS
        return max(0.0, function.starts_at - self.world.clock.now())

    def _ask(self, function: Function, qualifiers: tuple[str, ...]) -> None:
        """Somebody asks, which starts an instance where none is up, and keeps it up for a while."""
        if self._is_provisioned(function, qualifiers):
            return
        now = self.world.clock.now()
        if function.starts_at is None or self._is_cold(function):
            function.starts_at = now + COLD_SECONDS
        function.asked_at = now

    def _is_provisioned(self, function: Function, qualifiers: tuple[str, ...]) -> bool:
        return any(self._is_ready(function.provisioned.get(each)) for each in qualifiers)

    def _is_cold(self, function: Function) -> bool:
        """Nobody has asked for so long that the last instance is gone."""
        last = max(function.asked_at, function.starts_at or 0.0)
        return self.world.clock.now() - last > WARM_SECONDS

    def _is_ready(self, provisioned: Provisioned | None) -> bool:
        return provisioned is not None and self.world.clock.now() >= provisioned.since + PROVISION_SECONDS

    @on("PutProvisionedConcurrencyConfig")
    def put_provisioned(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        qualifier, wanted = call.params["Qualifier"], int(call.params["ProvisionedConcurrentExecutions"])
        if qualifier == "$LATEST":
            said = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            raise _invalid(said)
        self._version_of(call, name, qualifier)
        if wanted < 1 or (function.reserved is not None and wanted > function.reserved):
            said = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution"
            raise _invalid(said)
        function.provisioned[qualifier] = Provisioned(wanted, self.world.clock.now(), _stamp(call))
        call.effect("lambda.put_provisioned_concurrency", f"{name}:{qualifier}", executions=wanted)
        return self._shown(function.provisioned[qualifier])

    @on("GetProvisionedConcurrencyConfig")
    def get_provisioned(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        self._version_of(call, name, call.params["Qualifier"])
        found = function.provisioned.get(call.params["Qualifier"])
        if not found:
            said = "No Provisioned Concurrency Config found for this function"
            raise Fault("ProvisionedConcurrencyConfigNotFoundException", said, 404)
        return self._shown(found)

    @on("DeleteProvisionedConcurrencyConfig")
    def delete_provisioned(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        if function.provisioned.pop(call.params["Qualifier"], None):
            call.effect("lambda.delete_provisioned_concurrency", f"{name}:{call.params['Qualifier']}")
        return {}

    @on("ListProvisionedConcurrencyConfigs")
    def list_provisioned(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        shown = [
            {"FunctionArn": f"{_arn(call.region, name)}:{qualifier}", **self._shown(each)}
            for qualifier, each in sorted(function.provisioned.items())
        ]
        return {"ProvisionedConcurrencyConfigs": shown}

    def _shown(self, provisioned: Provisioned) -> dict[str, Any]:
        done = (self.world.clock.now() - provisioned.since) / PROVISION_SECONDS
        ready = int(min(1.0, done) * provisioned.wanted)
        return {
            "RequestedProvisionedConcurrentExecutions": provisioned.wanted,
            "AvailableProvisionedConcurrentExecutions": ready,
            "AllocatedProvisionedConcurrentExecutions": ready,
            "Status": "READY" if done >= 1 else "IN_PROGRESS",
            "LastModified": provisioned.changed,
        }

    @on("PutFunctionConcurrency")
    def put_reserved(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        wanted = int(call.params["ReservedConcurrentExecutions"])
        if wanted > UNRESERVED - 100:
            said = (
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution"
            )
            raise _invalid(f"{said} below its minimum value of [100].")
        if wanted < sum(each.wanted for each in function.provisioned.values()):
            said = "ReservedConcurrentExecutions should not be less than the function's total provisioned concurrency"
            raise _invalid(f"{said} [{sum(each.wanted for each in function.provisioned.values())}].")
        function.reserved = wanted
        call.effect("lambda.put_concurrency", name, reserved=wanted)
        return {"ReservedConcurrentExecutions": wanted}

    @on("GetFunctionConcurrency")
    def get_reserved(self, call: Call) -> dict[str, Any]:
        _, function = self._function(call)
        return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}

    @on("DeleteFunctionConcurrency")
    def delete_reserved(self, call: Call) -> dict[str, Any]:
        name, function = self._function(call)
        function.reserved = None
        call.effect("lambda.delete_concurrency", name)
        return {}

    @on("GetFunction")
    def get_function(self, call: Call) -> dict[str, Any]:
        _, function = self._function(call)
        result = call.result()
        if function.reserved is not None:
            result["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
        result["Configuration"].setdefault("RevisionId", _revision(result["Configuration"]))
        return result

    @on("GetFunctionConfiguration", "PublishVersion")
    def with_revision(self, call: Call) -> dict[str, Any]:
        result = call.result()
        result.setdefault("RevisionId", _revision(result))
        if qualifier := call.params.get("Qualifier"):
            result["FunctionArn"] = f"{_arn(call.region, result['FunctionName'])}:{qualifier}"
        if call.asked.operation == "PublishVersion":
            call.effect("lambda.publish_version", f"{result['FunctionName']}:{result['Version']}")
        return result

    @on("GetAccountSettings")
    def account(self, call: Call) -> dict[str, Any]:
        reserved = sum(each.reserved or 0 for each in self.functions.values())
        limits = {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": UNRESERVED,
            "UnreservedConcurrentExecutions": UNRESERVED - reserved,
        }
        return {"AccountLimit": limits, "AccountUsage": {"TotalCodeSize": 1000, "FunctionCount": len(self.functions)}}

    @on("GetAlias")
    def get_alias(self, call: Call) -> dict[str, Any]:
        """moto's words with AWS's status: moto answers 201, as if it had made one."""
        return call.result()

    @on("UpdateAlias")
    def update_alias(self, call: Call) -> dict[str, Any]:
        """With a RevisionId only if that is still the alias's: compare and set."""
        name, function = self._function(call)
        alias_name, lambdas = call.params["Name"], call.cloud.backend("lambda", region=call.region)
        alias = lambdas._lambdas._get_function_aliases(name).get(alias_name)
        if not alias:
            raise _not_found(f"Cannot find alias arn: {_arn(call.region, name)}:{alias_name}")
        if call.params.get("RevisionId") not in (None, alias.revision_id):
            said = (
                "The Revision Id provided does not match the latest Revision Id. Call the GetAlias API to retrieve it"
            )
            raise Fault("PreconditionFailedException", said, 412)
        if call.params.get("FunctionVersion"):
            self._version_of(call, name, call.params["FunctionVersion"])
        result = call.result()
        alias.revision_id = result["RevisionId"] = str(UUID(int=self.world.random.getrandbits(128), version=4))
        if alias_name in function.provisioned:
            function.provisioned[alias_name].since = self.world.clock.now()
        if (call.region, name, alias_name) == (REGION, FUNCTION, ALIAS):
            self._active = (ALIAS, alias.function_version)
            function.starts_at = None
        call.effect("lambda.update_alias", f"{name}:{alias_name}", version=alias.function_version)
        return result

    @on("Invoke")
    def invoke(self, call: Call) -> Reply:
        """Cold, it lets one wait; throttled, it refuses; and then it answers whatever it was asked."""
        name, function = self._function(call)
        qualifier = call.params.get("Qualifier") or _qualifier(call.params["FunctionName"]) or "$LATEST"
        version = self._version_of(call, name, qualifier)
        if function.reserved == 0:
            why = "ReservedFunctionConcurrentInvocationLimitExceeded"
            raise Fault("TooManyRequestsException", "Rate Exceeded.", 429, Reason=why)
        kind = call.params.get("InvocationType", "RequestResponse")
        headers = {"x-amz-executed-version": version, "content-type": "application/json"}
        if kind == "DryRun":
            return Reply(204, headers)
        self._ask(function, (qualifier, version))
        wait = self._wait(function, (qualifier, version))
        call.effect("lambda.invoke", f"{name}:{qualifier}", cold=wait > 0)
        if kind == "Event":
            return Reply(202, headers)
        said = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": '{"status":"ok"}'}
        return Reply(200, headers, json.dumps(said).encode(), wait=wait + 0.02)

    @on("CreateFunctionUrlConfig", "UpdateFunctionUrlConfig")
    def put_url(self, call: Call) -> Reply | dict[str, Any]:
        name, function = self._function(call)
        qualifier = call.params.get("Qualifier", "")
        is_new = call.asked.operation == "CreateFunctionUrlConfig"
        if is_new and qualifier in function.urls:
            said = f"FunctionUrlConfig exists for this Lambda function: {_arn(call.region, name)}"
            raise Fault("ResourceConflictException", said, 409)
        if not is_new and qualifier not in function.urls:
            raise _not_found("The resource you requested does not exist.")
        given: dict[str, Any] = {
            key: call.params[key] for key in ("AuthType", "Cors", "InvokeMode") if key in call.params
        }
        fresh = self._url(name, qualifier, call.region, given)
        function.urls[qualifier] = fresh if is_new else {**function.urls[qualifier], **given}
        call.effect("lambda.put_function_url", f"{name}:{qualifier}")
        return function.urls[qualifier]

    @on("GetFunctionUrlConfig", "DeleteFunctionUrlConfig")
    def get_url(self, call: Call) -> dict[str, Any]:
        _, function = self._function(call)
        found = function.urls.get(call.params.get("Qualifier", ""))
        if not found:
            raise _not_found("The resource you requested does not exist.")
        if call.asked.operation == "DeleteFunctionUrlConfig":
            del function.urls[call.params.get("Qualifier", "")]
            return {}
        return found

    @on("ListFunctionUrlConfigs")
    def list_urls(self, call: Call) -> dict[str, Any]:
        _, function = self._function(call)
        return {"FunctionUrlConfigs": list(function.urls.values())}

    def _url(self, name: str, qualifier: str, region: str, given: dict[str, Any]) -> dict[str, Any]:
        at = self.world.clock.moment().isoformat(timespec="seconds")
        arn = _arn(region, name) + (f":{qualifier}" if qualifier else "")
        id = f"{self.world.random.getrandbits(160):032x}"[:32]
        url = f"https://{id}.lambda-url.{region}.on.aws/"
        made = {"FunctionUrl": url, "FunctionArn": arn, "CreationTime": at, "LastModifiedTime": at}
        return {**made, "AuthType": "AWS_IAM", "InvokeMode": "BUFFERED", **given}

    @staticmethod
    def _version_of(call: Call, name: str, qualifier: str) -> str:
        lambdas = call.cloud.backend("lambda", region=call.region)._lambdas
        if qualifier == "$LATEST":
            return qualifier
        aliases = lambdas._get_function_aliases(name)
        if qualifier in aliases:
            return str(aliases[qualifier].function_version)
        if qualifier in {str(each.version) for each in lambdas._functions[name]["versions"]}:
            return qualifier
        raise _not_found(f"Function not found: {_arn(call.region, name)}:{qualifier}")


def _name(given: str) -> str:
    return (given.split(":function:")[-1]).split(":")[0]


def _qualifier(given: str) -> str:
    return given.split(":function:")[-1].partition(":")[2]


def _arn(region: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"


def _stamp(call: Call) -> str:
    return call.now().strftime("%Y-%m-%dT%H:%M:%S+0000")


def _revision(configuration: dict[str, Any]) -> str:
    """One that changes with what it is the revision of."""
    text = f"{configuration.get('CodeSha256')}{configuration.get('LastModified')}{configuration.get('Version')}"
    return str(UUID(int=sum(ord(each) * 257**place for place, each in enumerate(text[:15])), version=4))


def _not_found(said: str) -> Fault:
    return Fault("ResourceNotFoundException", said, 404)


def _invalid(said: str) -> Fault:
    return Fault("InvalidParameterValueException", said, 400)
