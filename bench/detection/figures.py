"""The figures of the table from scores pooled over seeds."""

from collections.abc import Iterable, Sequence

from bench.detection.scoring import Outcome, Score

FIGURES = (
    "disruptions",
    "recall, right kind",
    "recall, any kind",
    "precision",
    "false / vantage-month",
    "of look-alikes",
    "events / disruption",
    "delay median s",
    "delay p90 s",
    "bound median s",
    "bound p90 s",
    "median / bound",
    "p90 / bound",
    "onset error s",
    "end error s",
    "kind right",
    "first kind right",
    "mechanism right",
    "jaccard",
    "first jaccard",
    "own faults named",
    "wrongly named",
)


def share(marks: Sequence[bool]) -> float:
    """Part that is true; not a number of nothing is 0."""
    return sum(marks) / len(marks) if marks else 0.0


def quantile(values: Iterable[float | None], part: float) -> float | None:
    """The nearest rank among what is known; None of nothing."""
    known = sorted(value for value in values if value is not None)
    return known[min(len(known) - 1, int(part * len(known)))] if known else None


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def figures(scores: Sequence[Score]) -> dict[str, float | None]:
    """All figures of one detector."""
    outcomes = [one for score in scores for one in score.outcomes]
    real, own = [one for one in outcomes if not one.own], [one for one in outcomes if one.own]
    seen = [one for one in real if one.events]
    events, false = sum(score.events for score in scores), sum(score.false for score in scores)
    months = sum(score.months for score in scores)
    return {
        "disruptions": len(real),
        "recall, right kind": share([one.right for one in real]),
        "recall, any kind": share([bool(one.events) for one in real]),
        "precision": (events - false) / events if events else None,
        "false / vantage-month": false / months,
        "of look-alikes": sum(score.alike for score in scores) / months,
        "events / disruption": sum(one.events for one in seen) / len(seen) if seen else None,
        **_delays(seen),
        **_errors(seen),
        "own faults named": share([one.right for one in own]),
        "wrongly named": sum(score.wrongly for score in scores),
    }


def _delays(seen: Sequence[Outcome]) -> dict[str, float | None]:
    """Of what was found, ours and that of the bound for the same disruptions."""
    median, late = (quantile((one.delay for one in seen), part) for part in (0.5, 0.9))
    least, least_late = (quantile((one.bound for one in seen), part) for part in (0.5, 0.9))
    return {
        "delay median s": median,
        "delay p90 s": late,
        "bound median s": least,
        "bound p90 s": least_late,
        "median / bound": _ratio(median, least),
        "p90 / bound": _ratio(late, least_late),
    }


def _errors(seen: Sequence[Outcome]) -> dict[str, float | None]:
    places = [one.jaccard for one in seen if one.jaccard is not None]
    firsts = [one.first_jaccard for one in seen if one.first_jaccard is not None]
    return {
        "onset error s": quantile((one.onset_error for one in seen), 0.5),
        "end error s": quantile((one.end_error for one in seen), 0.5),
        "kind right": share([one.right for one in seen]),
        "first kind right": share([one.first_right for one in seen]),
        "mechanism right": share([one.mechanism for one in seen]),
        "jaccard": sum(places) / len(places) if places else None,
        "first jaccard": sum(firsts) / len(firsts) if firsts else None,
    }


def table(by_detector: dict[str, Sequence[Score]]) -> list[tuple[str, ...]]:
    """One line a figure, one column a detector, the head first."""
    columns = {name: figures(scores) for name, scores in by_detector.items()}
    lines = [("figure", *columns)]
    lines += [(name, *(_cell(column[name]) for column in columns.values())) for name in FIGURES]
    return lines


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
