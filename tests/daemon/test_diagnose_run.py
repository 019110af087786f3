"""A closer look, carried out: in a minute at most, spaced, within the limits, and in one record."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from daemon.diagnose_arms import tries
from daemon.diagnose_ground import Control, Ground
from daemon.diagnose_run import CELL, SPACE, WHOLE, cell_of, look, record_of, spacing
from daemon.limits import TARGET as TARGET_RATE
from daemon.limits import Limiter, Permission
from probes.diagnosis import Arm, Cell, Finding
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record
from probes.run import Attempt, Skipped
from tests.lab.diagnosing import CONTROL, assignment, base_of, ran
from tests.lab.virtual import Machine

TLS = assignment("whatsapp", "tls", "web.whatsapp.com:443")
EXAMPLE = Control(assignment("controls", "tls", "example.com:443"), CONTROL)
FIRST = ran(TLS, 0.0, (Phase.TLS, Kind.RESET))
BASE = base_of(TLS, FIRST)
MATRIX = tries(FIRST, replace(BASE, timeout=10.0), Ground((EXAMPLE,)))
Came = Callable[[Attempt], tuple[Phase, Kind] | None]


def by_name(attempt: Attempt) -> tuple[Phase, Kind] | None:
    """A filter that drops the target's name, wherever it is shown."""
    return (Phase.TLS, Kind.TIMEOUT) if attempt.instead.name in {None, "web.whatsapp.com"} else None


def dead(_attempt: Attempt) -> tuple[Phase, Kind] | None:
    return (Phase.TCP, Kind.TIMEOUT)


def well(_attempt: Attempt) -> None:
    return None


@dataclass
class Network:
    """What measures: silence lasts until the deadline, all else no time; within the real limits if they are given."""

    came: Came
    limiter: Limiter | None = None
    began: list[float] = field(default_factory=list)
    timeouts: set[float] = field(default_factory=set)

    async def measure(self, attempt: Attempt, latest: float) -> Record:
        loop = asyncio.get_running_loop()
        address = attempt.instead.address or ""
        if self.limiter:
            await Permission(self.limiter, "here", "system", latest)(address)
        self.began.append(loop.time())
        self.timeouts.add(attempt.timeout)
        failed = self.came(attempt)
        seconds = attempt.timeout if failed and failed[1] is Kind.TIMEOUT else 0.05
        await asyncio.sleep(seconds)
        failure = Failure(*failed) if failed else None
        return Record(attempt.series, 0, 0, seconds, (), failure, Facts(address=address))


def carried_out(network: Network, space: float = SPACE) -> tuple[tuple[Cell, ...], float]:
    """The cells, and how long they took."""
    machine = Machine()
    begin = machine.monotonic()
    cells = machine.run(look(MATRIX, network.measure, space))
    return cells, machine.monotonic() - begin


def test_all_cells_are_measured_in_their_order() -> None:
    cells, _took = carried_out(Network(well))
    assert [cell.arm for cell in cells] == [one.arm for one in MATRIX]
    assert [cell.begin for cell in cells] == sorted(cell.begin for cell in cells)


def test_a_name_that_is_dropped_is_found_within_a_minute_and_within_the_limits() -> None:
    """Beside a slot and two repeats that used the same tokens in the half minute before."""
    machine, limiter = Machine(), Limiter(lambda _address: None)
    network = Network(by_name, limiter)

    async def story() -> tuple[Cell, ...]:
        for _ in range(3):
            await network.measure(replace(BASE, timeout=0.0, instead=MATRIX[0].attempt.instead), 1e9)
            await network.measure(replace(MATRIX[1].attempt, timeout=0.0), 1e9)
            await asyncio.sleep(10.0)
        begin = machine.monotonic()
        cells = await look(MATRIX, network.measure)
        assert machine.monotonic() - begin <= WHOLE
        return cells

    cells = machine.run(story())
    found = record_of(TLS.series, BASE, cells, 0, 1.0).facts.diagnosis
    assert found
    assert found.finding is Finding.SNI
    assert TARGET_RATE.burst == 4


@pytest.mark.parametrize("came", [dead, by_name, well])
def test_no_look_takes_more_than_a_minute(came: Came) -> None:
    _cells, took = carried_out(Network(came))
    assert took <= WHOLE


def test_a_cell_has_a_shorter_deadline_than_a_slot() -> None:
    network = Network(by_name)
    carried_out(network)
    assert network.timeouts == {CELL}


def test_originals_keep_their_distance() -> None:
    cells, _took = carried_out(Network(well), space=7.0)
    first, second = [cell for cell in cells if cell.arm is Arm.ORIGINAL]
    assert second.begin - (first.begin + first.seconds) >= 7.0


def test_without_a_control_that_answers_only_the_original_is_repeated() -> None:
    cells, _took = carried_out(Network(dead))
    assert [cell.arm for cell in cells] == [Arm.CONTROL, Arm.ORIGINAL, Arm.ORIGINAL]


def test_a_cell_without_room_in_the_limits_is_left_out() -> None:
    async def measure(attempt: Attempt, latest: float) -> Record:
        if attempt.instead.name == "web.whatsapp.com":
            raise Skipped("budget")
        return await Network(well).measure(attempt, latest)

    cells = Machine().run(look(MATRIX, measure))
    assert Arm.PLACE not in {cell.arm for cell in cells}
    assert len(cells) == len(MATRIX) - 1


def test_a_probe_with_a_bug_gives_no_cell() -> None:
    async def measure(_attempt: Attempt, _latest: float) -> None:
        return None

    assert Machine().run(look(MATRIX, measure)) == ()


@pytest.mark.parametrize(("every", "space"), [(1, 0.25), (20, 5.0), (60, SPACE), (3_600, SPACE)])
def test_space_follows_the_interval(every: int, space: float) -> None:
    assert spacing(every) == space


def test_a_cell_keeps_what_was_shown_where_and_how_it_ended() -> None:
    place = next(one for one in MATRIX if one.arm is Arm.PLACE)
    failure = Failure(Phase.TLS, Kind.TLS_FAILED, "for people")
    facts = Facts(address=CONTROL, alert=40, bytes_in=7)
    record = Record(TLS.series, 0, 0, 0.1234567, (), failure, facts)
    assert cell_of(place.arm, place.attempt, record, 1.0) == Cell(
        Arm.PLACE,
        begin=1.0,
        seconds=0.123457,
        name="web.whatsapp.com",
        address=CONTROL,
        port=443,
        family="ipv4",
        phase="tls",
        kind="ssl_failed_handshake",
        alert=40,
        bytes_in=7,
    )


def test_the_record_fails_as_the_last_original_did() -> None:
    good, bad = Cell(Arm.ORIGINAL, 0.0, 0.1), Cell(Arm.ORIGINAL, 1.0, 0.1, phase="tls", kind="connection_reset")
    assert record_of(TLS.series, BASE, (good, bad), 5, 2.0).failure == Failure(Phase.TLS, Kind.RESET)
    assert record_of(TLS.series, BASE, (bad, good), 5, 2.0).failure is None
    assert record_of(TLS.series, BASE, (), 5, 2.0).failure is None


def test_the_record_belongs_to_the_slot_unless_a_person_asked() -> None:
    record = record_of(TLS.series, BASE, (), 5, 2.0)
    assert (record.purpose, record.due, record.began, record.of) == (Purpose.DIAGNOSE, FIRST.due, 5, FIRST.id)
    assert record_of(TLS.series, replace(BASE, purpose=Purpose.MANUAL), (), 5, 2.0).due == 5
