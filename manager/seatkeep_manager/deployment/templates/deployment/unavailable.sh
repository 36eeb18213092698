#!/bin/sh
# Seatkeep: this console has no installer yet. Piped into a shell, this says so and fails.
printf 'seatkeep: %s\n' '@@REASON@@' >&2
exit 3
