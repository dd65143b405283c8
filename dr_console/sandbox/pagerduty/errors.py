"""How PagerDuty says no: https://developer.pagerduty.com/docs/errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

WORDS = {
    400: (2001, "Invalid Input Provided"),
    401: (2006, "Unauthorized"),
    402: (2012, "Payment Required"),
    403: (2010, "Access Denied"),
    404: (2100, "Not Found"),
    405: (2101, "Method Not Allowed"),
    429: (2020, "Rate Limit Exceeded"),
    500: (2000, "Internal Error"),
}


class Wrong(Exception):
    """An answer that is an error, in the envelope of REST v2."""

    def __init__(self, status: int, *errors: str, code: int = 0, message: str = "") -> None:
        super().__init__(message)
        self.status, self.errors = status, errors
        default = WORDS.get(status, WORDS[500])
        self.code, self.message = code or default[0], message or default[1]

    def answer(self) -> Response:
        return JSONResponse(rest_body(self.code, self.message, self.errors), self.status)


def rest_body(code: int, message: str, errors: Sequence[str] = ()) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "code": code}
    return {"error": error | {"errors": list(errors)} if errors else error}


def events_body(status: int, errors: Sequence[str] = ()) -> dict[str, Any]:
    """Events v2 has an envelope of its own."""
    if status == 429:
        message = "Requests for this service are arriving too quickly.  Please retry later."
        return {"status": "throttle exceeded", "message": message}
    if status >= 500:
        return {"status": "error", "message": "Internal Server Error"}
    return {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}


def complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    events = request.url.path.endswith("/enqueue")
    code, message = WORDS.get(status, WORDS[500])
    body = events_body(status, ["Invalid routing key"]) if events else rest_body(code, message)
    reset = {"ratelimit-reset": f"{retry_after or 1:.0f}", "ratelimit-remaining": "0"} if status == 429 else {}
    return JSONResponse(body, status, headers=reset)
