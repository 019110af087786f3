"""Removal from a national root, one resolver's filter and a domain that is gone, told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Kind
from probes.steps.registry_verdict import Whereabouts, whereabouts

NX, SILENT, BOGON = Kind.DNS_NXDOMAIN, Kind.TIMEOUT, Kind.DNS_BOGON


@pytest.mark.parametrize(
    ("national", "siblings", "neutral", "parents", "expected"),
    [
        ([None, None], [None], [None], [None], "known"),
        ([None, SILENT], [None], [None], [], "known"),
        ([Kind.DNS_NO_ANSWER, None], [None], [None], [], "known"),
        ([NX, NX], [None, None], [None], [NX], "removed"),
        ([NX, NX], [None, SILENT], [None, SILENT], [SILENT], "removed"),
        ([NX, SILENT], [None], [None], [NX], "removed"),
        ([NX, SILENT], [None], [None], [], "unclear"),
        ([NX, NX], [NX], [None], [], "unclear"),
        ([NX, NX], [], [None], [NX], "unclear"),
        ([NX, None], [None], [None], [None], "filtered"),
        ([NX, NX], [None], [None], [None], "filtered"),
        ([BOGON, BOGON], [None], [None], [], "filtered"),
        ([NX, NX], [None], [NX, NX], [NX], "gone"),
        ([NX, NX], [None], [SILENT], [NX], "unclear"),
        ([SILENT, SILENT], [None], [None], [], "unclear"),
    ],
)
def test_where_a_name_has_gone(national, siblings, neutral, parents, expected: str) -> None:
    assert whereabouts(national, siblings, neutral, parents) == expected


said = st.lists(st.sampled_from([None, NX, SILENT, BOGON, Kind.DNS_SERVFAIL, Kind.DNS_NO_ANSWER]), max_size=4)


@given(said, said, said, said)
def test_removal_is_never_claimed_of_a_name_that_a_national_resolver_or_the_registry_knows(a, b, c, d) -> None:
    if None in a or None in d or None not in c:
        assert whereabouts(a, b, c, d) is not Whereabouts.REMOVED


@given(said, said, said, said)
def test_the_order_of_servers_says_nothing(a, b, c, d) -> None:
    assert whereabouts(a[::-1], b[::-1], c[::-1], d[::-1]) is whereabouts(a, b, c, d)
