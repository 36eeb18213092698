"""How agent and endpoint get onto a machine: the installer script, its payload, the install link page."""
