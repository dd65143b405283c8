"""Which tests pytest-xdist gives to one process, so that they run one after the other, and which go anywhere.

Its own way, `--dist loadgroup`, groups nothing with pytest 9.2, and does not say so (pytest-xdist, issue 1386).
"""

from __future__ import annotations

from functools import cache

from xdist.scheduler import LoadScopeScheduling

from tests.running import ROOT


class OneAfterTheOther(LoadScopeScheduling):
    """Tests that start processes count seconds, and a machine has few processors: they wait for each other."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.partition("::")[0]) or nodeid


@cache
def _group(path: str) -> str:
    """By what the module's text says: the process that gives out the tests imports none of them."""
    text = (ROOT / path).read_text()
    if "pytest.mark.processes" not in text:
        return ""
    # Playwright's event loop stays with its process: no other test that needs a loop may come after one in a browser.
    return "processes in a browser" if "pytest.mark.browser" in text else "processes"
