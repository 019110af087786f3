"""What the records mean: pure functions from rows to rows."""
