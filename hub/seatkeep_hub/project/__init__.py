"""The Django project of the licensing side: settings, addresses, processes."""
