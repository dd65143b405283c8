"""How Twilio says no: https://www.twilio.com/docs/api/errors."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

WORDS = {
    400: (20001, "Bad Request"),
    401: (20003, "Authenticate"),
    403: (20003, "Permission Denied"),
    404: (20404, "The requested resource {path} was not found"),
    405: (20004, "Method not allowed"),
    429: (20429, "Too Many Requests"),
    500: (20500, "An internal server error has occurred"),
}


class Wrong(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def answer(self) -> Response:
        return answer(self.status, self.code, self.message)


def answer(status: int, code: int, message: str) -> Response:
    body: dict[str, Any] = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
    return JSONResponse(body, status, headers=headers)


def complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    code, message = WORDS.get(status, WORDS[500])
    return answer(status, code, message.format(path=path_of(request)))


def not_found(request: Request) -> Wrong:
    return Wrong(404, 20404, WORDS[404][1].format(path=path_of(request)))


def path_of(request: Request) -> str:
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
