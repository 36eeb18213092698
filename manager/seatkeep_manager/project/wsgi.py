"""Entry point of the web process (Granian, WSGI)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_manager.project.settings")
application = get_wsgi_application()
