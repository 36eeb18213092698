"""What engines found, and what lies in quarantine."""
