"""`seatkeep`: the operator's command."""

from __future__ import annotations

from seatkeep_launcher.cli import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
