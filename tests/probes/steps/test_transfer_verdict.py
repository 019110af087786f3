"""What the course of a transfer shows, for made-up courses and for any."""

from hypothesis import given
from hypothesis import strategies as st

from probes.steps.transfer_verdict import POINTS, Course, Ending, Sample, curve, frozen, judge, shape_of


def flow(rate: float, seconds: float, *, burst: int = 0, lost: float = 0.0, step: float = 0.05) -> list[Sample]:
    """Samples of a flow at a rate (bytes a second) behind a burst; `lost` of a hundred segments are lost."""
    moments = [step * number for number in range(round(seconds / step) + 1)]
    sizes = [round(burst * (at > 0) + rate * at) for at in moments]
    return [Sample(at, n, n // 1400, round(n / 1400 * lost)) for at, n in zip(moments, sizes, strict=True)]


def silent(samples: list[Sample], seconds: float) -> list[Sample]:
    last = samples[-1]
    return [*samples, Sample(last.at + seconds, last.octets, last.segments, last.lost)]


def wavy(seconds: float, lost: float) -> list[Sample]:
    """A flow that comes and goes."""
    octets, found = 0, [Sample(0.0, 0)]
    for number in range(1, round(seconds / 0.05) + 1):
        octets += (200, 2000)[number // 20 % 2 and number % 80 < 60]
        found.append(Sample(number * 0.05, octets, octets // 1400, round(octets / 1400 * lost)))
    return found


def test_courses() -> None:
    assert judge(flow(5_000_000, 0.05), Ending.DONE) is Course.COMPLETE
    assert judge(flow(400_000, 5), Ending.DONE) is Course.COMPLETE
    assert judge(flow(16_000, 10, burst=24_000), Ending.DONE) is Course.POLICED
    assert judge(flow(16_000, 10, lost=0.1), Ending.DONE) is Course.POLICED
    assert judge(flow(16_000, 10, lost=0.1), Ending.SILENT) is Course.POLICED
    assert judge(flow(16_000, 10), Ending.DONE) is Course.SLOW
    assert judge(wavy(10, 0.0), Ending.DONE) is Course.SLOW
    assert judge(wavy(10, 0.1), Ending.DONE) is Course.LOSSY
    assert judge(silent(flow(400_000, 0.1), 5), Ending.SILENT) is Course.FREEZE
    assert judge([Sample(0, 0), Sample(5, 0)], Ending.SILENT) is Course.FREEZE
    assert judge(flow(16_000, 3), Ending.BROKEN) is Course.CUT


def test_a_flow_that_stutters_is_not_frozen() -> None:
    assert not frozen([Sample(float(at), at * 100) for at in range(10)] + [Sample(11.0, 900)])


samples = st.lists(st.tuples(st.floats(0, 60), st.integers(0, 300_000), st.integers(0, 300), st.integers(0, 300)))


@given(samples, st.sampled_from(Ending))
def test_any_course_has_a_name_and_bounded_figures(made: list[tuple[float, int, int, int]], ending: Ending) -> None:
    course = [Sample(at, n, k, m) for at, n, k, m in sorted(made)]
    assert (judge(course, ending) is Course.CUT) == (ending is Ending.BROKEN)
    assert shape_of(course).octets <= max([0, *(each.octets for each in course)])
    assert len(curve(course).split()) <= POINTS


@given(st.integers(8_000, 100_000), st.integers(2, 20), st.integers(1, 50))
def test_the_scale_of_time_changes_no_rate_into_a_freeze(rate: int, seconds: int, burst: int) -> None:
    assert judge(flow(rate, seconds, burst=burst), Ending.SILENT) is not Course.FREEZE
