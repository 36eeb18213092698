"""Settings of the manager, all from the environment (names: docs/reference/wire.md, section 2)."""

from __future__ import annotations

import os
from importlib.util import find_spec
from urllib.parse import urlsplit

_database = urlsplit(os.environ["SEATKEEP_MANAGER_DATABASE_URL"])

SECRET_KEY = "x" * 50
DEBUG = os.environ.get("SEATKEEP_DEBUG") == "1"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "seatkeep_manager.project.urls"
WSGI_APPLICATION = "seatkeep_manager.project.wsgi.application"
AUTH_USER_MODEL = "directory.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_OWN = [
    "directory", "enrollment", "hublink", "statedocs", "deployment", "detections", "tasks", "policies", "problems",
    "customers", "ingest", "publisher", "console", "api",
]  # fmt: skip
_WEBKIT = ["audit", "outbox", "idempotency", "ratelimit"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    *[f"seatkeep_webkit.{name}" for name in _WEBKIT if find_spec(f"seatkeep_webkit.{name}")],
    *[f"seatkeep_manager.{name}" for name in _OWN if find_spec(f"seatkeep_manager.{name}")],
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/"),
        "USER": _database.username,
        "PASSWORD": _database.password,
        "HOST": _database.hostname,
        "PORT": _database.port,
    }
}
