"""Settings of the manager, all from the environment (names: docs/reference/wire.md, section 2)."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

from seatkeep_license.localhost import install_localhost_names
from seatkeep_webkit.settings import base_settings, env_list, env_path, env_str, env_url

install_localhost_names()

_OWN = [
    "directory", "grouping", "enrollment", "hublink", "statedocs", "deployment", "detections", "tasks", "policies",
    "problems", "customers", "rights", "ingest", "publisher", "console", "api",
]  # fmt: skip
_SIGN_IN = ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]

LICENSING_URL = env_url("SEATKEEP_LICENSING_URL", default="http://licensing.localhost:8080")
CONSOLE_URL = env_url("SEATKEEP_CONSOLE_URL", default="http://console.localhost:8080")
LICENSING_DEVICE_URL = env_url("SEATKEEP_LICENSING_DEVICE_URL", default="https://licensing.localhost:8443")
CONSOLE_DEVICE_URL = env_url("SEATKEEP_CONSOLE_DEVICE_URL", default="https://console.localhost:8443")
INSTANCE_NAME = env_str("SEATKEEP_INSTANCE_NAME", default=urlsplit(CONSOLE_URL).hostname or "console")
BUNDLE_DIR = env_str("SEATKEEP_BUNDLE_DIR", default="")
DATA_DIR = env_str("SEATKEEP_DATA", default="")
BOOTSTRAP_TOKEN = env_str("SEATKEEP_BOOTSTRAP_TOKEN", default="")
SETUP_TOKEN = env_str("SEATKEEP_SETUP_TOKEN", default="")
DEVICE_CA = env_path("SEATKEEP_DEVICE_CA") if env_str("SEATKEEP_DEVICE_CA", default="") else None

NATS_URL = env_str("SEATKEEP_NATS_URL", default="nats://127.0.0.1:4222")
NATS_CA = env_str("SEATKEEP_NATS_CA", default="")
NATS_MANAGER_CREDS = env_str("SEATKEEP_NATS_MANAGER_CREDS", default="")
NATS_EDGE_SIGNING_SEED = env_str("SEATKEEP_NATS_EDGE_SIGNING_SEED", default="")
NATS_EDGE_ACCOUNT = env_str("SEATKEEP_NATS_EDGE_ACCOUNT", default="")
NATS_REVOCATIONS = env_str("SEATKEEP_NATS_REVOCATIONS", default="")
NATS_DEVICE_URLS = env_list("SEATKEEP_NATS_DEVICE_URLS", default="wss://console.localhost:8443/agent")

globals().update(
    base_settings(
        program="manager",
        site_name="Console",
        database_url=env_url("SEATKEEP_MANAGER_DATABASE_URL"),
        site_url=CONSOLE_URL,
        user_model="directory.User",
        root_urlconf="seatkeep_manager.project.urls",
        apps=[
            *[f"seatkeep_manager.{name}" for name in _OWN if find_spec(f"seatkeep_manager.{name}")],
            "procrastinate.contrib.django",
            *_SIGN_IN,
        ],
        navigation="seatkeep_manager.console.navigation.navigation",
        form_targets=[LICENSING_URL],
        sign_in_policy="seatkeep_manager.rights.signing_in.sign_in_policy",
        hosts=["*"],  # Devices come by a bare IP too; the front door lets other hosts reach device paths only.
    )
)
WSGI_APPLICATION = "seatkeep_manager.project.wsgi.application"

SOCIALACCOUNT_ADAPTER = "seatkeep_manager.project.sign_in.LicensingAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
SIGN_IN_PROVIDER = "licensing"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": SIGN_IN_PROVIDER,
                "name": "Licensing",
                "client_id": env_str("SEATKEEP_OIDC_CLIENT_ID", default="seatkeep-console"),
                "secret": env_str("SEATKEEP_OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": LICENSING_URL, "fetch_userinfo": True, "oauth_pkce_enabled": True},
            }
        ],
    }
}

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
