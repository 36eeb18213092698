"""The fast path: activate, renew, release and announce, without Django's request stack."""
