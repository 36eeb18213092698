"""What needs a person: opens and closes by itself."""
