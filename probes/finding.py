"""What the cells of a diagnosis show: pure, and careful not to claim what a control does not carry."""

from collections.abc import Iterable
from enum import Enum, auto

from probes.diagnosis import Arm, Cell, Finding
from probes.record import Kind, Phase

ANSWERED = frozenset({Kind.TLS_HOSTNAME, Kind.TLS_AUTHORITY, Kind.TLS_CERTIFICATE, Kind.TLS_FAILED})
"""Failures that a far end has to answer for: a certificate of another name, an alert. A strange name gets those from
any honest server."""
WAYS = (
    (Arm.TRANSPORT, Finding.TRANSPORT),
    (Arm.RESOLVER, Finding.RESOLVER),
    (Arm.PORT, Finding.PORT),
    (Arm.ADDRESS, Finding.ADDRESS),
    (Arm.FAMILY, Finding.FAMILY),
    (Arm.SIZE, Finding.SIZE),
)
"""Other ways to the same, the narrowest claim first: another family is another address too."""
ELSEWHERE = frozenset(arm for arm, _found in WAYS)
"""Arms that are open already where they get beyond the phase in which the original fails."""
ORDER = tuple(Phase)
Failed = tuple[str, str, int | None]


class Reading(Enum):
    """A cell compared with the original."""

    WELL = auto()
    FAILS = auto()
    """In the very way of the original."""
    UNCLEAR = auto()
    """In another way, or by a fault of our own."""


W, F = Reading.WELL, Reading.FAILS
MATRIX = {
    (W, F): Finding.SNI,
    (F, W): Finding.ADDRESS,
    (W, W): Finding.SNI_AND_ADDRESS,
    (F, F): Finding.SNI_OR_ADDRESS,
}
"""By what the innocuous name at the target's address does, and the target's name at the control's."""


def finding(cells: Iterable[Cell]) -> Finding:
    """The one thing that the cells show, in whatever order they are given."""
    ordered = sorted(cells, key=lambda cell: (cell.begin, cell.arm, cell.phase, cell.kind))
    measured = [cell for cell in ordered if cell.kind != Kind.LOCAL]
    if ordered and not measured:
        return Finding.LOCAL
    originals = [cell for cell in measured if cell.arm is Arm.ORIGINAL]
    failed = {_failed(cell) for cell in originals if cell.kind}
    if not originals:
        return Finding.NOTHING_FOUND
    if len(originals) > sum(bool(cell.kind) for cell in originals):
        return Finding.FLAKY if failed else Finding.WELL
    return _compared([(cell.arm, reading(cell, failed)) for cell in measured])


def answered(cell: Cell) -> bool:
    """Whether a far end spoke, if only to refuse a name."""
    return not cell.kind or (cell.kind in ANSWERED and (cell.kind != Kind.TLS_FAILED or cell.alert is not None))


def reading(cell: Cell, failed: set[Failed]) -> Reading:
    """How a cell did, given how the original failed."""
    if cell.kind == Kind.LOCAL:
        return Reading.UNCLEAR
    if _failed(cell) in failed:
        return Reading.FAILS
    if answered(cell):
        return Reading.WELL
    place = ORDER.index(Phase(cell.phase))
    beyond = cell.arm in ELSEWHERE and all(place > ORDER.index(Phase(phase)) for phase, *_ in failed)
    return Reading.WELL if beyond else Reading.UNCLEAR


def _failed(cell: Cell) -> Failed:
    return cell.phase, cell.kind, cell.alert


def _compared(readings: list[tuple[Arm, Reading]]) -> Finding:
    """What arms show whose original fails every time. Without a control that answers every time, nothing is proved."""
    controls = [said for arm, said in readings if arm is Arm.CONTROL]
    varied = [said for arm, said in readings if arm not in {Arm.CONTROL, Arm.ORIGINAL}]
    if not controls:
        return Finding.NOTHING_FOUND
    if controls[0] is not Reading.WELL:
        return Finding.NOTHING_FOUND if Reading.WELL in varied else Finding.LOCAL
    if set(controls) != {Reading.WELL}:
        return Finding.RESIDUAL if _stays(readings) else Finding.NOTHING_FOUND
    return _names(readings) or _ways(readings) or Finding.NOTHING_FOUND


def _stays(readings: list[tuple[Arm, Reading]]) -> bool:
    """Whether the control fails right after the target's name was shown at its address, and failed, and not before."""
    arms = [(arm, said) for arm, said in readings if arm in {Arm.CONTROL, Arm.PLACE}]
    first = next((number for number, (arm, said) in enumerate(arms) if said is not Reading.WELL), len(arms))
    return arms[first][0] is Arm.PLACE if first < len(arms) else False


def _names(readings: list[tuple[Arm, Reading]]) -> Finding | None:
    """The matrix of names and addresses, if it is complete; a name that stops to be answered is a residual block."""
    names = [said for arm, said in readings if arm is Arm.NAME]
    places = [said for arm, said in readings if arm is Arm.PLACE]
    flipped = names[:1] == [Reading.WELL] and Reading.FAILS in names
    if flipped and Reading.FAILS not in places:
        return Finding.RESIDUAL
    return MATRIX.get((names[0], places[0])) if names and places else None


def _ways(readings: list[tuple[Arm, Reading]]) -> Finding | None:
    """Another way that is open, or that none is."""
    tried = ELSEWHERE & {arm for arm, _said in readings}
    open_ = {arm for arm, said in readings if said is Reading.WELL}
    return next((found for arm, found in WAYS if arm in open_), Finding.EVERYTHING if tried else None)
