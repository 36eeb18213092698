"""People: how they sign in, whom they act as, and what happens when they leave."""
