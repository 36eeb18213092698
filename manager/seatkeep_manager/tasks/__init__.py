"""Things devices are asked to do once, and how that went."""
