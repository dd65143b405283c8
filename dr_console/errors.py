"""The two things that can go wrong on purpose."""

from __future__ import annotations


class Refused(Exception):
    """The request breaks a rule of the house. The message is shown to the person as it is, with status 409."""


class ProviderError(Exception):
    """A cloud said no, or said nothing.

    `permanent` decides about trying again: a permanent refusal will be the same next time.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
