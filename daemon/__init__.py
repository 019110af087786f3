"""When it runs, where results go and what they mean."""
