"""A pretend GitHub: its REST API below /github, git at /github/<owner>/<repository>.git, and webhooks it sends."""

from __future__ import annotations

from dr_console.sandbox.github.vendor import github

__all__ = ["github"]
