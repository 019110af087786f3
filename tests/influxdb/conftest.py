"""A real InfluxDB, a bucket of its own and a real journal for every test in this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.journal.store import Journal
from tests.lab.influxd import bucket, influxd, influxd_session
from tests.lab.sinking import CLOCK

__all__ = ["bucket", "influxd", "influxd_session"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs the server."""
    for item in items:
        if "influxd_session" in getattr(item, "fixturenames", ()):
            item.add_marker("influxd")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with await Journal.open(tmp_path / "journal.db", CLOCK) as made:
        yield made
