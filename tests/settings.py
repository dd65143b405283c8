"""Settings of the tests: those of the console, made quick, and deaf to the environment of whoever runs them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# The address of a database is kept, so that the same suite runs on PostgreSQL (tests/with_postgres.py).
for _name in ("DEBUG", "SECRET_KEY", "HOST", "PORT", "ALLOWED_HOSTS", "REDIS_URL", "EMAIL_URL"):
    os.environ.pop(_name, None)
for _name in [name for name in os.environ if name.startswith("DR_") and name != "DR_TEST_FOLDER"]:
    del os.environ[_name]
if "DR_TEST_FOLDER" not in os.environ:  # the workers of pytest-xdist inherit it
    os.environ["DR_TEST_FOLDER"] = tempfile.mkdtemp(prefix="dr-console-tests-")
    atexit.register(shutil.rmtree, os.environ["DR_TEST_FOLDER"], ignore_errors=True)
_folder = Path(os.environ["DR_TEST_FOLDER"])
os.environ["DR_DATA_DIR"] = str(_folder / "var")
(_folder / "var" / "static").mkdir(parents=True, exist_ok=True)

from dr_console.settings import *  # noqa: E402, F403
from dr_console.settings import DATABASES, INSTALLED_APPS  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "allauth.socialaccount.providers.openid_connect"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Nothing listens here: the fixture `redis_url` writes the address of the server that it starts.
REDIS_URL = CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: the server of the browser tests reads it from threads of its own.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY"
    )
