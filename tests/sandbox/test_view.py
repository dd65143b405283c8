"""Looking at the world does not change it."""

from __future__ import annotations

from dr_console.sandbox.names import Name
from dr_console.sandbox.vendors import VENDORS
from dr_console.sandbox.view import world_shown
from dr_console.sandbox.world import World


def test_a_name_that_only_the_page_looks_at_is_kept_by_nobody():
    world = World()
    vendors = [make(world) for make in VENDORS]
    world.names.publish("new.example.com", "CNAME", [Name("new.example.com", "CNAME", "tokyo.origin.example.com", 300)])
    assert world_shown(world, vendors)["answered_by"]["new.example.com"] == "tokyo.origin.example.com"
    assert "new.example.com" not in {**world.edge.users.kept(), **world.edge.cdn.kept()}
    world.names.publish("new.example.com", "CNAME", [Name("new.example.com", "CNAME", "california.origin.example.com")])
    assert world_shown(world, vendors)["answered_by"]["new.example.com"] == "california.origin.example.com"
