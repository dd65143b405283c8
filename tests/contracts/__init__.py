"""What we send and what we read, held to the vendors' documentation: one JSON file a call, each naming its page.

A file in tests/contracts/<vendor>/ is one object:

  page      the vendor's page that documents the call
  method    "PATCH"; path: "/zones/{zone_id}/dns_records/{dns_record_id}", below the vendor's base URL
  operation instead of these two, for AWS: "elasticache.CreateSnapshot"
  query     JSON Schema of the query, as an object of texts; may be left out
  request   JSON Schema of the body we send, or null if there is none; a form is an object of texts or lists of texts
  answers   JSON Schema of each body we read, by status: "200", or "4XX" for a class; of AWS: "200", as boto3 parses it
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Contract:
    file: Path
    content: dict[str, Any]

    def is_about(self, method: str, path: str) -> bool:
        if "operation" in self.content:
            return method == "" and self.content["operation"] == path
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.content["path"]))
        return bool(self.content["method"] == method and re.fullmatch(pattern, path))

    def hold(self, part: str, value: Any) -> None:
        schema = self.content.get(part)
        if part == "request" and schema is None:
            assert value in (None, "", b""), f"{self.file.name}: no body is documented, and {value!r} was sent"
        elif schema is not None:
            self._validate(part, schema, value)

    def hold_answer(self, status: int, value: Any) -> None:
        answers = self.content["answers"]
        schema = answers.get(str(status), answers.get(f"{status // 100}XX"))
        assert schema is not None, f"{self.file.name}: an answer with status {status} is not documented"
        self._validate(f"answer {status}", schema, value)

    def _validate(self, part: str, schema: Any, value: Any) -> None:
        try:
            jsonschema.validate(value, schema)
        except jsonschema.ValidationError as error:
            raise AssertionError(
                f"{self.file.parent.name}/{self.file.name}, {part}, at {error.json_path}: {error.message[:500]}"
            ) from error


@cache
def contracts(vendor: str) -> tuple[Contract, ...]:
    files = sorted((FOLDER / vendor).glob("*.json"))
    found = [Contract(file, json.loads(file.read_text())) for file in files]
    # "/a/b" before "/a/{x}": what is written out wins.
    return tuple(sorted(found, key=lambda contract: contract.content.get("path", "").count("{")))


def contract_of(vendor: str, method: str, path: str) -> Contract:
    """The contract of this call; a call without one may not be made. `method` is "" for an AWS operation."""
    found = next((contract for contract in contracts(vendor) if contract.is_about(method, path)), None)
    assert found is not None, f"tests/contracts/{vendor} has no contract for {method} {path}"
    return found


def hold(vendor: str, method: str, path: str, *, query: dict[str, Any], request: Any, status: int, answer: Any) -> None:
    """Fail unless request and answer are what the vendor documents."""
    contract = contract_of(vendor, method, path)
    contract.hold("query", query)
    contract.hold("request", request)
    contract.hold_answer(status, answer)
