"""The seat: activation, offline verification, renewal, release."""
