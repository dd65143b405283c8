"""Who may watch what. The apps register their topics when they start."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist

MayWatch = Callable[[User, str], bool]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


class Rule(NamedTuple):
    may_watch: MayWatch
    is_attended: bool


_rules: dict[str, Rule] = {}


class UnknownTopic(LookupError):
    """No room has registered the topic, or what it is about does not exist."""


def allow(prefix: str, may_watch: MayWatch, *, is_attended: bool = False) -> None:
    """Let the people for whom `may_watch(user, topic)` is true watch the topic.

    A prefix that ends in a hyphen, `incident-`, stands for every topic that begins with it; any other for that one
    topic. `may_watch` may raise ObjectDoesNotExist where the topic names something that does not exist. `is_attended`:
    whoever watches is to see who else does.
    """
    if not NAME.fullmatch(prefix):
        raise ValueError(f"{prefix!r} cannot begin a topic: letters, digits, hyphens and underscores can.")
    _rules[prefix] = Rule(may_watch, is_attended)


def may_watch(user: User, topic: str) -> bool:
    """Whether the person may watch the topic. UnknownTopic when there is none of that name."""
    rule = _rule(topic)
    if rule is None:
        raise UnknownTopic(topic)
    try:
        return rule.may_watch(user, topic)
    except ObjectDoesNotExist as error:
        raise UnknownTopic(topic) from error


def everybody(user: User, topic: str) -> bool:
    """The rule for what every person who has logged in may see."""
    return user.is_authenticated and user.is_active


def is_attended(topic: str) -> bool:
    """Whether the pages on this topic say who else is there."""
    rule = _rule(topic)
    return rule is not None and rule.is_attended


def _rule(topic: str) -> Rule | None:
    if not NAME.fullmatch(topic) or topic.endswith("-"):
        return None
    fitting = [prefix for prefix in _rules if prefix == topic or (prefix.endswith("-") and topic.startswith(prefix))]
    return _rules[max(fitting, key=len)] if fitting else None
