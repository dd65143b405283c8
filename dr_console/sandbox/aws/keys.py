"""Whose access key is good, and for what: any for everything, until the world's owner says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from dr_console.sandbox.aws import answers
from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.recognition import Asked

USER = "arn:aws:iam::123456789012:user/dr-console"
# IAM names a few operations otherwise than the API does.
ACTIONS = {
    "lambda.Invoke": "lambda:InvokeFunction",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.HeadObject": "s3:GetObject",
}
ALWAYS_ALLOWED = ("sts.GetCallerIdentity",)


def action_of(asked: Asked) -> str:
    """What a policy calls it: "rds:CreateDBSnapshot"."""
    return ACTIONS.get(asked.label, asked.label.replace(".", ":", 1))


@dataclass
class Keys:
    """`expired`, `unknown`: access key ids, or "*" for every one. `denied`: actions as in a policy, "rds:*"."""

    expired: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)

    def denies(self, action: str) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.denied)

    def why_not(self, asked: Asked) -> Fault | None:
        """The fault that this request is refused with; None if it is let in."""
        service, protocol = asked.service, asked.protocol
        if not asked.signature:
            return answers.no_signature(service, protocol)
        if asked.signature == "malformed":
            return answers.malformed_signature(service, protocol)
        if {"*", asked.key} & self.expired:
            return answers.expired_token(service, protocol)
        if {"*", asked.key} & self.unknown:
            return answers.unknown_key(service, protocol)
        if asked.label not in ALWAYS_ALLOWED and self.denies(action_of(asked)):
            return answers.not_authorized(service, protocol, USER, action_of(asked))
        return None
