"""The pretend world as a whole: what everything in it shares. Each vendor keeps its own state in its own module."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.damage import prepare_damage
from dr_console.sandbox.edge import Edge
from dr_console.sandbox.edge_cache import EdgeCache
from dr_console.sandbox.faults import Faults, Kind
from dr_console.sandbox.names import Names
from dr_console.sandbox.origins import Origin, origins
from dr_console.sandbox.outbox import Outbox
from dr_console.sandbox.product import Product
from dr_console.sandbox.queues import Queues
from dr_console.sandbox.r2_events import R2Events
from dr_console.sandbox.search_index import Index
from dr_console.sandbox.stores import Stores
from dr_console.sandbox.telephones import Telephones
from dr_console.sandbox.truth import Truth
from dr_console.sandbox.users import Users


@dataclass
class World:
    """`random` is seeded, so that the same seed tells the same story.

    `console`: where the console of this machine answers, which PagerDuty and Slack were told by its owner.
    """

    clock: Clock = field(default_factory=Clock)
    seed: int = 1
    console: str = ""
    random: random.Random = field(init=False)
    truth: Truth = field(init=False)
    names: Names = field(init=False)
    outbox: Outbox = field(init=False)
    faults: Faults = field(init=False)
    search_index: Index = field(init=False)
    queues: Queues = field(init=False)
    r2_events: R2Events = field(init=False)
    product: Product = field(init=False)
    edge: Edge = field(init=False)
    users: Users = field(init=False)
    edge_cache: EdgeCache = field(default_factory=EdgeCache)
    origins: dict[str, Origin] = field(default_factory=origins)
    stores: Stores = field(default_factory=Stores)
    telephones: Telephones = field(default_factory=Telephones)
    # What Vercel's settings store holds by key; the product reads its degradation level there.
    settings_store: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.truth = Truth(self.clock)
        self.names = Names(self.clock)
        self.outbox = Outbox(self.clock)
        self.faults = Faults(self.clock, self.random)
        self.search_index = Index(self.clock)
        self.queues = Queues(self.clock, self.seed)
        self.r2_events = R2Events(self.clock, self.queues)
        self.names.lag = self._dns_lag
        self.product = Product(self)
        self.edge = Edge(self)
        self.users = Users(self)
        prepare_damage(self)

    def _dns_lag(self, name: str) -> float:
        lags = self.faults.now(Kind.DNS_LAG)
        return max((fault.rule.seconds or 0.0 for fault in lags if fault.rule.name in ("", name)), default=0.0)
