"""A small Django project around webkit: its tests and the style guide run in it."""
