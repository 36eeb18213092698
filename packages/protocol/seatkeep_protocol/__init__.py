"""What manager, agent and endpoint say to each other: messages, signed documents, policy merge, fingerprint."""
