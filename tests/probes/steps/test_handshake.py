"""Each way in which a handshake fails has its own name."""

from ssl import TLSVersion

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.record import Kind, Phase
from probes.steps.handshake import handshake
from tests.lab import servers
from tests.lab.certificates import chain_hash
from tests.lab.runs import check, detail, measure, outcome, target_of, tcp, within_last_phase
from tests.lab.scripted import Scripted, Twisted, run_step

TLS = Phase.TLS


# ---- what happens on the wire ----------------------------------------------------------------------------------------


async def test_reset() -> None:
    await check(servers.reset_after_hello, (TLS, Kind.RESET), bytes_in=0, first_byte=None)


async def test_fin() -> None:
    await check(servers.fin_after_hello, (TLS, Kind.EOF), first_byte=None)


async def test_fin_without_having_read() -> None:
    await check(servers.fin_on_accept, (TLS, Kind.EOF))


async def test_close_at_once_is_a_race_between_fin_and_rst() -> None:
    """notes/field.md 2.2: our hello may meet a socket that is gone."""
    async with servers.serve(servers.close_on_accept) as port:
        record = await measure("tls", target_of(servers.close_on_accept, port))
    assert outcome(record) in {(TLS, Kind.EOF), (TLS, Kind.RESET)}


async def test_silence() -> None:
    record = await check(servers.silent_after_hello, (TLS, Kind.TIMEOUT), bytes_in=0)
    assert tcp(record).unacked == 0, "the far end's kernel acknowledged the hello"
    assert (record.facts.bytes_out or 0) > 200


async def test_half_a_record_then_reset() -> None:
    await check(servers.half_a_record_then_reset, (TLS, Kind.RESET), bytes_in=7)


async def test_half_a_record_then_fin() -> None:
    await check(servers.half_a_record_then_fin, (TLS, Kind.EOF), bytes_in=7)


async def test_half_a_record_then_silence() -> None:
    record = await check(servers.half_a_record_then_silence, (TLS, Kind.TIMEOUT), bytes_in=7)
    assert record.facts.first_byte


@pytest.mark.parametrize("size", [4_096, 16_384])
async def test_freeze_shows_the_bytes_that_arrived(size: int) -> None:
    """The 16 KB trap of notes/field.md 2.2: TLS hands out nothing of an unfinished record, the kernel counts it."""
    await check(servers.freezing(size), (TLS, Kind.TIMEOUT), bytes_in=size, chain=None)


# ---- what the far end says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0x28, 0x46, 0x50, 0x73, 0x78])
async def test_alert(number: int) -> None:
    await check(servers.alerting(number), (TLS, Kind.TLS_FAILED), alert=number)


async def test_alert_that_says_the_name_is_unknown() -> None:
    await check(servers.alerting(112), (TLS, Kind.TLS_HOSTNAME), alert=112)


async def test_alert_that_no_rfc_knows() -> None:
    await check(servers.alerting(233), (TLS, Kind.TLS_FAILED), alert=233)


async def test_alert_counts_before_the_reset_that_follows() -> None:
    await check(servers.alerting(40, then_reset=True), (TLS, Kind.TLS_FAILED), alert=40)


async def test_goodbye_instead_of_a_handshake() -> None:
    await check(servers.alerting(0, level=1), (TLS, Kind.EOF), alert=None)


async def test_page() -> None:
    record = await check(servers.page_instead_of_hello, (TLS, Kind.TLS_JUNK))
    assert detail(record).startswith("HTTP/1.1 403 Forbidden")


async def test_junk_shorter_than_a_record_header() -> None:
    await check(servers.a_few_letters, (TLS, Kind.TLS_JUNK))


async def test_junk_that_begins_like_a_record() -> None:
    await check(servers.noise_instead_of_hello, (TLS, Kind.TLS_JUNK))


async def test_record_with_nonsense_in_it() -> None:
    await check(servers.nonsense_in_a_record, (TLS, Kind.TLS_FAILED), alert=None)


# ---- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certificate", "kind", "code"),
    [
        ("self_signed", Kind.TLS_AUTHORITY, 18),
        ("unknown_root", Kind.TLS_AUTHORITY, 19),
        ("unknown_issuer", Kind.TLS_AUTHORITY, 20),
        ("expired", Kind.TLS_CERTIFICATE, 10),
        ("not_yet", Kind.TLS_CERTIFICATE, 9),
        ("wrong_host", Kind.TLS_HOSTNAME, 64),
    ],
)
async def test_certificate_fault_still_tells_the_chain(certificate: str, kind: Kind, code: int) -> None:
    await check(servers.showing(certificate), (TLS, kind), verify=code, chain=chain_hash(certificate), trust="lab")


async def test_name_that_the_certificate_does_not_hold() -> None:
    async with servers.serve(servers.showing("wrong_host")) as port:
        record = await measure("tls", f"localhost:{port}")
    assert (outcome(record), record.facts.verify) == ((TLS, Kind.TLS_HOSTNAME), 62)


@pytest.mark.parametrize("certificate", ["self_signed", "unknown_root", "expired", "wrong_host"])
async def test_observing_accepts_anything_and_tells_the_chain(certificate: str) -> None:
    server = servers.showing(certificate)
    await check(server, options={"trust": "observe"}, verify=None, chain=chain_hash(certificate), trust="observe")


@pytest.mark.parametrize(("how", "kind"), [("reset", Kind.RESET), ("fin", Kind.EOF), ("silence", Kind.TIMEOUT)])
async def test_break_after_the_certificate_still_tells_the_chain(how: str, kind: Kind) -> None:
    await check(servers.breaking_after_certificate(how=how), (TLS, kind), chain=chain_hash("good"), tls=None)


# ---- a good one ------------------------------------------------------------------------------------------------------


async def test_good() -> None:
    record = await check(servers.good_tls, tls="TLSv1.3", alpn="http/1.1", chain=chain_hash("good"), alert=None)
    assert (record.facts.cipher or "").startswith("TLS_")
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS]
    assert within_last_phase(record)


async def test_good_with_tls_1_2() -> None:
    await check(servers.good_tls12, tls="TLSv1.2", chain=chain_hash("good"))


async def test_good_with_an_intermediate() -> None:
    await check(servers.showing("intermediate"), chain=chain_hash("intermediate"))


async def test_no_protocols_offered() -> None:
    await check(servers.good_tls, options={"alpn": ()}, alpn=None)


async def test_trust_set_that_does_not_exist_is_a_bug() -> None:
    with pytest.raises(ValueError, match="'nobody'"):
        await check(servers.good_tls, options={"trust": "nobody"})


# ---- whatever comes --------------------------------------------------------------------------------------------------

NAMED = {Kind.EOF, Kind.TLS_JUNK, Kind.TLS_FAILED, Kind.TLS_HOSTNAME, Kind.TLS_AUTHORITY, Kind.TLS_CERTIFICATE}


@given(
    st.lists(st.binary(max_size=80), max_size=5),
    st.sampled_from([b"", b"\x16\x03\x03\x00\x20", b"\x15\x03\x03\x00\x02"]),
)
def test_no_bytes_are_more_than_a_failure(chunks: list[bytes], begin: bytes) -> None:
    record = run_step(lambda run: handshake(run, Scripted([begin, *chunks]), "web.whatsapp.com", "lab"))
    assert record.failure
    assert record.failure.phase is TLS
    assert record.failure.kind in NAMED


@settings(deadline=None)
@given(st.integers(0, 1_500), st.integers(1, 255), st.sampled_from([TLSVersion.TLSv1_2, TLSVersion.TLSv1_3]))
def test_no_twisted_byte_is_more_than_a_failure(at: int, by: int, version: TLSVersion) -> None:
    """A TLS 1.2 server whose flight is not understood waits for ever; here that is an end."""
    record = run_step(lambda run: handshake(run, Twisted(at, by, version), "web.whatsapp.com", "lab"))
    assert record.failure is None or record.failure.kind in NAMED
