"""The function platform: the same tests on answers written by hand, and on the running sandbox."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.aws.lambda_functions import LambdaFunctions
from dr_console.providers.capabilities.functions import FunctionPlatform, Warmth
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_aws import FakedAws, Refusal
from tests.sandboxed import Sandbox

SPEED = 300
Params = dict[str, Any]


class FakedLambda:
    """gemini-toolbox with two versions, of which its alias live has the first."""

    def __init__(self) -> None:
        self.version, self.revision = "1", "r1"
        self.reserved: int | None = None
        self.provisioned: Params | None = None
        self.errors: list[str] = []

    def fake(self) -> FakedAws:
        code = {"CodeSha256": "abc=", "LastModified": "2026-11-22T12:00:00.000+0000", "Version": "1"}
        return FakedAws(
            {
                "lambda.GetAlias": lambda params: self.alias(),
                "lambda.UpdateAlias": self.update,
                "lambda.GetFunctionConfiguration": code,
                "lambda.GetFunctionUrlConfig": {"FunctionUrl": "https://abc.lambda-url.eu-central-1.on.aws/", **URL},
                "lambda.GetFunctionConcurrency": lambda params: self.concurrency(),
                "lambda.PutFunctionConcurrency": self.reserve,
                "lambda.DeleteFunctionConcurrency": self.unreserve,
                "lambda.GetProvisionedConcurrencyConfig": self.look,
                "lambda.PutProvisionedConcurrencyConfig": self.provision,
                "lambda.DeleteProvisionedConcurrencyConfig": self.end,
                "lambda.Invoke": self.invoke,
            }
        )

    def alias(self) -> Params:
        return {"Name": "live", "FunctionVersion": self.version, "RevisionId": self.revision}

    def update(self, params: Params) -> Params:
        if params["RevisionId"] != self.revision:
            raise Refusal("PreconditionFailedException", "The Revision Id provided does not match", 412)
        if params["FunctionVersion"] not in ("1", "2"):
            raise Refusal("ResourceNotFoundException", "Function not found", 404)
        self.version, self.revision = params["FunctionVersion"], self.revision + "+"
        return self.alias()

    def concurrency(self) -> Params:
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def reserve(self, params: Params) -> Params:
        self.reserved = params["ReservedConcurrentExecutions"]
        return self.concurrency()

    def unreserve(self, params: Params) -> Params:
        self.reserved = None
        return {}

    def look(self, params: Params) -> Params:
        if self.provisioned is None:
            raise Refusal("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config", 404)
        shown = dict(self.provisioned)
        wanted = shown["RequestedProvisionedConcurrentExecutions"]
        self.provisioned.update(Status="READY", AvailableProvisionedConcurrentExecutions=wanted)
        return shown

    def provision(self, params: Params) -> Params:
        wanted = params["ProvisionedConcurrentExecutions"]
        self.provisioned = {"RequestedProvisionedConcurrentExecutions": wanted, "Status": "IN_PROGRESS"}
        return dict(self.provisioned)

    def end(self, params: Params) -> Params:
        self.provisioned = None
        return {}

    def invoke(self, params: Params) -> Params:
        if self.reserved == 0:
            raise Refusal("TooManyRequestsException", "Rate Exceeded.", 429)
        body = b'{"statusCode": 200}'
        wrong = {"FunctionError": self.errors.pop(0)} if self.errors else {}
        payload = StreamingBody(BytesIO(body), len(body))
        return {"StatusCode": 200, "ExecutedVersion": self.version, "Payload": payload, **wrong}


URL = {
    "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:gemini-toolbox:live",
    "AuthType": "NONE",
    "CreationTime": "2026-11-22T12:00:00Z",
    "LastModifiedTime": "2026-11-22T12:00:00Z",
}


@pytest.fixture(params=["faked", "sandbox"])
def functions(request: pytest.FixtureRequest) -> FunctionPlatform:
    if request.param == "faked":
        FakedLambda().fake().install(request.getfixturevalue("monkeypatch"))
    else:
        request.getfixturevalue("in_sandbox").reset(speed=SPEED)
    request.getfixturevalue("held")
    return registry.functions()


def test_the_standby_is_cold_and_says_what_it_would_run(functions: FunctionPlatform, soon: Deadline) -> None:
    state = functions.state(deadline=soon)
    assert (state.name, state.alias, state.version) == ("gemini-toolbox", "live", "1")
    assert (state.warmth, state.ordered, state.reserved, state.is_stopped) == (Warmth.NONE, 0, None, False)
    assert state.url.endswith(".lambda-url.eu-central-1.on.aws/")
    assert state.code_hash
    assert state.modified_at.tzinfo


def test_warm_instances_are_ordered_waited_for_and_ended(functions: FunctionPlatform, soon: Deadline) -> None:
    functions.order_warmth(2, deadline=soon)
    assert functions.state(deadline=soon).warmth is Warmth.WARMING
    warm = functions.wait_until_warm(deadline=soon)
    assert (warm.warmth, warm.ordered, warm.ready) == (Warmth.WARM, 2, 2)
    functions.end_warmth(deadline=soon)
    functions.end_warmth(deadline=soon)
    assert functions.state(deadline=soon).warmth is Warmth.NONE


def test_nobody_waits_for_instances_that_nobody_ordered(functions: FunctionPlatform, soon: Deadline) -> None:
    with pytest.raises(ProviderError, match="no warm instances") as caught:
        functions.wait_until_warm(deadline=soon)
    assert caught.value.problem is Problem.FAILED


def test_it_is_called_until_it_answers_quickly(functions: FunctionPlatform, soon: Deadline) -> None:
    answered = functions.invoke_until_quick(within=1.0, deadline=soon)
    assert (answered.version, answered.failed) == ("1", "")
    assert "200" in answered.answered


def test_it_is_stopped_and_put_back_as_it_was(functions: FunctionPlatform, soon: Deadline) -> None:
    functions.order_warmth(1, deadline=soon)
    before = functions.wait_until_warm(deadline=soon)
    functions.stop(deadline=soon)
    functions.stop(deadline=soon)
    assert functions.state(deadline=soon).is_stopped
    with pytest.raises(ProviderError) as caught:
        functions.invoke(deadline=Deadline.after(0.6))
    assert caught.value.problem is Problem.THROTTLED
    after = functions.put_back(before, deadline=soon)
    assert (after.reserved, after.ordered, after.version) == (None, 1, "1")


def test_the_alias_is_not_switched_where_somebody_was_first(functions: FunctionPlatform, soon: Deadline) -> None:
    state = functions.state(deadline=soon)
    with pytest.raises(ProviderError) as caught:
        functions.switch("1", revision=state.revision + "?", deadline=soon)
    assert (caught.value.code, caught.value.permanent) == ("PreconditionFailedException", True)
    with pytest.raises(ProviderError) as caught:
        functions.switch("99", revision=state.revision, deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND
    assert functions.state(deadline=soon) == state


def test_a_switch_there_and_back_changes_the_revision(monkeypatch: Any, request: Any, soon: Deadline) -> None:
    FakedLambda().fake().install(monkeypatch)
    request.getfixturevalue("held")
    functions = LambdaFunctions()
    before = functions.state(deadline=soon)
    after = functions.switch("2", revision=before.revision, deadline=soon)
    assert (after.version, after.revision != before.revision) == ("2", True)
    assert functions.put_back(before, deadline=soon).version == "1"


def test_what_the_function_itself_says_is_said(monkeypatch: Any, soon: Deadline) -> None:
    fake = FakedLambda()
    fake.errors = ["Unhandled"] * 100
    fake.fake().install(monkeypatch)
    with pytest.raises(ProviderError, match="Unhandled") as caught:
        LambdaFunctions().invoke_until_quick(within=1, deadline=Deadline.after(0.5))
    assert caught.value.problem is Problem.FAILED


def test_instances_that_cannot_be_had_are_not_waited_for(monkeypatch: Any, soon: Deadline) -> None:
    wire = FakedLambda().fake()
    wire.answers["lambda.GetProvisionedConcurrencyConfig"] = {
        "RequestedProvisionedConcurrentExecutions": 2,
        "Status": "FAILED",
        "StatusReason": "FUNCTION_ERROR_INIT_FAILURE",
    }
    wire.install(monkeypatch)
    with pytest.raises(ProviderError, match="INIT_FAILURE") as caught:
        LambdaFunctions().wait_until_warm(deadline=soon)
    assert caught.value.problem is Problem.FAILED


def test_a_function_that_is_not_there_is_not_found(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    with pytest.raises(ProviderError) as caught:
        LambdaFunctions("nothing").state(deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_a_lost_answer_to_a_switch_can_be_cleared_up(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    functions = LambdaFunctions()
    state = functions.state(deadline=soon)
    rule = {"vendor": "aws", "route": "lambda.UpdateAlias", "kind": "reset", "after_effect": True, "times": 1}
    in_sandbox.post("/faults", rule)
    with pytest.raises(ProviderError, match="may have happened"):
        functions.switch("1", revision=state.revision, deadline=soon)
    assert functions.state(deadline=soon).revision != state.revision


def test_an_expired_key_is_said_to_be_one(in_sandbox: Sandbox, soon: Deadline) -> None:
    in_sandbox.post("/aws/keys", {"expired": ["*"]})
    with pytest.raises(ProviderError) as caught:
        LambdaFunctions().state(deadline=soon)
    assert (caught.value.problem, caught.value.code) == (Problem.CREDENTIALS, "ExpiredTokenException")
