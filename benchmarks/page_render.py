"""P10: a list of 25 rows and 8 columns, beside a hand-written template with the same cells, and stock django-tables2.

python -m benchmarks.page_render [--rounds 150]
"""

from __future__ import annotations

import sys

from benchmarks.pages.render import main

if __name__ == "__main__":
    sys.exit(main(__doc__))
