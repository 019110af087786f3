"""The signal probe: who vouches for the certificate, and where on the way down it fails."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from probes.protocols.signal import Signal
from probes.record import Kind, Phase, Record
from probes.run import perform
from probes.steps.trust import Trusts
from tests.lab import servers
from tests.lab.certificates import authority, chain_hash, stranger
from tests.lab.runs import SILENCE, SLOW, Outcome, attempt, detail, direct, measure, outcome, plugin, world
from tests.lab.servers import Server, answering, black_hole, closed_port, secured, serve

PAGE = answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
DOWN = answering(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\ndown")
OUR_OWN, PUBLIC_ROOT = authority, stranger
"""Who stands for Signal's authority, and who for the roots of this machine."""


@pytest.fixture
def trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trusts:
    OUR_OWN().cert_pem.write_to_path(tmp_path / "own.pem")
    PUBLIC_ROOT().cert_pem.write_to_path(tmp_path / "public.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return Trusts(lambda name: tmp_path / f"{name}.pem")


@pytest.fixture
def meet(trusts: Trusts):
    """Measure a server that stands for Signal's."""

    async def met(served: Server, *, timeout: float = SLOW, **options) -> Record:
        options = {"trust": "own", **options}
        async with serve(served) as port:
            told = attempt("signal", f"https://127.0.0.1:{port}/", timeout=timeout, **options)
            return await perform(plugin("signal"), told, direct(), world(trust=trusts))

    return met


def test_what_it_needs_and_says_of_itself() -> None:
    options = Signal(target="https://chat.signal.org/")
    assert options.needs == {"tcp"}
    assert options.contacts() == ("chat.signal.org",)
    both, own = options.trusts()
    assert both == ("signal+public", ("http/1.1",)), "the first is that of the handshake"
    assert own == ("signal", ("http/1.1",))
    assert plugin("signal").options is Signal


@pytest.mark.parametrize("target", ["http://chat.signal.org/", "chat.signal.org:443", "https://u:p@chat.signal.org/"])
def test_targets_that_are_wrong(target: str) -> None:
    with pytest.raises(ValidationError):
        Signal(target=target)


async def test_the_chain_of_the_own_authority(meet) -> None:
    record = await meet(secured(PAGE))
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS, Phase.HTTP]
    assert (record.facts.status, record.facts.trust, record.facts.alpn) == (404, "own+public", "http/1.1")
    assert record.facts.extra["vouched_by"] == "own"
    assert record.facts.chain == chain_hash("good")


async def test_a_move_to_a_public_authority_is_no_failure_and_is_seen(meet) -> None:
    """Else it would read as a block at every vantage on one day."""
    own, moved = await meet(secured(PAGE)), await meet(secured(PAGE, "unknown_issuer"))
    assert outcome(moved) is None
    assert moved.facts.status == 404
    assert (own.facts.extra["vouched_by"], moved.facts.extra["vouched_by"]) == ("own", "public")
    assert moved.facts.chain != own.facts.chain


async def test_where_the_machine_holds_roots_of_others_public_ones_do_not_do(meet) -> None:
    """An employer's or a state's root in the store would make an interceptor's certificate a good one."""
    record = await meet(secured(PAGE, "unknown_issuer"), pinned=True)
    assert outcome(record) == (Phase.TLS, Kind.TLS_AUTHORITY)
    assert detail(record) == "only public roots vouch for it"
    assert record.facts.extra["vouched_by"] == "public"
    assert record.facts.extra["issuer"]
    assert (record.facts.status, record.facts.chain) == (None, chain_hash("unknown_issuer"))
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS]
    assert outcome(await meet(secured(PAGE), pinned=True)) is None


async def test_a_new_authority_of_its_own_and_an_interceptor_are_told_apart_by_what_is_kept(meet) -> None:
    """Each alone is an unknown authority: between vantages the issuer and the hash say which of the two it is."""
    here, there = await meet(secured(PAGE, "rotated")), await meet(secured(PAGE, "rotated"))
    taken = await meet(secured(PAGE, "self_signed"))
    unknown = (Phase.TLS, Kind.TLS_AUTHORITY)
    assert [outcome(record) for record in (here, there, taken)] == [unknown] * 3
    assert here.facts.chain == there.facts.chain == chain_hash("rotated")
    assert here.facts.extra == there.facts.extra
    assert here.facts.extra["issuer"].startswith("Signal Messenger, LLC")
    assert taken.facts.chain == chain_hash("self_signed")
    assert taken.facts.extra == {"issuer": "127.0.0.1"}


@pytest.mark.parametrize(
    ("certificate", "kind"),
    [("expired", Kind.TLS_CERTIFICATE), ("not_yet", Kind.TLS_CERTIFICATE), ("wrong_host", Kind.TLS_HOSTNAME)],
)
async def test_other_faults_of_a_certificate_keep_their_names(meet, certificate: str, kind: Kind) -> None:
    record = await meet(secured(PAGE, certificate))
    assert outcome(record) == (Phase.TLS, kind)
    assert record.facts.extra["issuer"]


@pytest.mark.parametrize(
    ("trust", "certificate", "by"), [("public", "unknown_issuer", "public"), ("observe", "self_signed", None)]
)
async def test_other_sets(meet, trust: str, certificate: str, by: str | None) -> None:
    record = await meet(secured(PAGE, certificate), trust=trust)
    assert (outcome(record), record.facts.trust) == (None, trust)
    assert record.facts.extra.get("vouched_by") == by
    assert record.facts.extra["issuer"]


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (servers.reset_after_hello, (Phase.TLS, Kind.RESET)),
        (servers.fin_after_hello, (Phase.TLS, Kind.EOF)),
        (servers.silent_after_hello, (Phase.TLS, Kind.TIMEOUT)),
        (servers.page_instead_of_hello, (Phase.TLS, Kind.TLS_JUNK)),
        (servers.alerting(112), (Phase.TLS, Kind.TLS_HOSTNAME)),
        (secured(answering(b"", "reset")), (Phase.HTTP, Kind.RESET)),
        (secured(answering(b"")), (Phase.HTTP, Kind.EOF)),
        (secured(answering(b"", "stay")), (Phase.HTTP, Kind.TIMEOUT)),
        (secured(answering(b"SSH-2.0-OpenSSH_9.2\r\n", "stay")), (Phase.HTTP, Kind.HTTP_JUNK)),
        (secured(DOWN), (Phase.HTTP, Kind.HTTP_STATUS)),
    ],
    ids=lambda value: getattr(value, "name", "") if isinstance(value, Server) else "-".join(value),
)
async def test_each_failure_is_of_the_phase_in_which_it_happened(meet, served: Server, expected: Outcome) -> None:
    record = await meet(served, timeout=SILENCE if expected[1] is Kind.TIMEOUT else SLOW)
    assert outcome(record) == expected, record


async def test_failures_before_any_handshake() -> None:
    assert outcome(await measure("signal", f"https://127.0.0.1:{closed_port()}/")) == (Phase.TCP, Kind.REFUSED)
    with black_hole() as port:
        record = await measure("signal", f"https://127.0.0.1:{port}/", timeout=SILENCE)
    assert outcome(record) == (Phase.TCP, Kind.TIMEOUT)
    assert record.facts.trust is None


async def test_without_a_page_the_handshake_is_all(meet) -> None:
    heard = []

    async def behave(conn: servers.Conn) -> None:
        heard.append(await conn.read())

    record = await meet(Server("listening", behave, "signal", "good"), page=False)
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS]
    assert record.facts.extra["vouched_by"] == "own"
    assert heard in ([], [b""]), "nothing is said over it"


async def test_statuses_that_are_expected_are_good_and_others_are_not(meet) -> None:
    assert outcome(await meet(secured(DOWN), expect=(503,))) is None
    assert outcome(await meet(secured(PAGE), expect=(200,))) == (Phase.HTTP, Kind.HTTP_STATUS)
