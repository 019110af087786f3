"""The quic probe against a true server and liars: what is told apart."""

import socket
from contextlib import closing

import pytest

from probes.record import Kind, Phase
from tests.lab import udp_servers as udp
from tests.lab.certificates import chain_hash
from tests.lab.runs import measure, outcome


@pytest.mark.parametrize("trust", ["lab", "observe"])
async def test_a_true_server(trust: str) -> None:
    """The facts of a good handshake."""
    async with udp.quic() as target:
        record = await measure("quic", target, trust=trust)
    assert outcome(record) is None, record
    assert (record.facts.tls, record.facts.alpn) == ("TLSv1.3", "h3")
    assert record.facts.chain == chain_hash("good")
    assert (record.facts.cipher or "").startswith("TLS_")
    assert record.facts.extra["quic_version"] == "0x1"


@pytest.mark.parametrize(
    ("certificate", "kind"),
    [
        ("expired", Kind.TLS_CERTIFICATE),
        ("not_yet", Kind.TLS_CERTIFICATE),
        ("wrong_host", Kind.TLS_HOSTNAME),
        ("unknown_issuer", Kind.TLS_AUTHORITY),
    ],
)
async def test_a_wrong_certificate(certificate: str, kind: Kind) -> None:
    """It is refused under the words of TLS, and its chain is kept."""
    async with udp.quic(certificate) as target:
        record = await measure("quic", target)
    assert outcome(record) == (Phase.QUIC, kind), record
    assert record.facts.chain == chain_hash(certificate)


async def test_an_alert_of_the_server_is_a_fact() -> None:
    """No protocol in common: the server closes with a TLS alert."""
    async with udp.quic(alpn="other") as target:
        record = await measure("quic", target)
    assert outcome(record) == (Phase.QUIC, Kind.TLS_FAILED), record
    assert record.facts.alert is not None


async def test_no_version_in_common() -> None:
    """The server knows QUIC, and none of ours."""
    async with udp.answering(udp.versions) as target:
        record = await measure("quic", target)
    assert outcome(record) == (Phase.QUIC, Kind.QUIC_VERSION), record


@pytest.mark.parametrize(("says", "word"), [(udp.only_unknown_versions, "answered"), (udp.silent, "silent")])
async def test_silence_is_told_from_a_filter(says: udp.Say, word: str) -> None:
    """A handshake that is dropped where another first datagram is answered."""
    async with udp.answering(says) as target:
        record = await measure("quic", target, timeout=1.0)
    assert outcome(record) == (Phase.QUIC, Kind.TIMEOUT), record
    assert record.facts.extra["version_negotiation"] == word


async def test_junk_is_passed_over_and_counted() -> None:
    """Anybody can send anything to a port."""
    async with udp.answering(lambda _data, _place: (b"\0junk",)) as target:
        record = await measure("quic", target, timeout=0.6)
    assert outcome(record) == (Phase.QUIC, Kind.TIMEOUT), record
    assert int(record.facts.extra["quic_junk"]) >= 1


async def test_a_closed_port_is_refused() -> None:
    """By an ICMP message."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    record = await measure("quic", f"127.0.0.1:{port}")
    assert outcome(record) == (Phase.QUIC, Kind.REFUSED), record
    assert record.facts.refused_by == "icmp"
