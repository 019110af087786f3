"""A diagnosis in words: its cells as lines of a table, and the one sentence that says what they show."""

from dataclasses import dataclass

from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.finding import answered
from probes.plugin import join_host_port

ARMS = {
    Arm.CONTROL: "control",
    Arm.ORIGINAL: "as it is measured",
    Arm.NAME: "innocuous name, same address",
    Arm.PLACE: "same name, address of a control",
    Arm.ADDRESS: "another address",
    Arm.PORT: "another port",
    Arm.FAMILY: "the other address family",
    Arm.RESOLVER: "another resolver",
    Arm.TRANSPORT: "the same resolver over TCP",
    Arm.SIZE: "a small transfer",
}
FAILS = {
    "connection_reset": "reset",
    "connection_refused": "refused",
    "generic_timeout_error": "silence",
    "timed_out": "silence",
    "eof_error": "closed",
    "ssl_failed_handshake": "an alert",
    "dns_nxdomain_error": "no such name",
}
SENTENCES = {
    Finding.SNI: "{how} when the name {name} is in the hello, whatever the address; the same address answers to "
    "{strange}: consistent with a filter on the name",
    Finding.ADDRESS: "{how} at {address}, while {open}: it is the address that fails",
    Finding.SNI_AND_ADDRESS: "{how} only when {name} is shown at {address}: that name passes elsewhere, that address "
    "answers to {strange}; a filter on both, or the server itself",
    Finding.SNI_OR_ADDRESS: "{how} when the name {name} is in the hello, also at the address of a control, and at "
    "{address} with whatever name: consistent with a filter on the name and another on the address",
    Finding.PORT: "{how} at this port only: {open}",
    Finding.FAMILY: "{how} in this address family only: {open}",
    Finding.RESOLVER: "{how} from this resolver only: {open}",
    Finding.TRANSPORT: "{how} over UDP only: {open}, so something answers in its place on the way",
    Finding.SIZE: "{how} when it is large: {open}",
    Finding.RESIDUAL: "{how}; and what answered before {name} was shown fails right after: consistent with a block "
    "that stays for a while, or with a limit on connections",
    Finding.FLAKY: "the same fails and succeeds by turns: {how} in {failed} of {times} attempts",
    Finding.EVERYTHING: "{how} whatever was varied, while the control answers: down, or blocked as a whole; from "
    "here that cannot be told",
    Finding.WELL: "all is well now",
    Finding.NOTHING_FOUND: "{how}; the comparison does not show why",
    Finding.LOCAL: "the control fails as well: it is the line or this machine, and says nothing of the target",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One cell for people."""

    what: str
    name: str
    place: str
    came: str
    """`answered`, or the phase and how it failed."""
    good: bool
    seconds: float


def lines(diagnosis: Diagnosis) -> list[Line]:
    """The cells in the order in which they were measured."""
    return [
        Line(ARMS[cell.arm], cell.name, _place(cell), came_of(cell), answered(cell), cell.seconds)
        for cell in diagnosis.cells
    ]


def came_of(cell: Cell) -> str:
    """How a cell ended."""
    if not cell.kind:
        return "answered"
    said = "answered with an alert" if cell.kind == "ssl_failed_handshake" and cell.alert is not None else cell.kind
    return f"{cell.phase}: {said}" + (f" {cell.alert}" if cell.alert is not None else "")


def sentence(diagnosis: Diagnosis) -> str:
    """What the cells show, in one sentence without its full stop."""
    originals = [cell for cell in diagnosis.cells if cell.arm is Arm.ORIGINAL]
    failed = [cell for cell in originals if cell.kind]
    first = (failed or originals or list(diagnosis.cells) or [Cell(Arm.ORIGINAL, 0.0, 0.0)])[0]
    strange = next((cell.name for cell in diagnosis.cells if cell.arm is Arm.NAME), "another name")
    return SENTENCES[diagnosis.finding].format(
        how=f"{FAILS.get(first.kind, first.kind)} in phase {first.phase}" if first.kind else "no failure",
        name=first.name,
        address=first.address or "its address",
        strange=strange,
        open=_open(diagnosis),
        failed=len(failed),
        times=len(originals),
    )


def _open(diagnosis: Diagnosis) -> str:
    """Which other ways answer."""
    found = [
        f"{ARMS[cell.arm]} ({_place(cell)}) answers"
        for cell in diagnosis.cells
        if cell.arm not in {Arm.CONTROL, Arm.ORIGINAL} and not cell.kind
    ]
    return ", ".join(dict.fromkeys(found)) or "the same name answers at another address"


def _place(cell: Cell) -> str:
    if not cell.port:
        return cell.address
    return join_host_port(cell.address, cell.port)
