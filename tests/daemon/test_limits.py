"""Nobody is contacted more often than the limits say, however impatient the runs; who cannot wait is skipped."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.limits import NAMED_RESOLVER, OWN_RESOLVER, TARGET, Bucket, Limiter, Permission, Rate
from probes.run import Skipped
from tests.lab.virtual import Machine

MINE = Rate(0.1, 200)
RATES = st.builds(Rate, st.floats(0.05, 20.0), st.integers(1, 12))
PAUSES = st.lists(st.floats(0.0, 30.0), max_size=60)


def nobody(_address: str) -> None:
    """The operator owns no address."""


def own(address: str) -> Rate | None:
    """The operator owns loopback. As the daemon's: an address or a host name, nothing else."""
    return MINE if address.startswith("127.") else None


def limiter(owned=nobody) -> Limiter:
    return Limiter(owned)


def contacts(rate: Rate, pauses: list[float], patience: float) -> list[float]:
    """When contacts are made by runs that come after these pauses."""
    limits, now, made = limiter(), 1_000.0, []
    for pause in pauses:
        now += pause
        try:
            made.append(now + limits.reserve(("home", "192.0.2.1"), rate, patience, now))
        except Skipped:
            continue
    return made


# ---- the law ---------------------------------------------------------------------------------------------------------


@given(RATES, PAUSES, st.floats(0.0, 60.0))
def test_no_window_holds_more_than_the_burst_and_its_share(rate: Rate, pauses: list[float], patience: float) -> None:
    made = contacts(rate, pauses, patience)
    for first in range(len(made)):
        for last in range(first, len(made)):
            span = made[last] - made[first]
            assert last - first + 1 <= rate.burst + span / rate.every + 1e-3


@given(RATES, PAUSES, st.floats(0.0, 60.0))
def test_contacts_keep_their_order(rate: Rate, pauses: list[float], patience: float) -> None:
    made = contacts(rate, pauses, patience)
    assert all(after - before > -1e-5 for before, after in pairwise(made))


@given(RATES, st.integers(1, 40))
def test_who_keeps_the_pace_never_waits(rate: Rate, runs: int) -> None:
    assert len(contacts(rate, [rate.every + 1e-6] * runs, 0.0)) == runs


@given(RATES, st.floats(0.0, 1e4))
def test_a_rest_fills_the_bucket_and_no_more(rate: Rate, rest: float) -> None:
    bucket = Bucket(rate)
    for _ in range(rate.burst):
        bucket.take(1_000.0)
    now = 1_000.0 + rest
    free = 0
    while bucket.wait(now) == 0:
        bucket.take(now)
        free += 1
    assert free <= rate.burst
    assert free >= min(rate.burst, int(rest / rate.every * (1 - 1e-9)))


def test_a_target_gets_four_at_once_then_one_in_ten_seconds() -> None:
    assert contacts(TARGET, [0.0] * 6, 100.0) == [1_000.0] * 4 + [1_010.0, 1_020.0]


def test_beyond_its_patience_a_run_is_skipped_and_takes_nothing() -> None:
    limits, key = limiter(), ("home", "192.0.2.1")
    for _ in range(4):
        limits.reserve(key, TARGET, 0.0, 0.0)
    for _ in range(3):
        with pytest.raises(Skipped, match="budget"):
            limits.reserve(key, TARGET, 9.9, 0.0)
    assert limits.reserve(key, TARGET, 10.0, 0.0) == pytest.approx(10.0)


def test_vantages_and_addresses_have_buckets_of_their_own() -> None:
    limits = limiter()
    for vantage in ("home", "exit"):
        for address in ("192.0.2.1", "192.0.2.2", "dns:192.0.2.1"):
            assert [limits.reserve((vantage, address), TARGET, 0.0, 0.0) for _ in range(4)] == [0.0] * 4


def test_a_reload_may_change_a_rate() -> None:
    limits, key = limiter(), ("home", "127.0.0.1")
    for _ in range(4):
        limits.reserve(key, TARGET, 0.0, 0.0)
    assert limits.reserve(key, MINE, 0.0, 25.0) == 0.0


def test_full_buckets_are_forgotten_and_others_are_not() -> None:
    limits = limiter()
    for number in range(100):
        limits.reserve(("home", f"192.0.2.{number}"), TARGET, 0.0, 0.0)
    limits.reserve(("home", "192.0.2.1"), TARGET, 0.0, 5.0)
    limits.forget(10.0)
    assert list(limits.buckets) == [("home", "192.0.2.1")]
    limits.forget(20.0)
    assert limits.buckets == {}


@given(RATES, PAUSES, st.integers(0, 59))
def test_forgetting_changes_nothing(rate: Rate, pauses: list[float], at: int) -> None:
    """Whenever it happens, the contacts are the same."""
    limits, now, made = limiter(), 1_000.0, []
    for number, pause in enumerate(pauses):
        now += pause
        if number == at:
            limits.forget(now)
        made.append(now + limits.reserve(("home", "192.0.2.1"), rate, 1e9, now))
    assert made == pytest.approx(contacts(rate, pauses, 1e9))


# ---- which limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "resolver", "rate"),
    [
        ("157.240.205.62", "system", TARGET),
        ("2a03:2880::1", "195.208.4.1", TARGET),
        ("dns:system", "system", OWN_RESOLVER),
        ("dns:195.208.4.1", "195.208.4.1", OWN_RESOLVER),
        ("dns:195.208.4.1", "tcp://195.208.4.1", OWN_RESOLVER),
        ("dns:195.208.4.1", "udp://195.208.4.1:5353", OWN_RESOLVER),
        ("dns:2001:db8::1", "[2001:DB8::1]:53", OWN_RESOLVER),
        ("dns:195.208.4.1", "system", NAMED_RESOLVER),
        ("dns:195.208.4.1", "195.208.4.10", NAMED_RESOLVER),  # no resolver for being a part of its text
        ("dns:195.208.4.10", "195.208.4.1", NAMED_RESOLVER),
        ("dns:8.8.8.8", "tcp://195.208.4.1", NAMED_RESOLVER),
        ("195.208.4.1", "195.208.4.1", TARGET),  # a connection, though to the resolver
        ("127.0.0.1", "system", MINE),
        ("dns:127.0.7.53", "system", MINE),
        ("dns:127.0.7.53", "127.0.7.53:5353", MINE),
    ],
)
def test_the_limit_follows_from_who_is_contacted(contact: str, resolver: str, rate: Rate) -> None:
    assert limiter(own).rate_of(contact, resolver) == rate


def test_nobody_is_asked_who_owns_the_word_system() -> None:
    asked: list[str] = []

    def owned(address: str) -> None:
        asked.append(address)

    Limiter(owned).rate_of("dns:system", "system")
    Limiter(owned).rate_of("dns:192.0.2.53", "system")
    assert asked == ["192.0.2.53"]


# ---- as a run sees it ------------------------------------------------------------------------------------------------


def test_a_run_waits_for_its_turn_within_its_jitter() -> None:
    machine, limits = Machine(), limiter()

    async def run(latest: float) -> float:
        await Permission(limits, "home", "system", latest)("192.0.2.1")
        return asyncio.get_running_loop().time()

    async def scene() -> list[float]:
        return await asyncio.gather(*(run(1_000.0 + 20.5) for _ in range(6)))

    assert machine.run(scene()) == pytest.approx([1_000.0] * 4 + [1_010.0, 1_020.0])


@pytest.mark.parametrize("latest", [1_000.0, 1_009.0, 0.0])
def test_a_run_that_would_wait_longer_is_skipped_at_once(latest: float) -> None:
    machine, limits = Machine(), limiter()
    for _ in range(4):
        limits.reserve(("home", "192.0.2.1"), TARGET, 0.0, 1_000.0)

    async def scene() -> float:
        with pytest.raises(Skipped) as skipped:
            await Permission(limits, "home", "system", latest)("192.0.2.1")
        assert skipped.value.reason == "budget"
        return asyncio.get_running_loop().time()

    assert machine.run(scene()) == 1_000.0


def test_own_addresses_have_the_rate_of_their_owner() -> None:
    machine, limits = Machine(), limiter(own)

    async def scene() -> float:
        permit = Permission(limits, "home", "system", 1_000.0)
        for _ in range(200):
            await permit("127.0.0.1")
        with pytest.raises(Skipped):
            await permit("127.0.0.1")
        return asyncio.get_running_loop().time()

    assert machine.run(scene()) == 1_000.0
