"""Settings of the processes of the chaos tests: the product's, with one app more that has the steps and the crashes."""

from __future__ import annotations

from dr_console.settings import *  # noqa: F403
from dr_console.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.ChaosConfig"]
