"""Silent computers, and questions that only a person can answer."""
