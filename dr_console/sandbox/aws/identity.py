"""Who we are, and what we may: STS and IAM. Everything is allowed that the world's owner has not denied.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import ACCOUNT, Call, Cloud, Service, on
from dr_console.sandbox.aws.keys import USER, Keys

USER_ID = "AIDAGEMINI0DRCONSOLE0"


class Sts(Service):
    name = "sts"

    @on("GetCallerIdentity")
    def who(self, call: Call) -> dict[str, Any]:
        return {"UserId": USER_ID, "Account": ACCOUNT, "Arn": USER}


class Iam(Service):
    name = "iam"

    def __init__(self, cloud: Cloud, keys: Keys) -> None:
        super().__init__(cloud)
        self.keys = keys

    def seed(self) -> None:
        self.cloud.backend("iam", region="aws").create_user("us-east-1", USER.rpartition("/")[2])

    @on("GetUser")
    def user(self, call: Call) -> dict[str, Any]:
        name = USER.rpartition("/")[2]
        if call.params.get("UserName", name) != name:
            return call.result()
        created = self.world.clock.moment().replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return {"User": {"Path": "/", "UserName": name, "UserId": USER_ID, "Arn": USER, "CreateDate": created}}

    @on("SimulatePrincipalPolicy", "SimulateCustomPolicy")
    def simulate(self, call: Call) -> dict[str, Any]:
        source = call.params.get("PolicySourceArn", "")
        if call.asked.operation == "SimulatePrincipalPolicy" and f"::{ACCOUNT}:" not in source:
            raise Fault("NoSuchEntity", f"The principal {source} cannot be found.", 404)
        resource = (call.params.get("ResourceArns") or ["*"])[0]
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "explicitDeny" if self.keys.denies(action) else "allowed",
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in call.params["ActionNames"]
        ]
        return {"EvaluationResults": results, "IsTruncated": False}
