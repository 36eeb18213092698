"""Pages of Licensing for people: first run, sign-in, and everything behind it."""
