"""Frames of the lab: what is forged is parsed back the same, and what is read in them is what a client wrote."""

import ssl
from typing import Any

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.net.packets import (
    ACK,
    PSH,
    SYN,
    TCP,
    UDP,
    Packet,
    answer_to,
    checksum,
    datagram_back,
    dns_answer,
    hello_name,
    is_quic,
    is_stun,
    onward,
    parse,
    question,
)
from tests.lab.net.quic_initial import quic_name
from tests.lab.net.rules import Flow, apply, key_of, rules_of

MACS = (b"\x02" * 6, b"\x04" * 6)
ENDS = st.sampled_from([("10.78.1.2", "157.240.205.60"), ("2a0c:78:1::2", "2a03:2880::60")])
QUESTION = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3Web\x08whatsapp\3com\0\0\1\0\1"


def packet(ends: tuple[str, str] = ("10.78.1.2", "157.240.205.60"), payload: bytes = b"", **more: int) -> Packet:
    given_values: dict[str, Any] = {"protocol": TCP, "sport": 40_000, "dport": 443, **more}
    return Packet(MACS, *ends, payload=payload, **given_values)


def client_hello(name: str) -> bytes:
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(into, out, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise AssertionError("shook hands with nobody")


@given(ENDS, st.binary(max_size=1_300), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_an_answer_fits_the_connection(ends: tuple[str, str], payload: bytes, seq: int, ack: int) -> None:
    asked = packet(ends, b"x" * 10, seq=seq, ack=ack, flags=ACK)
    back = parse(answer_to(asked, PSH | ACK, payload))
    assert back
    assert (back.source, back.target, back.sport, back.dport) == (ends[1], ends[0], 443, 40_000)
    assert (back.seq, back.ack, back.payload) == (ack, (seq + 10) % 2**32, payload)
    assert back.macs == (MACS[1], MACS[0])


@given(st.binary(max_size=400))
def test_headers_and_segments_sum_to_zero(payload: bytes) -> None:
    frame = answer_to(packet(flags=ACK, seq=1, ack=2), PSH | ACK, payload)
    assert checksum(frame[14:34]) == 0
    body = frame[34:]
    assert checksum(frame[26:34] + bytes([0, TCP]) + len(body).to_bytes(2) + body) == 0


@given(ENDS, st.binary(max_size=600))
def test_a_datagram_goes_back(ends: tuple[str, str], payload: bytes) -> None:
    back = parse(datagram_back(packet(ends, protocol=UDP, dport=53), payload))
    assert back
    assert (back.protocol, back.sport, back.dport, back.payload) == (UDP, 53, 40_000, payload)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parsers(data: bytes) -> None:
    parse(data)
    parse(b"\0" * 12 + b"\x08\x00" + data)
    parse(b"\0" * 12 + b"\x86\xdd" + data)
    hello_name(b"\x16\x03\x01" + len(data).to_bytes(2) + data)
    assert question(data) != ""
    assert not (is_stun(data) and is_quic(data))


@given(st.integers(1, 1_000))
def test_the_name_of_a_hello_that_is_split_is_read_once_it_is_whole(cut: int) -> None:
    hello = client_hello("web.whatsapp.com")
    cut %= len(hello)
    assert hello_name(hello[:cut]) is None
    assert hello_name(hello) == "web.whatsapp.com"
    records = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in (hello[5:105], hello[105:]))
    assert hello_name(records) == "web.whatsapp.com"


def test_a_question_and_its_forged_answers() -> None:
    assert question(QUESTION) == "web.whatsapp.com"
    denied = dns_answer(QUESTION, None, authoritative=True)
    assert denied[2:4] == b"\x85\x83"
    assert denied[8:12] == b"\0\0\0\0"
    assert dns_answer(QUESTION, "10.0.0.1").endswith(b"\0\4\x0a\0\0\1")


def test_a_hello_in_two_segments_is_matched_by_its_second() -> None:
    hello, flow = client_hello("web.whatsapp.com"), Flow(start=100)
    rules = rules_of([{"sni": "*.whatsapp.com", "action": "reset", "both": True}])
    first, second = (packet(payload=part, seq=at, flags=ACK) for part, at in ((hello[:90], 101), (hello[90:], 191)))
    verdicts = []
    for one in (first, second, second):
        flow.take(one, outward=True)
        frame = onward(one, ACK)
        verdicts.append(apply(rules, flow, key_of("ru1", one, outward=True), one, frame, outward=True, now=0.0))
    assert [one.passes for one in verdicts] == [True, False, False]
    assert [len(one.back) + len(one.onward) for one in verdicts] == [0, 2, 0]


def test_what_is_remembered_is_dropped_for_so_many_seconds() -> None:
    rules = rules_of([{"begins": "5741", "action": "drop", "remember": 60}])
    noise, innocent = packet(payload=b"WA\6\3", flags=ACK, seq=1), packet(sport=40_001, flags=SYN)

    def passes(one: Packet, now: float) -> bool:
        flow = Flow()
        flow.take(one, outward=True)
        return apply(rules, flow, key_of("ru1", one, outward=True), one, b"", outward=True, now=now).passes

    assert [passes(innocent, 0), passes(noise, 1), passes(innocent, 2), passes(innocent, 62)] == [
        True,
        False,
        False,
        True,
    ]


def first_flight(name: str) -> bytes:
    """What a true client of QUIC sends first."""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name=name))
    client.connect(("192.0.2.1", 443), now=0.0)
    (datagram, _place), *_more = client.datagrams_to_send(now=0.0)
    return datagram


def test_the_name_in_an_initial_is_read_through_its_encryption() -> None:
    assert quic_name(first_flight("web.whatsapp.com")) == "web.whatsapp.com"
    assert b"whatsapp" not in first_flight("web.whatsapp.com")


@given(st.binary(max_size=80), st.integers(0, 250))
def test_what_is_no_whole_initial_has_no_name(junk: bytes, cut: int) -> None:
    assert quic_name(junk) is None
    assert quic_name(first_flight("web.whatsapp.com")[:cut]) is None
