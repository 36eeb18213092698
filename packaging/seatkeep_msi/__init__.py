"""What the Windows package runs on the machine while it is installed, changed and removed."""
