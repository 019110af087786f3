"""How often an address may be contacted: token buckets that wait within a bound, then skip."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from probes.run import Skipped
from probes.steps.resolver import SYSTEM, parse_resolver

DNS = "dns:"
"""Stands before the address of a resolver where a question is announced, to tell it from a connection."""
ROUNDING = 1e-6
"""Seconds; sums of intervals are not exact, and nobody is to be skipped for that."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `every` seconds."""

    every: float
    burst: int


TARGET = Rate(10.0, 4)
"""A connection to a target, per vantage and address (docs/design.md, Limits)."""
OWN_RESOLVER = Rate(0.05, 20)
"""The vantage's own resolver: 20 questions a second."""
NAMED_RESOLVER = Rate(1.0, 10)
"""A resolver that a service names: one a second, burst 10."""


@dataclass(slots=True)
class Bucket:
    """Tokens of one key; `full` is the monotonic time at which it is full again (GCRA)."""

    rate: Rate
    full: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a token is free."""
        wait = self.full - (self.rate.burst - 1) * self.rate.every - now
        return wait if wait > ROUNDING else 0.0

    def take(self, now: float) -> None:
        """Use a token (also one that becomes free only later: the caller waits for it)."""
        self.full = max(self.full, now) + self.rate.every


Owned = Callable[[str], Rate | None]
"""The rate of an address that the operator owns, or None."""


@dataclass(slots=True)
class Limiter:
    """The buckets of all vantages. Those that are full again are forgotten, so a rotating address costs nothing."""

    owned: Owned
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def rate_of(self, contact: str, resolver: str) -> Rate:
        """The limit of an address or, as `dns:ADDRESS`, of questions to it; `resolver` is the vantage's own."""
        address = contact.removeprefix(DNS)
        rate = self.owned(address) if address != SYSTEM.transport else None
        if rate is not None:
            return rate
        if address == contact:
            return TARGET
        own = parse_resolver(resolver)
        return OWN_RESOLVER if address == (own.address or own.transport) else NAMED_RESOLVER

    def reserve(self, key: tuple[str, str], rate: Rate, patience: float, now: float) -> float:
        """Reserve a token of (vantage, contact); returns seconds until it is free. Raises Skipped beyond patience."""
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = Bucket(rate)
        bucket.rate = rate  # a reload may have changed it
        wait = bucket.wait(now)
        if wait > patience:
            raise Skipped("budget")
        bucket.take(now)
        return wait

    def forget(self, now: float) -> None:
        """Drop buckets that are full again."""
        for key in [key for key, bucket in self.buckets.items() if bucket.full <= now]:
            del self.buckets[key]


@dataclass(frozen=True, slots=True)
class Permission:
    """The rate limit as one run sees it: callable with an address, patient until `latest` (loop time)."""

    limiter: Limiter
    vantage: str
    resolver: str
    latest: float

    async def __call__(self, contact: str) -> None:
        """Wait for a token of that address (or `dns:ADDRESS`); raises Skipped."""
        now = asyncio.get_running_loop().time()
        rate = self.limiter.rate_of(contact, self.resolver)
        wait = self.limiter.reserve((self.vantage, contact), rate, max(0.0, self.latest - now), now)
        if wait > 0:
            await asyncio.sleep(wait)
