"""Views of the console: parse, one call, render."""
