"""AWS on a wire of our own: each operation answers what a test has written by hand, in the shape that AWS documents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.validate import validate_parameters

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]] | Exception


class Refusal(Exception):
    """What AWS is to say instead."""

    def __init__(self, code: str, message: str = "", status: int = 400, **headers: str) -> None:
        super().__init__(code)
        self.code, self.message, self.status, self.headers = code, message, status, headers


class FakedAws:
    """`answers`: by operation ("rds.CreateDBSnapshot"), as boto3 parses it. `asked`: what was sent, in its order."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakedAws:
        """From here on boto3 asks us. Comes before the fixture `held`, which then holds what goes through here."""
        fake = self

        def answer(client: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
            return fake._answer(client, operation, params)

        monkeypatch.setattr(BaseClient, "_make_api_call", answer)
        return self

    def _answer(self, client: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        model = client.meta.service_model.operation_model(operation)
        if model.input_shape:
            validate_parameters(params, model.input_shape)
        label = f"{client.meta.service_model.service_name}.{operation}"
        self.asked.append((label, params))
        try:
            made = self.answers[label]
            if isinstance(made, Exception):
                raise made
            body = made(params) if callable(made) else made
        except Refusal as refusal:
            about = {"HTTPStatusCode": refusal.status, "HTTPHeaders": refusal.headers}
            said = {"Error": {"Code": refusal.code, "Message": refusal.message}, "ResponseMetadata": about}
            raise client.exceptions.from_code(refusal.code)(said, operation) from None
        if model.output_shape:
            validate_parameters(body, model.output_shape)
        return {**body, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}

    def labels(self) -> list[str]:
        return [label for label, _params in self.asked]
