"""Entry point of the web process (Granian, WSGI)."""

import os

from django.core.wsgi import get_wsgi_application
from seatkeep_webkit.bodies import read_first

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_manager.project.settings")
application = read_first(get_wsgi_application())
