"""Builds the Windows packages: one MSI for the agent, one for agent and endpoint."""
