"""From a document to assignments (CONTRACT STUB, being written): pure and deterministic."""

from dataclasses import dataclass

from probes.plugin import ProbeOptions
from probes.record import Series


@dataclass(frozen=True, slots=True)
class Assignment:
    """One series to measure: every `every` seconds at `offset`, each run within `timeout` seconds."""

    series: Series
    options: ProbeOptions
    every: int
    offset: int
    timeout: float
    resolver: str
    """The vantage's resolver: `system`, an address, `tcp://address`."""
    config: str
    """Hash of what changes the meaning of the records: probe options, resolver, timeout; not the interval."""
    version: str
    """`tls/1`."""
    agent: str = ""
