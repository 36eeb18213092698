"""Manager instances: how one is linked to the hub, proves itself and is revoked."""
