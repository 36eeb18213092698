"""The app `webkit`: templates, tags, static files, commands."""

from django.apps import AppConfig


class WebkitConfig(AppConfig):
    """User interface and commands that both projects share."""

    name = "seatkeep_webkit"
    label = "webkit"
    verbose_name = "Webkit"

    def ready(self) -> None:
        """Hear of sign-ins."""
        from seatkeep_webkit.sign_in_journal import listen

        listen()
