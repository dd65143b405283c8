"""Twilio as one vendor of the sandbox, and what only people can do: answer a telephone and press a key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.telephones import Does, Habit, number_of
from dr_console.sandbox.twilio.account import Account
from dr_console.sandbox.twilio.api import Resources, View, call_shown, guarded, page, text_shown
from dr_console.sandbox.twilio.calls import Calls, Messages
from dr_console.sandbox.twilio.errors import complain, not_found
from dr_console.sandbox.twilio.line import Line
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

BASE = "/2010-04-01/Accounts"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NumberDoes(Strict):
    """What the person behind `number` does from the next call on."""

    number: str
    does: Does
    digits: str = Field("", pattern=r"^[0-9*#]*$")
    after: float = Field(5.0, ge=0)
    thinks: float = Field(2.0, ge=0)


class Answers(Strict):
    """Somebody answers the newest call to `to` (or this `call`), and presses `digits` if there are any."""

    call: str = ""
    to: str = ""
    does: Does = "press"
    digits: str = Field("", pattern=r"^[0-9*#]*$")


class Signing(Strict):
    """`shared_secret`: sign with it by SHA-256 from now on; empty: with the account's token by SHA-1."""

    shared_secret: str = ""


def twilio(world: World) -> Vendor:
    account = Account(world)
    calls, messages = Calls(account), Messages(account)
    return Vendor(
        name="twilio",
        prefix="/twilio",
        complain=complain,
        routes=_routes(Resources(account), calls, messages),
        control=_controls(world, account, calls),
        state=lambda: _state(account),
    )


def _routes(resources: Resources, calls: Calls, messages: Messages) -> list[BaseRoute]:
    below = BASE + "/{account}"
    table: dict[tuple[str, str], View] = {
        ("GET", f"{BASE}.json"): resources.accounts,
        ("GET", f"{below}/Calls.json"): calls.all,
        ("POST", f"{below}/Calls.json"): calls.create,
        ("GET", f"{below}/Calls/{{sid}}/Recordings.json"): calls.recordings,
        ("GET", f"{below}/Calls/{{sid}}.json"): calls.get,
        ("POST", f"{below}/Calls/{{sid}}.json"): calls.change,
        ("DELETE", f"{below}/Calls/{{sid}}.json"): calls.delete,
        ("GET", f"{below}/Messages.json"): messages.all,
        ("POST", f"{below}/Messages.json"): messages.create,
        ("GET", f"{below}/Messages/{{sid}}.json"): messages.get,
        ("POST", f"{below}/Messages/{{sid}}.json"): messages.change,
        ("DELETE", f"{below}/Messages/{{sid}}.json"): messages.delete,
        ("GET", f"{below}/IncomingPhoneNumbers.json"): resources.numbers,
        ("GET", f"{below}/IncomingPhoneNumbers/{{sid}}.json"): resources.number,
        ("GET", f"{below}/OutgoingCallerIds.json"): _none_of("outgoing_caller_ids"),
        ("GET", f"{below}/Recordings.json"): _none_of("recordings"),
        ("GET", f"{below}/Balance.json"): resources.balance,
        ("GET", f"{BASE}/{{account}}.json"): resources.get_account,
    }
    routes: list[BaseRoute] = [Route(path, guarded(view), methods=[method]) for (method, path), view in table.items()]
    return [*routes, Route("/{path:path}", guarded(_nothing), methods=METHODS)]


def _none_of(name: str) -> View:
    async def view(request: Request) -> Response:
        return page(request, name, [])

    return view


async def _nothing(request: Request) -> Response:
    raise not_found(request)


def _controls(world: World, account: Account, calls: Calls) -> list[BaseRoute]:
    async def number(request: Request) -> Response:
        given = await read_as(request, NumberDoes)
        known = number_of(given.number)
        if not known:
            raise WrongInput("number", f"number: “{given.number}” is no telephone number such as +15550123.")
        habit = Habit(given.does, given.digits, given.after, given.thinks)
        world.telephones.habits[known] = habit
        return JSONResponse({"number": known, **asdict(habit)})

    async def answer(request: Request) -> Response:
        given = await read_as(request, Answers)
        line = _line(calls, given)
        if line is None:
            raise WrongInput("call", "call: no such call is under way.", 404)
        line.answer(Habit(given.does, given.digits, 0.0, 1.0))
        return JSONResponse(call_shown(line.call))

    async def signing(request: Request) -> Response:
        account.shared_secret = (await read_as(request, Signing)).shared_secret
        return JSONResponse({"status": "ok"})

    async def see(request: Request) -> Response:
        return JSONResponse(_state(account))

    return [
        Route("/numbers", answering(number), methods=["POST"]),
        Route("/answer", answering(answer), methods=["POST"]),
        Route("/signing", answering(signing), methods=["POST"]),
        Route("/calls", answering(see), methods=["GET"]),
    ]


def _line(calls: Calls, given: Answers) -> Line | None:
    under_way = [line for line in calls.lines.values() if not line.call.is_over]
    wanted = [line for line in under_way if line.call.sid == given.call or line.call.to == number_of(given.to)]
    return wanted[-1] if wanted else None


def _state(account: Account) -> dict[str, Any]:
    return {
        "calls": [
            {**call_shown(call), "digits": call.digits, "warnings": call.warnings} for call in account.calls.values()
        ],
        "messages": [text_shown(text) for text in account.texts.values()],
    }
