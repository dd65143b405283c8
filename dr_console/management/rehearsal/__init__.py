"""Rehearse: break the pretend world, let the console act, and hold what it says against what really happened."""
