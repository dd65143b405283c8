"""What came back from a vendor, read by its shape, and quoted without secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, quote_plus

import httpx
from pydantic import TypeAdapter, ValidationError

from dr_console.errors import Outcome, Problem, ProviderError

T = TypeVar("T")
QUOTED_CHARACTERS = 200
HIDDEN = "•••"


@dataclass(frozen=True)
class Words:
    """What a vendor says of an error, in its own words."""

    code: str = ""
    said: str = ""


@dataclass(frozen=True)
class Answer:
    """A whole answer that is no error. `hide` takes secrets out of a text; `quote` shows one in short."""

    vendor: str
    operation: str
    status: int
    headers: httpx.Headers = field(repr=False)
    text: str = field(repr=False)
    outcome_if_wrong: Outcome
    hide: Callable[[str], str] = field(repr=False)
    quote: Callable[[str], str] = field(repr=False)

    def json(self) -> Any:
        """The body as JSON values. Raises ProviderError (GARBLED) if it is none."""
        try:
            return parse_json(self.text)
        except ValueError:
            self.is_garbled("")

    def read_as(self, shape: type[T] | TypeAdapter[T], *, at: str = "") -> T:
        """The JSON body, or what lies in it at `at` ("result.messages"), as this pydantic model, dataclass or type.

        Raises ProviderError (GARBLED), which names the field and quotes the body, if it has another shape.
        """
        found = self.json()
        for key in at.split(".") if at else ():
            if not isinstance(found, dict) or key not in found:
                self.is_garbled(f"{at} is missing. ")
            found = found[key]
        adapter: TypeAdapter[T] = shape if isinstance(shape, TypeAdapter) else _adapter(shape)  # type: ignore[arg-type]
        try:
            return adapter.validate_python(found)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            why = f"{'.'.join([*filter(None, [at]), *map(str, first['loc'])])}: {first['msg']}. "
        # Outside of the block above: pydantic's error quotes what it was given.
        self.is_garbled(why)

    def is_garbled(self, why: str) -> NoReturn:
        raise ProviderError(
            self.vendor,
            self.operation,
            Problem.GARBLED,
            status=self.status,
            said=why + self.quote(self.text),
            outcome=self.outcome_if_wrong,
        )


@lru_cache(maxsize=256)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def parse_json(text: str) -> Any:
    """Raises ValueError, also of what is nested deeper than any vendor nests."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def quoted(text: str) -> str:
    shown = " ".join(text.split())
    return f"“{shown[:QUOTED_CHARACTERS]}{'…' if len(shown) > QUOTED_CHARACTERS else ''}”"


class Mask:
    """Hides secrets in a text, in whatever form the wire or an error's words may show them."""

    def __init__(self, secrets: Iterable[str], auth: tuple[str, str] | None = None) -> None:
        forms = {form for secret in secrets if secret.strip() for form in _forms(secret)}
        if auth and auth[1]:
            forms |= _forms(auth[1]) | {base64.b64encode(":".join(auth).encode()).decode()}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


def _forms(secret: str) -> set[str]:
    secret = secret.strip()
    as_json = json.dumps(secret)[1:-1]
    as_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {secret, *as_url, as_json, as_json.replace("/", r"\/"), repr(secret)[1:-1]}
