"""Who asks on our behalf is a network, never an address: it may be the vantage's own."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.clock import SystemClock
from probes.record import Answer
from probes.run import Run, World
from probes.steps.dns_identity import identity, mask, network_of
from tests.lab.dns_runs import Here, attempt


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (("193.232.128.77",), "193.232.128.0/24"),
        (('"74.125.47.1"',), "74.125.47.0/24"),
        (("2a03:2880:f24d:c2::35",), "2a03:2880:f24d::/48"),
        (("1.2.3.4", "1.2.3.5"), "1.2.3.0/24"),
        (('"edns0-client-subnet 203.0.113.0/24"', '"1.2.3.4"'), "1.2.3.0/24"),
        (tuple(f"{number}.2.3.4" for number in range(1, 30)), "1.2.3.0/24 2.2.3.0/24 3.2.3.0/24 4.2.3.0/24"),
        (("nothing", ""), ""),
        ((), ""),
    ],
)
def test_networks_are_named(said: tuple[str, ...], named: str) -> None:
    assert identity(said) == named


@given(st.ip_addresses())
def test_the_network_holds_the_address_and_forgets_it(address) -> None:
    network = network_of(str(address))
    assert network is not None
    assert ip_address(address) in ip_network(network)
    assert ip_network(network).prefixlen == (24 if address.version == 4 else 48)


@given(st.text(max_size=40))
def test_any_text_is_a_network_or_nothing(text: str) -> None:
    network = network_of(text)
    assert network is None or ip_network(network).prefixlen in {24, 48}


def test_nothing_of_an_address_is_left_in_a_run() -> None:
    run = Run(attempt("system"), Here(), World(SystemClock()))
    answers = (
        Answer(0.1, "NOERROR", addresses=("9.8.7.6", "9.8.7.5")),
        Answer(0.2, "NOERROR", data=('"9.8.7.6"', '"x 9.8.7.6"')),
    )
    run.note(address="9.8.7.6", addresses=("9.8.7.6",), answers=answers)
    mask(run)
    assert run.seen["address"] is None
    assert run.seen["addresses"] == ("9.8.7.0/24",)
    assert [(one.addresses, one.data) for one in run.seen["answers"]] == [(("9.8.7.0/24",), ()), ((), ("9.8.7.0/24",))]
    assert [one.arrival for one in run.seen["answers"]] == [0.1, 0.2]


def test_a_run_that_saw_nothing_has_nothing_to_mask() -> None:
    run = Run(attempt("system"), Here(), World(SystemClock()))
    mask(run)
    assert run.seen == {"address": None}
