"""AWS Lambda as the cold standby.

https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import session
from dr_console.providers.aws.service import VENDOR, Service, failed
from dr_console.providers.capabilities.functions import FunctionState, Invocation, Warmth
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline, looks
from dr_console.providers.waiting import waited_for

READ = _("read the function’s state")
ORDER = _("order warm instances of the function")
END = _("end the warm instances of the function")
WAIT = _("wait until the function is warm")
INVOKE = _("call the function")
SWITCH = _("switch the function’s alias")
STOP = _("stop the function")
START = _("start the function again")
NOT_FOUND = "ResourceNotFoundException"
NOT_PROVISIONED = "ProvisionedConcurrencyConfigNotFoundException"
HEALTH = {"rawPath": "/health", "requestContext": {"http": {"method": "GET", "path": "/health"}}, "version": "2.0"}
QUOTED_CHARACTERS = 200
MOST_ANSWER_BYTES = 1024 * 1024


class _Alias(BaseModel):
    FunctionVersion: str
    RevisionId: str


class _Configuration(BaseModel):
    CodeSha256: str
    LastModified: datetime
    Version: str


class _Reserved(BaseModel):
    ReservedConcurrentExecutions: int | None = None


class _Provisioned(BaseModel):
    RequestedProvisionedConcurrentExecutions: int
    AvailableProvisionedConcurrentExecutions: int = 0
    Status: str
    StatusReason: str = ""


class _Url(BaseModel):
    FunctionUrl: str


class LambdaFunctions:
    """The function and the alias of the settings, unless others are named."""

    def __init__(self, name: str = "", alias: str = "", region: str = "") -> None:
        self._name, self._alias = name, alias
        self._lambda = Service("lambda", region)

    def state(self, *, deadline: Deadline) -> FunctionState:
        name, alias = self._names(READ)
        found = self._lambda.read("get_alias", READ, deadline, FunctionName=name, Name=alias).read_as(_Alias)
        code = self._lambda.read(
            "get_function_configuration", READ, deadline, FunctionName=name, Qualifier=alias
        ).read_as(_Configuration)
        reserved = self._lambda.read("get_function_concurrency", READ, deadline, FunctionName=name).read_as(_Reserved)
        url = self._lambda.read_or_none(
            "get_function_url_config", READ, deadline, NOT_FOUND, FunctionName=name, Qualifier=alias
        )
        warmth = self._warmth(READ, deadline)
        return FunctionState(
            name=name,
            alias=alias,
            version=found.FunctionVersion,
            revision=found.RevisionId,
            url=url.read_as(_Url).FunctionUrl if url else "",
            reserved=reserved.ReservedConcurrentExecutions,
            ordered=warmth.RequestedProvisionedConcurrentExecutions if warmth else 0,
            ready=warmth.AvailableProvisionedConcurrentExecutions if warmth else 0,
            warmth=_warmth(warmth),
            warmth_said=warmth.StatusReason if warmth else "",
            code_hash=code.CodeSha256,
            modified_at=code.LastModified,
        )

    def order_warmth(self, instances: int, *, deadline: Deadline) -> None:
        name, alias = self._names(ORDER)
        self._lambda.change(
            "put_provisioned_concurrency_config",
            ORDER,
            deadline,
            FunctionName=name,
            Qualifier=alias,
            ProvisionedConcurrentExecutions=instances,
        ).read_as(_Provisioned)

    def end_warmth(self, *, deadline: Deadline) -> None:
        name, alias = self._names(END)
        try:
            self._lambda.change(
                "delete_provisioned_concurrency_config",
                END,
                deadline,
                harmless=True,
                FunctionName=name,
                Qualifier=alias,
            )
        except ProviderError as error:
            if error.code != NOT_PROVISIONED:
                raise

    def wait_until_warm(self, *, deadline: Deadline) -> FunctionState:
        def look() -> tuple[FunctionState | None, str]:
            warmth = self._warmth(WAIT, deadline)
            if warmth is None:
                raise failed(WAIT, "no warm instances are ordered")
            if _warmth(warmth) is Warmth.FAILED:
                raise failed(WAIT, warmth.StatusReason or warmth.Status)
            said = f"{warmth.AvailableProvisionedConcurrentExecutions} ready"
            return self.state(deadline=deadline) if _warmth(warmth) is Warmth.WARM else None, said

        return waited_for(look, vendor=VENDOR, operation=WAIT, deadline=deadline)

    def invoke(self, *, deadline: Deadline) -> Invocation:
        name, alias = self._names(INVOKE)
        client = session.client("lambda", operation=INVOKE, region=self._lambda.region or None)
        began = time.monotonic()
        answer = session.call(
            client,
            "invoke",
            operation=INVOKE,
            deadline=deadline,
            harmless=True,
            FunctionName=name,
            Qualifier=alias,
            Payload=json.dumps(HEALTH).encode(),
        ).json()
        body = session.translated(
            client,
            INVOKE,
            reads=False,
            act=lambda: answer["Payload"].read(MOST_ANSWER_BYTES) if "Payload" in answer else b"",
        )
        return Invocation(
            version=str(answer.get("ExecutedVersion", "")),
            seconds=time.monotonic() - began,
            failed=str(answer.get("FunctionError", "")),
            answered=bytes(body).decode(errors="replace")[:QUOTED_CHARACTERS],
        )

    def invoke_until_quick(self, *, within: float, deadline: Deadline) -> Invocation:
        last: Invocation | None = None
        for _look in looks(deadline):
            last = self.invoke(deadline=deadline)
            if not last.failed and last.seconds <= within:
                return last
        if last and last.failed:
            raise failed(INVOKE, f"{last.failed}: {last.answered}")
        raise ProviderError(
            VENDOR, INVOKE, Problem.NOT_IN_TIME, said=f"its last answer took {last.seconds:.1f} s" if last else ""
        )

    def switch(self, version: str, *, revision: str, deadline: Deadline) -> FunctionState:
        name, alias = self._names(SWITCH)
        self._lambda.change(
            "update_alias",
            SWITCH,
            deadline,
            FunctionName=name,
            Name=alias,
            FunctionVersion=version,
            RevisionId=revision,
        ).read_as(_Alias)
        return self.state(deadline=deadline)

    def stop(self, *, deadline: Deadline) -> None:
        # What is reserved must not be less than what is kept warm.
        self.end_warmth(deadline=deadline)
        self._reserve(0, STOP, deadline)

    def put_back(self, state: FunctionState, *, deadline: Deadline) -> FunctionState:
        now = self.state(deadline=deadline)
        if now.version != state.version:
            now = self.switch(state.version, revision=now.revision, deadline=deadline)
        # What is reserved must never be less than what is kept warm.
        if state.ordered < now.ordered:
            self._keep_warm(state.ordered, deadline)
        if now.reserved != state.reserved:
            self._reserve(state.reserved, START, deadline)
        if state.ordered > now.ordered:
            self._keep_warm(state.ordered, deadline)
        return self.state(deadline=deadline)

    def _keep_warm(self, instances: int, deadline: Deadline) -> None:
        if instances:
            self.order_warmth(instances, deadline=deadline)
        else:
            self.end_warmth(deadline=deadline)

    def _reserve(self, executions: int | None, operation: str, deadline: Deadline) -> None:
        name, _alias = self._names(operation)
        params: dict[str, Any] = {"FunctionName": name}
        if executions is None:
            self._lambda.change("delete_function_concurrency", operation, deadline, harmless=True, **params)
            return
        params["ReservedConcurrentExecutions"] = executions
        answer = self._lambda.change("put_function_concurrency", operation, deadline, harmless=True, **params)
        if answer.read_as(_Reserved).ReservedConcurrentExecutions != executions:
            answer.is_garbled("ReservedConcurrentExecutions is not what was asked for. ")

    def _warmth(self, operation: str, deadline: Deadline) -> _Provisioned | None:
        name, alias = self._names(operation)
        found = self._lambda.read_or_none(
            "get_provisioned_concurrency_config",
            operation,
            deadline,
            NOT_PROVISIONED,
            FunctionName=name,
            Qualifier=alias,
        )
        return found.read_as(_Provisioned) if found else None

    def _names(self, operation: str) -> tuple[str, str]:
        name = self._name or credential("aws", "function", operation=operation)
        return name, self._alias or credential("aws", "function_alias", operation=operation)


def _warmth(found: _Provisioned | None) -> Warmth:
    if found is None:
        return Warmth.NONE
    return {"READY": Warmth.WARM, "FAILED": Warmth.FAILED}.get(found.Status, Warmth.WARMING)
