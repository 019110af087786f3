"""Quantiles as values that were seen: nearest rank, whole numbers, nothing interpolated."""

from collections.abc import Sequence


def quantile(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` in a hundred do not exceed. Raises IndexError if there is none."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
