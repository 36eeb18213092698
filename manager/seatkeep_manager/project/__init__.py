"""The manager as a Django project: settings, addresses, entry points."""
