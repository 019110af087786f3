"""The InfluxDB sink on the stand of the contract test: a server on loopback that stores as InfluxDB does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daemon.follower import Follower
from daemon.sinks.influx import connect
from daemon.sinks.pace import Pace
from tests.lab.influx_fake import FakeInflux, fake_influx, reset, says
from tests.lab.sinking import CLOCK, QUICK


class Stand:
    """See test_contract.Stand."""

    def __init__(self, fake: FakeInflux) -> None:
        self.fake = fake

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Follower]:
        async with connect(self.fake.destination(), CLOCK, timeout=QUICK) as sink:
            sink.delivery.busy = Pace(0.005, 0.05, lambda: 1.0)
            sink.delivery.refused = Pace(0.005, 0.05, lambda: 1.0)
            yield sink

    def refuse(self, times: int) -> None:
        answers = [says(503, "closed"), says(401, "not you"), reset, says(429, "slowly", Retry_After="0")]
        self.fake.script += [answers[number % len(answers)] for number in range(times)]

    async def dues(self) -> list[int]:
        return [time // 1000 for (series, time) in self.fake.points if series.startswith("probe_result")]


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    async with fake_influx() as fake:
        yield Stand(fake)
