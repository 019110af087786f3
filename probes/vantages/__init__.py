"""Places and paths to send from; one file a type."""
