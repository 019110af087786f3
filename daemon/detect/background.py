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


def needed(state: Detection, series: Series, track: Track) -> int:
    """Failing slots in a row that this series must show before it counts as evidence."""
    rate = max(0.001, flake_rate(track.weight, track.flakes), BIAS * _loss_of_others(state, series))
    return min(LONGEST, max(RUN, ceil(log(CHANCE) / log(min(rate, 0.9)))))


def _loss_of_others(state: Detection, series: Series) -> float:
    """The share of records of the vantage's other services that failed alone; what failed in long runs is no loss."""
    others = [track for one, track in state.tracks_at(series.vantage) if one.service != series.service]
    return flake_rate(sum(track.weight for track in others), sum(track.flakes for track in others))
