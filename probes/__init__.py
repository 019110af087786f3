"""How one thing is measured, once, from one place."""
