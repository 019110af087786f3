"""The signs of life of the vantages: silence is noticed through the rows of others, never by a clock of our own."""

from daemon.detect.state import Detection

BEATS = 3
"""Heartbeats missed until a vantage is silent."""


def pass_time(state: Detection, at: int) -> None:
    """Move detection's clock; a jump in which nobody wrote a row counts as one heartbeat of life, not more."""
    if at > state.now:
        state.lived += min(at - state.now, state.index.beat) if state.now else 0
        state.now = at


def alive(state: Detection, vantage: str) -> bool:
    """A vantage was heard of; True if that ends its silence."""
    watch = state.watches[vantage]
    watch.life, watch.lived = state.now, state.lived
    state.changed.watches.add(vantage)
    if not watch.silent:
        return False
    watch.silent, watch.woke = 0, state.now
    return True


def excuse(state: Detection, vantages: list[str]) -> None:
    """Until the next heartbeat, the silence of these vantages means nothing: measuring was stopped, or begins anew."""
    for vantage in vantages:
        state.watches[vantage].life = 0
        state.changed.watches.add(vantage)


def listen(state: Detection) -> bool:
    """Notice who has fallen silent; True if somebody has."""
    fallen = [
        (vantage, watch)
        for vantage, watch in state.watches.items()
        if watch.life and not watch.silent and state.lived - watch.lived > BEATS * state.index.beat
    ]
    for vantage, watch in fallen:
        watch.silent = watch.life
        state.changed.watches.add(vantage)
    return bool(fallen)
