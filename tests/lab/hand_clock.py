"""A clock that a test moves by hand."""


class HandClock:
    """Wall time in microseconds and monotonic seconds, moved together by `pass_`."""

    def __init__(self, wall: int = 1_770_000_000_000_000) -> None:
        self.now = wall
        self.span = 1000.0

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.span

    def pass_(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)
        self.span += seconds
