"""`python -m seatkeep_webkit.testing <command>`: Django's commands in the test project."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_webkit.testing.settings")
    execute_from_command_line(sys.argv)
