"""What the course of one transfer shows: pure, from samples of the kernel's account and how the transfer ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean, median, pstdev


class Ending(StrEnum):
    """How a transfer ended."""

    DONE = "done"
    """All of it came, or as much as was wanted."""
    SILENT = "silent"
    """The deadline came first."""
    BROKEN = "broken"
    """A reset, or an end in the middle."""


class Course(StrEnum):
    """What a transfer looked like; whether the target or the line is the reason, a comparator says."""

    COMPLETE = "complete"
    """It passed, at a rate that leaves nothing to ask."""
    FREEZE = "freeze"
    """It flowed, or began, and then nothing came any more, without a reset."""
    POLICED = "policed"
    """It was held to one rate: even, and behind a burst that was let through or with losses that keep it there."""
    LOSSY = "lossy"
    """It was slow and segments were lost, at no fixed rate: congestion, or a bad line."""
    SLOW = "slow"
    """It was slow without losses, at no fixed rate: the server, or the line."""
    CUT = "cut"
    """It was broken off."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a connection at one moment; all but `at` count from the beginning of the transfer."""

    at: float
    """Seconds since the request was sent."""
    octets: int
    """Bytes that arrived (of ours: that were acknowledged), TLS and all."""
    segments: int = 0
    """Segments that carried them."""
    lost: int = 0
    """Segments that came out of order, or had to be sent again."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Figures of a transfer; rates in bytes a second."""

    octets: int
    segments: int
    lost: int
    seconds: float
    """From the first byte to the last."""
    silence: float
    """Seconds at the end in which nothing came."""
    rate: float
    """The median of the parts."""
    spread: float
    """How uneven the parts are: deviation by mean; 0 is even. The first part is left out."""
    burst: float
    """The rate of the first part by the median."""


FAST = 250_000.0
"""Bytes a second; beyond 2 Mbit/s nobody calls a messenger throttled."""
LASTED = 1.0
"""Seconds; what took less has no course."""
SILENCE = 2.0
"""Seconds without a byte that are called silence, where the transfer did not stutter as long before."""
STUTTERS = 3.0
"""By how many times a silence has to exceed the longest pause before it."""
PARTS = 8
EVEN = 0.35
"""Deviation by mean up to which a rate is called even."""
BURST = 1.8
"""How much faster than the rest the first part of a policed transfer is: the bucket is full when it begins."""
LOSSES = 0.02
"""Lost segments by all, from which losses matter."""
POINTS = 24


def judge(samples: Sequence[Sample], ending: Ending) -> Course:
    """What a transfer looked like; samples in order of time, the last one taken at its end."""
    shape = shape_of(samples)
    if ending is Ending.BROKEN:
        return Course.CUT
    if ending is Ending.SILENT and frozen(samples):
        return Course.FREEZE
    if ending is Ending.DONE and (shape.rate >= FAST or shape.seconds < LASTED):
        return Course.COMPLETE
    lossy = shape.lost > LOSSES * max(shape.segments, 1)
    if shape.spread <= EVEN and (lossy or shape.burst >= BURST):
        return Course.POLICED
    return Course.LOSSY if lossy else Course.SLOW


def frozen(samples: Sequence[Sample]) -> bool:
    """True if nothing came at the end for longer than the transfer's own pauses explain."""
    moments = _growth(samples)
    if len(moments) < 2:
        return True
    pause = max(later.at - earlier.at for earlier, later in pairwise(moments))
    return samples[-1].at - moments[-1].at > max(SILENCE, STUTTERS * pause)


def shape_of(samples: Sequence[Sample]) -> Shape:
    """The figures of a transfer; zeros where nothing came."""
    moments = _growth(samples)
    if not moments:
        return Shape(0, 0, 0, 0.0, samples[-1].at if samples else 0.0, 0.0, 0.0, 0.0)
    first, last = moments[0], moments[-1]
    rates = _rates(moments)
    typical = median(rates[1:] or rates) if rates else 0.0
    rest = rates[1:]
    return Shape(
        octets=last.octets,
        segments=last.segments,
        lost=samples[-1].lost,
        seconds=last.at - first.at,
        silence=samples[-1].at - last.at,
        rate=typical,
        spread=pstdev(rest) / fmean(rest) if len(rest) > 1 and any(rest) else 0.0,
        burst=rates[0] / typical if typical else 0.0,
    )


def curve(samples: Sequence[Sample]) -> str:
    """The bytes over time as text, `0.05:1400 0.10:2800`, at most 24 points; seconds and bytes."""
    moments = _growth(samples)
    step = max(1, -(-len(moments) // POINTS))
    kept = [*moments[::-1][::step]][::-1]
    return " ".join(f"{each.at:.2f}:{each.octets}" for each in kept)


def _growth(samples: Sequence[Sample]) -> list[Sample]:
    """The samples at which more had come than before."""
    grown: list[Sample] = []
    reached = 0
    for each in samples:
        if each.octets > reached:
            reached = each.octets
            grown.append(each)
    return grown


def _rates(moments: Sequence[Sample]) -> list[float]:
    """The rate in each of eight equal parts of the time from the first byte to the last, drawn as a straight line
    between samples.
    """
    begin, end = moments[0].at, moments[-1].at
    width = (end - begin) / PARTS
    if width < 1e-6:
        return []
    marks = [0.0, *(_octets_at(moments, begin + width * number) for number in range(1, PARTS)), moments[-1].octets]
    return [max(0.0, later - earlier) / width for earlier, later in pairwise(marks)]


def _octets_at(moments: Sequence[Sample], at: float) -> float:
    """Bytes at a moment between the first sample and the last."""
    for earlier, later in pairwise(moments):
        if later.at >= at:
            return earlier.octets + (later.octets - earlier.octets) * (at - earlier.at) / (later.at - earlier.at)
    return float(moments[-1].octets)
