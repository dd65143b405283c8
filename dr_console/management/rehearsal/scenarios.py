"""The sandbox's stories as they are rehearsed: which, and whether acting or waiting is right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """`must_act`: whether a failover is right. Where it is not: `because` of which models.BlockedTrigger.Blocker, and
    for how many of the world's seconds nothing may be started.

    `after_changes`: so often it comes and goes with the kill switch on, before the console may act. The first failure
    of all cannot be told from one that stays.
    """

    name: str
    must_act: bool = True
    because: str = ""
    seconds: float = 300.0
    after_changes: int = 0


SCENES = {
    scene.name: scene
    for scene in (
        Scene("api-errors"),
        Scene("cdn-outage"),
        Scene("region-outage"),
        Scene("slow-recovery"),
        Scene("flapping", must_act=False, because="flapping", after_changes=3),
        Scene("console-isolated", must_act=False, because="cut_off"),
    )
}
