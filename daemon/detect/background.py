"""The background of the moment: how many failing slots in a row are more than this place's usual loss."""

from math import ceil, log

from daemon.detect.series import RUN, Track, flake_rate
from daemon.detect.state import Detection
from probes.record import Series

CHANCE = 1e-6
"""Of so many failing slots in a row by loss alone, per slot of a series: about one in a month of 20 series at 60 s."""
BIAS = 1.25
"""A rate taken too low multiplies false alarms by ten, one too high costs little (notes/detection.md)."""
LONGEST = 12
CAP = 3.0
"""Nats that one failing slot can weigh, at most."""
HIT = 0.9
"""The share of slots that fail in a disruption."""
ALONE = 26.0
"""Nats after which one series speaks for itself: twice the 13 that do for loss without memory, as the failures of one
path come in bursts (from 25 on, these make less than one false alarm a month, too). Nine slots at the usual loss."""


def needed(state: Detection, series: Series, track: Track) -> int:
    """Failing slots in a row that this series must show before it counts as evidence."""
    return min(LONGEST, max(RUN, ceil(log(CHANCE) / log(_rate(state, series, track)))))


def speaks_alone(state: Detection, series: Series, track: Track) -> bool:
    """Whether the run of failing slots of one phase is too long for any usual loss, bursts of it included."""
    return track.bad * min(CAP, log(HIT / _rate(state, series, track))) >= ALONE


def _rate(state: Detection, series: Series, track: Track) -> float:
    """The share of slots that fail by loss alone: the series' own, or that of the whole place."""
    rate = max(0.001, flake_rate(track.weight, track.flakes), BIAS * _loss_of_others(state, series))
    return min(rate, HIT)


def _loss_of_others(state: Detection, series: Series) -> float:
    """The share of records of the vantage's other services that failed alone; what failed in long runs is no loss."""
    others = [track for one, track in state.tracks_at(series.vantage) if one.service != series.service]
    return flake_rate(sum(track.weight for track in others), sum(track.flakes for track in others))
