"""How a program says who it is: `Authorization: Bearer drc_…`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from dr_console.people import tokens
from dr_console.people.models import ApiToken


class Bearer(HttpBearer):
    """A token that has `scope`. The operation finds it as `request.auth`."""

    def __init__(self, scope: ApiToken.Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return tokens.let_in(token, scope=self.scope)
