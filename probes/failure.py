"""From an exception to a kind: the one table that says what a fault of the wire is called."""


class Fault(OSError):
    """A failure that a step recognised by itself, with its kind; facts of it go to the record."""
