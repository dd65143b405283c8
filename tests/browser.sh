#!/bin/sh
# A browser for the tests: installed from Debian when there is none and we may. Tests say themselves what is missing.
set -e
[ -x /usr/bin/chromium ] && exit 0
.venv/bin/python - <<'PYTHON' && exit 0
import pathlib, sys
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
PYTHON
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "There is no Chromium: the tests in a browser are skipped. On Debian: apt-get install chromium fonts-noto-cjk" >&2
    exit 0
fi
echo "Installing Chromium and a Chinese font, which takes about a minute …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
