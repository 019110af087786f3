"""How sure an event is: what speaks for it minus what speaks against; plain on purpose, a person can redo it."""

from daemon.detect.case import Case
from daemon.detect.state import Detection
from daemon.rows import Event

BASE, LEAST, MOST = 0.5, 0.05, 0.99
VANTAGES, ENDPOINTS, ARTEFACT, ELSEWHERE, COMPARATORS = 0.15, 0.1, 0.15, 0.1, 0.1
"""What adds: two vantages; two endpoints; the lie itself on record; it works elsewhere; the comparators answer here."""
UNKNOWN, CONTRADICTED, SILENT = -0.1, -0.15, -0.2
"""What takes away: no comparator answers; a repeat succeeded meanwhile; a place of the event is not heard of."""


def confidence(state: Detection, case: Case, event: Event) -> float:
    """0.05 to 0.99, in hundredths."""
    total = BASE
    total += VANTAGES * (len(event.scope.vantages) > 1)
    total += ENDPOINTS * (len({series.endpoint for series in case.members}) > 1)
    total += ARTEFACT * any(member.artefact for member in case.members.values())
    total += ELSEWHERE * case.elsewhere
    if not case.wide:
        total += COMPARATORS if "reachable" in event.comparators.values() else UNKNOWN
        total += CONTRADICTED * any(member.contra for member in case.members.values())
        total += SILENT * any(_silent(state, vantage) for vantage in case.vantages)
    elif len(case.members) > 1:
        total += COMPARATORS
    return round(min(MOST, max(LEAST, total)), 2)


def _silent(state: Detection, vantage: str) -> bool:
    watch = state.watches.get(vantage)
    return watch is None or watch.silent > 0
