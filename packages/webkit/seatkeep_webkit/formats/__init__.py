"""How dates and times are written, per language (Django's FORMAT_MODULE_PATH)."""
