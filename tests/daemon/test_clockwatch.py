"""A step of the wall clock and a sleep of the machine are told once, with their sizes and reasons; nothing else is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clockwatch import STEP, ClockWatch, asleep
from probes.clock import SystemClock
from tests.lab.hand_clock import HandClock


class Scene:
    """A watch over a clock moved by hand, with what it told."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.suspended = 0.0
        self.told: list[tuple[float, str]] = []
        self.watch = ClockWatch(
            self.clock, lambda seconds, why: self.told.append((round(seconds, 3), why)), self.asleep
        )

    def asleep(self) -> float:
        return self.suspended

    def step(self, seconds: float) -> None:
        self.clock.now += round(seconds * 1e6)

    def suspend(self, seconds: float) -> None:
        self.step(seconds)
        self.suspended += seconds


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_time_that_passes_is_no_step(scene: Scene) -> None:
    for seconds in (0.0, 1.0, 3_600.0):
        scene.clock.pass_(seconds)
        assert scene.watch.look() == "overload"
    assert scene.told == []


@pytest.mark.parametrize("seconds", [3_600.0, -3_600.0, 1.5, -1.5])
def test_a_step_is_told_once_with_its_size(scene: Scene, seconds: float) -> None:
    scene.clock.pass_(1.0)
    scene.step(seconds)
    assert scene.watch.look() == "clock"
    assert scene.watch.look() == "overload"
    assert scene.told == [(seconds, "clock")]


def test_a_suspend_is_no_step_of_the_clock(scene: Scene) -> None:
    scene.suspend(600.0)
    assert scene.watch.look() == "suspend"
    assert scene.told == [(600.0, "suspend")]


def test_naps_too_short_to_be_told_do_not_add_up_to_a_suspend(scene: Scene) -> None:
    for _ in range(3):
        scene.suspend(0.9)
        assert scene.watch.look() == "overload"
    scene.step(5.0)
    assert scene.watch.look() == "clock"


def test_a_suspend_then_a_step(scene: Scene) -> None:
    scene.suspend(60.0)
    scene.watch.look()
    scene.step(-3.0)
    scene.watch.look()
    assert scene.told == [(60.0, "suspend"), (-3.0, "clock")]


def test_a_slewing_clock_does_not_step(scene: Scene) -> None:
    for _ in range(100):
        scene.clock.pass_(1.0)
        scene.step(0.05)
        scene.watch.look()
    assert scene.told == []


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(-1e4, 1e4).filter(lambda step: abs(abs(step) - STEP) > 0.01)),
        max_size=20,
    )
)
def test_all_steps_are_found_whatever_time_passes_between(moves: list[tuple[float, float]]) -> None:
    scene = Scene()
    for passed, step in moves:
        scene.clock.pass_(passed)
        scene.step(step)
        scene.watch.look()
    assert [seconds for seconds, _why in scene.told] == pytest.approx(
        [step for _passed, step in moves if abs(step) > STEP], abs=2e-3
    )


def test_this_machine_does_not_sleep_while_it_runs() -> None:
    first = asleep()
    time.sleep(0.02)
    assert abs(asleep() - first) < 0.01
    assert first > -1.0


def test_the_systems_clocks_do_not_part() -> None:
    told: list[float] = []
    watch = ClockWatch(SystemClock(), lambda seconds, _why: told.append(seconds))
    for _ in range(5):
        time.sleep(0.01)
        assert watch.look() == "overload"
    assert told == []
