"""What the stored action words mean, for people. Each package registers its own from AppConfig.ready()."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

_labels: dict[str, str | Promise] = {}


def register(labels: Mapping[str, str | Promise]) -> None:
    """Give each stored word its label: `register({"plan.loaded": _("Plan loaded")})`."""
    _labels.update(labels)


def label(action: str) -> str:
    """The action in the reader's language; the stored word itself where nobody gave it a label."""
    return str(_labels.get(action, action))


def choices() -> list[tuple[str, str]]:
    """Every registered action with its label, in the order of the labels."""
    return sorted(((action, str(text)) for action, text in _labels.items()), key=lambda pair: pair[1])
