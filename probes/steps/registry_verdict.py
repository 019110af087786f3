"""Where a name has gone: pure, from what national resolvers, neutral ones and the parent's servers say of it."""

from collections.abc import Sequence
from enum import StrEnum

from probes.record import Kind

KNOWN = frozenset({None, Kind.DNS_NO_ANSWER})
"""The name exists; no address of the family that was asked for is no denial."""
UNHEARD = frozenset({Kind.TIMEOUT, Kind.DNS_SERVFAIL, Kind.DNS_REFUSED, Kind.LOCAL})
Said = Sequence[Kind | None]
"""What each of some servers said of a name: None is a good answer."""


class Whereabouts(StrEnum):
    """Where a name has gone."""

    KNOWN = "known"
    """Every national resolver that answers knows it."""
    REMOVED = "removed"
    """National resolvers deny it with one voice, siblings are fine there, and neutral resolvers know it."""
    FILTERED = "filtered"
    """Some resolver denies it or lies, another one or the registry knows it."""
    GONE = "gone"
    """Nobody knows it."""
    UNCLEAR = "unclear"
    """Too few answers to tell."""


def whereabouts(national: Said, siblings: Said, neutral: Said, parents: Said) -> Whereabouts:
    """Judge a name; `siblings` are names in other zones at the national resolvers, `parents` hold its delegation."""
    said = [kind for kind in national if kind not in UNHEARD]
    if not said:
        return Whereabouts.UNCLEAR
    if all(kind in KNOWN for kind in said):
        return Whereabouts.KNOWN
    if any(kind is not Kind.DNS_NXDOMAIN for kind in said) or _any_knows(parents):
        return Whereabouts.FILTERED
    if not _any_knows(neutral):
        return Whereabouts.GONE if Kind.DNS_NXDOMAIN in neutral else Whereabouts.UNCLEAR
    agreed = len(said) > 1 or Kind.DNS_NXDOMAIN in parents
    fine = bool(siblings) and all(kind in KNOWN for kind in siblings if kind not in UNHEARD) and _any_knows(siblings)
    return Whereabouts.REMOVED if agreed and fine else Whereabouts.UNCLEAR


def _any_knows(said: Said) -> bool:
    return any(kind in KNOWN for kind in said)
