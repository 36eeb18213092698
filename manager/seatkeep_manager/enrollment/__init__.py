"""How devices join: keys, requests, credentials for the broker."""
