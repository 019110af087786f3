"""The machine itself."""

import socket

import pytest
from pydantic import ValidationError

from probes.plugin import VANTAGES
from probes.vantages.direct import Direct, DirectVantage
from tests.lab.runs import plugin
from tests.lab.spaces import inside, three_spaces


def test_it_is_found_under_its_name() -> None:
    found = plugin("direct", VANTAGES)
    assert found.options is Direct
    assert isinstance(found.function(Direct()), DirectVantage)


def test_it_has_no_options() -> None:
    with pytest.raises(ValidationError, match="address"):
        Direct.model_validate({"address": "192.0.2.1"})


def test_it_alone_may_ask_the_machines_resolver() -> None:
    assert "system_dns" in DirectVantage.carries


def test_ipv4_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a route its records are local faults, not silence."""

    def none(*_: object) -> socket.socket:
        raise OSError("no sockets today")

    vantage = DirectVantage()
    monkeypatch.setattr(vantage, "open", none)
    assert vantage.families() == {"ipv4"}


@pytest.mark.netns
def test_ipv6_is_there_with_a_route_to_the_world() -> None:
    with three_spaces() as spaces:
        assert inside(spaces.client, DirectVantage().families) == {"ipv4", "ipv6"}
        assert inside(spaces.router, DirectVantage().families) == {"ipv4"}, "addresses, but no way out"
