"""One AWS service in one region, asked for one operation at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import session
from dr_console.providers.aws.session import AwsAnswer
from dr_console.providers.deadlines import Deadline

VENDOR = "AWS"


@dataclass(frozen=True)
class Service:
    """`name` as boto3 has it: "rds". `region`: empty for that of the settings."""

    name: str
    region: str = ""

    def read(self, method: str, operation: str, deadline: Deadline, **params: Any) -> AwsAnswer:
        return self.change(method, operation, deadline, harmless=True, **params)

    def change(
        self, method: str, operation: str, deadline: Deadline, *, harmless: bool = False, **params: Any
    ) -> AwsAnswer:
        """`harmless`: repeating it is. Otherwise it is repeated only where it surely was not done."""
        client = session.client(self.name, operation=operation, region=self.region or None)
        return session.call(client, method, operation=operation, deadline=deadline, harmless=harmless, **params)

    def read_or_none(
        self, method: str, operation: str, deadline: Deadline, *missing: str, **params: Any
    ) -> AwsAnswer | None:
        """None where AWS says by one of these codes that there is none."""
        try:
            return self.read(method, operation, deadline, **params)
        except ProviderError as error:
            if error.code in missing:
                return None
            raise

    def pages(self, method: str, operation: str, deadline: Deadline, **params: Any) -> Iterator[AwsAnswer]:
        client = session.client(self.name, operation=operation, region=self.region or None)
        return session.pages(client, method, operation=operation, deadline=deadline, **params)


def failed(operation: str, said: str) -> ProviderError:
    """It accepted, and reports that it went wrong."""
    return ProviderError(VENDOR, operation, Problem.FAILED, said=said, permanent=True)


def refused(operation: str, said: str) -> ProviderError:
    """We refuse it ourselves, as asking AWS would do harm."""
    return ProviderError(VENDOR, operation, Problem.REFUSED, said=said, permanent=True)
