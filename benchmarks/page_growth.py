"""P9: pages of a list with a million rows, beside those of a list with a thousand, and beside offset and count.

python -m benchmarks.page_growth [--rows 1000000] [--rounds 30]; on SQLite, or on the PostgreSQL of DATABASE_URL
"""

from __future__ import annotations

import sys

from benchmarks.pages.growth import main

if __name__ == "__main__":
    sys.exit(main(__doc__))
