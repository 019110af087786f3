"""What an answer is worth."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.clock import SystemClock
from probes.failure import Fault
from probes.record import Answer, Kind, rewritten
from probes.run import Run, World
from probes.steps.dns_verdict import RCODES, usable
from tests.lab.dns_runs import BLOCKPAGE, TRUE, Here, attempt


def judged(answer: Answer, kind: str = "A") -> tuple[tuple[str, ...] | Kind, dict[str, str]]:
    """What is usable of an answer, or what is wrong with it; and what was noted."""
    run = Run(attempt("system"), Here(), World(SystemClock()))
    said: Any
    try:
        said = usable(run, answer, kind)
    except Fault as fault:
        said = fault.kind
    return said, run.seen.get("extra", {})


def test_addresses_are_usable() -> None:
    assert judged(Answer(0.0, "NOERROR", addresses=(TRUE,))) == ((TRUE,), {})


def test_records_are_usable_where_they_were_asked_for() -> None:
    answer = Answer(0.0, "NOERROR", data=("a.ns.example.",))
    assert judged(answer, "NS") == (("a.ns.example.",), {})
    assert judged(answer, "A") == (Kind.DNS_NO_ANSWER, {})


@pytest.mark.parametrize(
    ("answer", "kind", "noted"),
    [
        (Answer(0.0, "NOERROR"), Kind.DNS_NO_ANSWER, {}),
        (Answer(0.0, "NXDOMAIN", ("rd", "ra"), authority=1), Kind.DNS_NXDOMAIN, {}),
        (Answer(0.0, "NXDOMAIN", ("aa", "rd"), authority=1), Kind.DNS_NXDOMAIN, {}),
        (Answer(0.0, "NXDOMAIN", ("rd", "ra")), Kind.DNS_NXDOMAIN, {}),
        (Answer(0.0, "NXDOMAIN", ("aa", "rd", "ra")), Kind.DNS_NXDOMAIN, {"dns_rewrite": "aa without soa"}),
        (Answer(0.0, "REFUSED", ("aa",)), Kind.DNS_REFUSED, {}),
        (Answer(0.0, "malformed"), Kind.DNS_MISBEHAVING, {}),
        (Answer(0.0, "NOERROR", addresses=(TRUE, "10.0.0.1")), Kind.DNS_BOGON, {}),
        (Answer(0.0, "NOERROR", addresses=("10.0.0.1", BLOCKPAGE)), Kind.DNS_BOGON, {}),
        (
            Answer(0.0, "NOERROR", addresses=(BLOCKPAGE, "62.33.207.196", "62.33.207.197")),
            Kind.DNS_BLOCKPAGE,
            {"block_page": "an operator in RU (188.186.146), an operator in RU (62.33.207)"},
        ),
    ],
)
def test_what_nobody_should_use(answer: Answer, kind: Kind, noted: dict[str, str]) -> None:
    assert judged(answer) == (kind, noted)


def test_a_block_page_of_the_operators_own_is_none() -> None:
    run = Run(attempt("system"), Here(), World(SystemClock(), owned=lambda address: address == BLOCKPAGE))
    assert usable(run, Answer(0.0, "NOERROR", addresses=(BLOCKPAGE,)), "A") == (BLOCKPAGE,)


@given(st.sampled_from([*RCODES, "FORMERR", "NOTAUTH", "malformed"]), st.sets(st.sampled_from(["aa", "ra", "ad"])))
def test_no_rcode_without_addresses_is_usable(rcode: str, flags: set[str]) -> None:
    answer = Answer(0.0, rcode, tuple(flags))
    kind, noted = judged(answer)
    assert kind is RCODES.get(rcode, Kind.DNS_MISBEHAVING)
    assert ("dns_rewrite" in noted) == rewritten(answer) == (rcode == "NXDOMAIN" and "aa" in flags)


def test_a_sign_is_no_forgery_and_hides_none() -> None:
    """uptime.signal.org says with 127.0.0.1 that all is well."""
    run = Run(attempt("system"), Here(), World(SystemClock(), owned=lambda _: False))
    well, down = "127.0.0.1", "127.0.0.2"
    assert usable(run, Answer(0.0, "NOERROR", addresses=(down,)), "A", (well, down)) == (down,)
    for lie in ("127.0.0.3", "10.0.0.1", BLOCKPAGE):
        with pytest.raises(Fault):
            usable(run, Answer(0.0, "NOERROR", addresses=(lie, well)), "A", (well, down))
    with pytest.raises(Fault):
        usable(run, Answer(0.0, "NOERROR", addresses=(well,)), "A")
