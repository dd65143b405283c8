"""The project package: settings, the rooms that all apps stand on, and what puts them together."""

__version__ = "0.1.0"
