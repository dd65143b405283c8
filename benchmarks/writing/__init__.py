"""The small console that benchmarks/sqlite_writes.py puts under load."""
