"""The quic probe against a true server and liars: what is told apart."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate
from OpenSSL.crypto import X509

from probes.record import Kind, Phase
from probes.run import perform
from probes.steps.trust import Trusts
from tests.lab import udp_servers as udp
from tests.lab.certificates import authority, chain_hash
from tests.lab.proxied import through
from tests.lab.proxies import HonestSocks, replying
from tests.lab.runs import attempt, direct, measure, outcome, plugin, world
from tests.lab.servers import serve


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


async def test_public_roots_are_found_in_a_folder_by_their_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file of it is read, and another authority is still unknown."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    root = authority().cert_pem.bytes()
    number = X509.from_cryptography(load_pem_x509_certificate(root)).subject_name_hash()
    (tmp_path / f"{number:08x}.0").write_bytes(root)
    own = world(trust=Trusts(lambda _: None))
    async with udp.quic() as good, udp.quic("unknown_issuer") as unknown:
        told = [attempt("quic", target, trust="public") for target in (good, unknown)]
        ends = [outcome(await perform(plugin("quic"), one, direct(), own)) for one in told]
    assert ends == [None, (Phase.QUIC, Kind.TLS_AUTHORITY)]


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


# ---- the other family, and a relay -----------------------------------------------------------------------------------


async def test_over_ipv6() -> None:
    async with udp.quic(host="::1") as target:
        record = await measure("quic", target, family="ipv6")
    assert (outcome(record), record.facts.address, record.facts.alpn) == (None, "::1", "h3")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_through_a_relay(host: str) -> None:
    """UDP ASSOCIATE carries the whole handshake, with the true chain and our own datagrams of full size."""
    proxy = HonestSocks()
    async with udp.quic(host=host) as target, serve(proxy.server, host) as port:
        record = await measure("quic", target, through("socks5", port, host, udp=True))
    assert outcome(record) is None, record
    assert [timing.phase for timing in record.timings] == [Phase.PROXY, Phase.QUIC]
    assert (record.facts.chain, record.facts.alpn) == (chain_hash("good"), "h3")
    assert {place for place, _port, _data in proxy.relayed} == {host}
    assert len(proxy.relayed[0][2]) >= 1200


async def test_through_a_relay_a_name_is_passed_on() -> None:
    proxy = HonestSocks(names={"localhost": "127.0.0.1"})
    async with udp.quic() as target, serve(proxy.server) as port:
        vantage = through("socks5", port, udp=True, remote_names=True)
        record = await measure("quic", target.replace("127.0.0.1", "localhost"), vantage, family="any")
    assert outcome(record) is None, record
    assert {place for place, _port, _data in proxy.relayed} == {"localhost"}


@pytest.mark.parametrize(("says", "word"), [(udp.only_unknown_versions, "answered"), (udp.silent, "silent")])
async def test_a_filter_behind_a_relay_is_told_from_silence_too(says: udp.Say, word: str) -> None:
    async with udp.answering(says) as target, serve(HonestSocks().server) as port:
        record = await measure("quic", target, through("socks5", port, udp=True), timeout=1.0)
    assert outcome(record) == (Phase.QUIC, Kind.TIMEOUT), record
    assert record.facts.extra["version_negotiation"] == word


async def test_a_proxy_that_relays_nothing_is_our_own_fault() -> None:
    async with udp.quic() as target, serve(replying(7)) as port:
        record = await measure("quic", target, through("socks5", port, udp=True))
    assert outcome(record) == (Phase.PROXY, Kind.LOCAL), record
