"""What each customer agreed to, and daily usage."""
