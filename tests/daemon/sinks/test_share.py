import pytest

from daemon.rows import Body, Gap, Heartbeat, Rollup, State
from daemon.sinks.share import ALL, Share, days_of, share_of
from tests.lab.samples import SERIES, record


@pytest.mark.parametrize(
    ("body", "share"),
    [
        (record(), Share.RECENT),
        (Gap(SERIES, 0, 0, 60, "stop"), Share.RECENT),
        (Heartbeat("ru1", True), Share.RECENT),
        (Rollup(SERIES, 0, 300, 0, 0, {}, 0, 0, None), Share.WINDOWS),
        (State("whatsapp", "ru1", 0, 1.0, 0.0, 1.0), Share.WINDOWS),
        (Rollup(SERIES, 0, 3600, 0, 0, {}, 0, 0, None), Share.LASTING),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, Share) else str(one),
)
def test_a_row_belongs_to_one_share(body: Body, share: Share) -> None:
    assert share_of(body) is share


def test_a_bucket_keeps_what_it_holds_longest() -> None:
    assert days_of(frozenset({Share.RECENT})) == 30
    assert days_of(frozenset({Share.RECENT, Share.WINDOWS})) == 400
    assert days_of(ALL) == 0
