"""One revision of an event: everything that is told of it, and whether that is news."""

from dataclasses import replace

from daemon.detect.background import speaks_alone
from daemon.detect.case import Case, Member
from daemon.detect.comparators import compare
from daemon.detect.confidence import confidence
from daemon.detect.deepen import deepen
from daemon.detect.gate import trusted
from daemon.detect.infer import WORKS, elsewhere
from daemon.detect.mechanism import ARTEFACTS, mode
from daemon.detect.state import SECOND, Detection
from daemon.detect.words import against, summary
from daemon.rows import Event, Scope

EVIDENCE = 24
"""Record ids that an event names."""
STANDING = 7 * 86_400 * SECOND
"""After this time without a change an event is shown and silent."""


def revise(state: Detection, case: Case, ended: int | None) -> Event | None:
    """The next revision of an event, None if nothing that matters has changed."""
    _learn(state, case)
    case.confirmed = case.confirmed or _is_confirmed(state, case)
    last = case.event
    event = _told(state, case, ended)
    if last is None:
        return _worded(state, case, event)
    standing = last.state == "standing" or state.now - case.changed >= STANDING
    if standing and ended is None and _same(replace(event, state=last.state), last):
        event = replace(event, state="standing")
    return None if _same(event, last) else _worded(state, case, event)


def _same(event: Event, last: Event) -> bool:
    """Whether a revision would tell nothing new; confidence, evidence and comparators alone are no news."""
    return (
        replace(
            event,
            revision=last.revision,
            at=last.at,
            confidence=last.confidence,
            evidence=last.evidence,
            comparators=last.comparators,
            summary=last.summary,
            against=last.against,
        )
        == last
    )


def _told(state: Detection, case: Case, ended: int | None) -> Event:
    """The facts of a revision, still without its sentences."""
    wide = case.wide
    return Event(
        id=case.id,
        revision=case.event.revision + 1 if case.event else 1,
        at=state.now,
        state=_state_of(case, ended),
        kind=case.kind,
        service=case.service,
        roles=() if wide else tuple(sorted({*case.mechanisms, *(series.role for series in case.members)})),
        mechanism=case.mechanism,
        mechanisms={} if wide else dict(sorted(case.mechanisms.items())),
        scope=scope_of(state, case),
        onset=case.onset,
        detected=case.detected,
        reopened=case.reopened,
        ended=ended,
        confidence=0.0,
        evidence=(),
        comparators={},
        summary="",
        against="",
    )


def _worded(state: Detection, case: Case, event: Event) -> Event:
    event = replace(event, comparators=compare(state, case), evidence=_evidence(state, case, event.ended))
    event = replace(event, confidence=confidence(state, case, event))
    return replace(event, summary=summary(state, case, event), against=against(state, case, event))


def _state_of(case: Case, ended: int | None) -> str:
    if ended is not None:
        return "ended"
    return "confirmed" if case.confirmed else "suspected"


def settle_onset(case: Case) -> None:
    """Move the onset to the member that failed first; never later than it was, so that a relapse does not move it."""
    if not case.members:
        return
    first = min(case.members.values(), key=lambda member: (member.first_bad, -member.before))
    earliest, latest = first.before or first.first_bad, first.first_bad
    if latest < case.onset[1]:
        case.onset = (earliest, latest)
    elif latest == case.onset[1]:
        case.onset = (max(earliest, case.onset[0]), latest)


def scope_of(state: Detection, case: Case) -> Scope:
    """The places of an event; its endpoints where it is of one service."""
    before = case.event.scope if case.event else Scope()
    places = [state.place(vantage) for vantage in case.vantages]
    endpoints = () if case.wide else {*before.endpoints, *(series.endpoint for series in case.members)}
    return Scope(
        vantages=tuple(case.vantages),
        countries=tuple(sorted({*before.countries, *(place.country for place in places if place.country)})),
        asns=tuple(sorted({*before.asns, *(place.asn for place in places if place.asn is not None)})),
        endpoints=tuple(sorted(endpoints)),
    )


def _learn(state: Detection, case: Case) -> None:
    """The mechanism of each role and of the whole; once recovery starts, only roles that are new add theirs."""
    if case.wide or not case.members:
        return
    roles: dict[str, dict[str, float]] = {}
    for series, member in case.members.items():
        weights = roles.setdefault(series.role, {})
        name = deepen(state, case, series, member)
        member.artefact = member.artefact or name in ARTEFACTS
        weights[name] = weights.get(name, 0) + 1
    found = {role: mode(weights) for role, weights in roles.items()}
    case.mechanisms = {**found, **case.mechanisms} if case.recovering else {**case.mechanisms, **found}
    if not case.recovering or not case.mechanism:
        case.mechanism = _overall(case, roles)


def _overall(case: Case, roles: dict[str, dict[str, float]]) -> str:
    """The mode over the roles, so that one measured at many endpoints does not outvote others; then over members."""
    weights: dict[str, float] = {}
    for role, name in case.mechanisms.items():
        weights[name] = weights.get(name, 0) + 1 + 0.001 * sum(roles.get(role, {}).values())
    return mode(weights)


def _is_confirmed(state: Detection, case: Case) -> bool:
    """Two of anything independent, or the lie itself, or one for very long; and longer than a flash."""
    members = list(case.members.values())
    lasted = max([member.last_bad for member in members] or [state.now]) - case.onset[1]
    if lasted < state.flash():
        return False
    silent = any(vantage in state.watches and state.watches[vantage].silent for vantage in case.vantages)
    return (case.wide and silent) or _is_broad(case, members) or _is_long(state, case)


def _is_broad(case: Case, members: list[Member]) -> bool:
    return (
        len(case.vantages) > 1
        or len({series.endpoint for series in case.members}) > 1
        or len({member.phase for member in members}) > 1
        or any(member.artefact for member in members)
    )


def _is_long(state: Detection, case: Case) -> bool:
    """One series that fails for long and was never contradicted, while all else answers there and it does elsewhere."""
    if case.wide or len(case.members) != 1:
        return False
    ((series, member),) = case.members.items()
    track = state.tracks[series]
    alone = not member.up and not member.contra and speaks_alone(state, series, track)
    return (
        alone
        and trusted(state, series.vantage)
        and "reachable" in compare(state, case).values()
        and bool(elsewhere(state, [series]).saying(WORKS))
    )


def _evidence(state: Detection, case: Case, ended: int | None) -> tuple[str, ...]:
    """Record ids, a fair share of each member; of an end also the good ones."""
    ids: dict[str, None] = {}
    members = sorted(case.members.items(), key=lambda pair: (pair[1].first_bad, pair[0].endpoint, pair[0].vantage))
    share = max(1, EVIDENCE // max(1, len(members)))
    for series, member in members:
        track = state.tracks.get(series)
        good = track.good_ids[:1] if ended is not None and track else []
        ids.update(dict.fromkeys([*good, *member.ids][:share]))
    return tuple(ids)[:EVIDENCE]
