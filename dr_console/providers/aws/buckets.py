"""One bucket for the length of one operation: who is asked, what for, and by when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import session
from dr_console.providers.aws.session import AwsAnswer
from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Bucket:
    client: Any
    name: str
    vendor: str
    operation: str
    deadline: Deadline

    def read(self, method: str, **params: Any) -> AwsAnswer:
        return self.change(method, harmless=True, **params)

    def read_or_none(self, method: str, *missing: str, **params: Any) -> AwsAnswer | None:
        """None where the vendor says by one of these codes that nothing is configured."""
        try:
            return self.read(method, **params)
        except ProviderError as error:
            if error.code in missing:
                return None
            raise

    def change(self, method: str, *, harmless: bool = False, **params: Any) -> AwsAnswer:
        return session.call(
            self.client,
            method,
            operation=self.operation,
            deadline=self.deadline,
            harmless=harmless,
            Bucket=self.name,
            **params,
        )

    def pages(self, method: str, **params: Any) -> Iterator[AwsAnswer]:
        return session.pages(
            self.client, method, operation=self.operation, deadline=self.deadline, Bucket=self.name, **params
        )

    def act(self, act: Callable[[], Any]) -> Any:
        """What reads a body, with what it raises as ProviderError."""
        return session.translated(self.client, self.operation, reads=True, act=act)

    def check_time(self) -> None:
        if self.deadline.has_passed:
            raise ProviderError(self.vendor, self.operation, Problem.TIMED_OUT)
