"""Detection engines behind one interface."""
