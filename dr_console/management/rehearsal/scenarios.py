"""The sandbox's stories as they are rehearsed: which, in which spells, and whether acting or waiting is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spell:
    """A part of a scenario. `seconds`: the world's; `least_of_ours`: but at least so many of ours."""

    parameters: Mapping[str, str | float] = field(default_factory=dict)
    seconds: float = 300.0
    least_of_ours: float = 10.0


@dataclass(frozen=True)
class Scene:
    """`must_act`: whether a failover is right. Where it is, there is one spell, and it lasts until it is over."""

    name: str
    must_act: bool = True
    spells: tuple[Spell, ...] = (Spell(),)


SCENES = {
    scene.name: scene
    for scene in (
        Scene("api-errors"),
        Scene("cdn-outage"),
        Scene("region-outage"),
        Scene("slow-recovery"),
        Scene("flapping", must_act=False),
        Scene("console-isolated", must_act=False),
    )
}
