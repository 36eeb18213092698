"""Settings of the hub, all from the environment (names: docs/reference/wire.md, section 2).

A wrong or missing one is refused at start with its name and the reason.
"""

from __future__ import annotations

import os

from seatkeep_license.localhost import install_localhost_names
from seatkeep_webkit.settings import PUBLIC_PATHS, base_settings, env_path, env_str, env_url
from seatkeep_webkit.test_clock import test_clock_begin

from seatkeep_hub.project.fonts import font_path

install_localhost_names()

LICENSING_URL = env_url("SEATKEEP_LICENSING_URL", default="http://licensing.localhost:8080")
LICENSING_DEVICE_URL = env_url("SEATKEEP_LICENSING_DEVICE_URL", default="https://licensing.localhost:8443")
CONSOLE_URL = env_url("SEATKEEP_CONSOLE_URL", default="http://console.localhost:8080")

TEST_CLOCK = test_clock_begin([LICENSING_URL, LICENSING_DEVICE_URL, CONSOLE_URL])

OWN_APPS = (
    *("companies", "licensing", "agreements", "ordering", "upkeep", "billing", "msp", "business", "imports"),
    *("instances", "people", "alerts", "portal", "api"),
)

globals().update(
    base_settings(
        program="hub",
        site_name="Licensing",
        database_url=env_url("SEATKEEP_HUB_DATABASE_URL"),
        site_url=LICENSING_URL,
        user_model="companies.User",
        root_urlconf="seatkeep_hub.project.urls",
        apps=[
            "procrastinate.contrib.django",
            "allauth.idp.oidc",
            "ninja",  # Serves the API description without internet.
            *(f"seatkeep_hub.{name}" for name in OWN_APPS),
        ],
        navigation="seatkeep_hub.portal.navigation.navigation",
        form_targets=[CONSOLE_URL],
        form_targets_from="seatkeep_hub.instances.selectors.console_urls",
        public_paths=[*PUBLIC_PATHS, "/setup/", "/invite/"],
        impersonated="seatkeep_hub.people.acting.acted_as",
        sign_in_policy="seatkeep_hub.people.signing_in.sign_in_policy",
    )
)

WSGI_APPLICATION = "seatkeep_hub.project.wsgi.application"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
IDP_OIDC_ADAPTER = "seatkeep_hub.portal.identity.IdentityProvider"

BOOTSTRAP_TOKEN = env_str("SEATKEEP_BOOTSTRAP_TOKEN", default="")
SETUP_TOKEN = env_str("SEATKEEP_SETUP_TOKEN", default="")
OIDC_CLIENT_ID = env_str("SEATKEEP_OIDC_CLIENT_ID", default="seatkeep-console")
OIDC_CLIENT_SECRET = env_str("SEATKEEP_OIDC_CLIENT_SECRET", default="")
FIRST_TIME_ZONE = env_str("SEATKEEP_TIME_ZONE", default="UTC")
DATA_FOLDER = env_path("SEATKEEP_DATA") if os.environ.get("SEATKEEP_DATA") else None
PAPER_FONT = font_path("SEATKEEP_PAPER_FONT")
SMTP_IS_SET = bool(env_str("SEATKEEP_SMTP_URL", default=""))
