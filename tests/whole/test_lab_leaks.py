"""What is measured through a proxy is heard of nowhere else, and each vantage sends for itself alone."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial

import pytest

from tests.lab.net.addresses import ISP, PROXY, ZONE
from tests.lab.net.lab import Lab, lab
from tests.lab.net.targets import leaks, measure_all
from tests.lab.spaces import inside

FAR = "far.example.net"


def test_a_name_that_is_measured_by_proxies_may_be_asked_for_by_them_alone() -> None:
    assert leaks([["question", ISP["free"], FAR, PROXY], ["connection", FAR, ZONE[FAR][0], PROXY]]) == []
    assert leaks([["question", ISP["ru1"], FAR, "10.78.1.2"]]) == [f"question about {FAR} came from ru1"]


def test_a_server_that_one_vantage_measures_hears_of_no_other() -> None:
    near = ZONE["near.example.net"][0]
    assert leaks([["connection", "near.example.net", near, "2a0c:78:2::2"]]) == []
    assert leaks([["connection", "near.example.net", near, "10.78.3.2"]]) == [
        "connection about near.example.net came from free"
    ]


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    with lab() as one:
        yield one


@pytest.mark.long
@pytest.mark.netns
def test_nothing_leaks_and_a_leak_is_seen(made: Lab) -> None:
    asyncio.run(measure_all(made))  # raises for a leak
    told = made.world.ask({"told": True})
    assert ["connection", FAR, ZONE[FAR][0], PROXY] in told
    inside(made.wires.ru1, partial(socket.create_connection, (ZONE[FAR][0], 443), 5.0)).close()
    with pytest.raises(AssertionError, match=f"connection about {FAR} came from ru1"):
        asyncio.run(measure_all(made))
