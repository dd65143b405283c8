"""An answer of AWS or R2 as boto3 parses it, read by its shape, and quoted without what is secret in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from dr_console.errors import Outcome
from dr_console.providers.answers import HIDDEN, Answer, quoted

# Fields of AWS's answers that hold secrets, or may.
SECRET = frozenset({"SecretString", "SecretBinary", "AuthToken", "MasterUserPassword", "Environment", "Credentials"})


@dataclass(frozen=True)
class AwsAnswer(Answer):
    """An answer as boto3 parses it: `json()` and `read_as` give what is in it."""

    parsed: dict[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        return self.parsed


def aws_answer(vendor: str, operation: str, parsed: dict[str, Any], *, reads: bool) -> AwsAnswer:
    about = parsed.get("ResponseMetadata", {})
    return AwsAnswer(
        vendor=vendor,
        operation=operation,
        status=about.get("HTTPStatusCode", 200),
        headers=httpx.Headers(about.get("HTTPHeaders", {})),
        text="",
        outcome_if_wrong=Outcome.NOTHING if reads else Outcome.UNKNOWN,
        hide=str,
        quote=lambda _text: quoted(str(_without_secrets(parsed))),
        parsed=parsed,
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if name in SECRET else _without_secrets(inner)
            for name, inner in value.items()
            if name != "ResponseMetadata"
        }
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value
