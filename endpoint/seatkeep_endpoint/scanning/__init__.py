"""Finding files, scanning them, and doing it on time."""
