"""The InfluxDB sink at work for a test, impatient: its delays are a hundredth of what they are in the daemon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daemon.follower import Source, Standing, follow
from daemon.sinks.destination import Destination, Patience
from daemon.sinks.influx import Influx, connect
from daemon.sinks.pace import Pace
from probes.clock import SystemClock

CLOCK = SystemClock()
QUICK = Patience(0.3, 0.3, 0.3)
SLOW = Patience(20.0)


@asynccontextmanager
async def running(
    where: Destination, journal: Source, timeout: Patience = SLOW, agent: str = ""
) -> AsyncIterator[tuple[Influx, Standing]]:
    """The sink and how it stands; it is stopped at the end."""
    async with connect(where, CLOCK, timeout=timeout, agent=agent) as sink, asyncio.TaskGroup() as group:
        sink.delivery.busy = Pace(0.01, 0.3, lambda: 1.0)
        sink.delivery.refused = Pace(0.02, 0.3, lambda: 1.0)
        standing = Standing(sink.name)
        task = group.create_task(follow(journal, sink, CLOCK, standing))
        yield sink, standing
        task.cancel()
