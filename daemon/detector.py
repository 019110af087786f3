"""Detection as a follower of the journal: rows in, conclusions and saved state out, committed with the cursor."""

from collections.abc import Mapping

from daemon.detect.step import Detection, restore, step
from daemon.follower import Taken
from daemon.rows import Body, Row


class Detector:
    """Detection's place among the followers; all it does itself is to keep the state between two batches."""

    name = "detect"
    batch = 2_000

    def __init__(self) -> None:
        """Nothing is known until `resume`."""
        self.state = Detection()

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up the state saved with the cursor, also after a batch that could not be committed."""
        self.state = restore(saved)

    async def take(self, rows: list[Row]) -> Taken:
        """Draw the conclusions of a batch."""
        made: list[Body] = []
        for row in rows:
            made += step(self.state, row)
        return Taken(tuple(made), self.state.changes())
