"""One command runs it all: front door, PostgreSQL, NATS, hub, manager."""
