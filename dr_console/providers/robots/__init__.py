"""Robots in chat rooms, one module a vendor: each is an address that takes one request and says it in its room."""
