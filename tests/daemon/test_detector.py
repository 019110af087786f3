from daemon.detector import Detector
from daemon.rows import Body, Event
from tests.lab.story import HOUR, MINUTE, block, detect, february, keep

ROWS = block(february(), "ru1 ru2", 30 * MINUTE, HOUR).rows(2 * HOUR)


async def follow(rows, sizes, *, crash_at=()):
    """Feed a detector as the follower loop does; in a crash what it took last is not committed and comes again."""
    saved: dict[str, bytes] = {}
    made: list[Body] = []
    detector = Detector()
    await detector.resume(saved)
    cursor, number = 0, 0
    while cursor < len(rows):
        batch = rows[cursor : cursor + sizes[number % len(sizes)]]
        taken = await detector.take(batch)
        number += 1
        if number in crash_at:
            detector = Detector()
            await detector.resume(dict(saved))
            continue
        for key, value in taken.saved.items():
            saved.pop(key, None) if value is None else saved.update({key: value})
        made += taken.rows
        cursor += len(batch)
    return made


async def test_it_is_a_follower_by_name_and_batch():
    assert (Detector.name, Detector.batch) == ("detect", 2_000)


async def test_the_size_of_batches_does_not_matter():
    expected = detect(ROWS)
    assert any(isinstance(body, Event) for body in expected)
    for sizes in ([2_000], [1], [7, 1, 130]):
        assert await follow(ROWS, sizes) == expected


async def test_a_crash_repeats_and_loses_nothing():
    assert await follow(ROWS, [100], crash_at={1, 5, 9, 10, 11, 20}) == detect(ROWS)


async def test_only_changes_are_saved():
    detector = Detector()
    await detector.resume({})
    first = await detector.take(ROWS[:500])
    assert len(first.saved) > 20
    assert first.cursor is None
    assert (await detector.take([])).saved == {}
    assert len((await detector.take(ROWS[500:501])).saved) <= 3


async def test_it_takes_up_where_it_was():
    first = Detector()
    await first.resume({})
    saved: dict[str, bytes] = {}
    begun = list((await first.take(ROWS[:900])).rows)
    second = Detector()
    keep(saved, first.state)
    again = Detector()
    await again.resume({})
    taken = await again.take(ROWS[:900])
    await second.resume({key: value for key, value in taken.saved.items() if value is not None})
    assert begun + list((await second.take(ROWS[900:])).rows) == detect(ROWS)
