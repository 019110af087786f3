"""Questions as a stub writes them, and what replies say."""

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Answer
from probes.steps import wire
from tests.lab import dns_servers as lab

NAME = "web.whatsapp.com"
QUERY = wire.with_id(wire.question(NAME, "A"), 0x1234)


def read(lie: lab.Lie, query: bytes = QUERY) -> Answer:
    """What the first message of a lie says."""
    return wire.read(lie(query)[0].data, 0.25, "udp")


def test_a_question_looks_like_that_of_a_stub() -> None:
    message = dns.message.from_wire(QUERY)
    assert message.id == 0x1234
    assert message.edns == -1
    assert dns.flags.to_text(message.flags) == "RD"
    assert [str(rrset) for rrset in message.question] == ["web.whatsapp.com. IN A"]
    assert len(QUERY) == 12 + len(NAME) + 2 + 4


def test_both_types_are_asked_for_by_name() -> None:
    assert wire.question(NAME, "A") != wire.question(NAME, "AAAA")
    assert wire.question("bücher.example", "A") == wire.question("xn--bcher-kva.example", "A")
    assert wire.question("_dns.example.", "A") == wire.question("_dns.example", "A")


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", ".".join(["abcdefgh"] * 40)])
def test_a_name_that_dns_cannot_carry_is_an_error(host: str) -> None:
    with pytest.raises(ValueError, match="no name that DNS can carry"):
        wire.question(host, "A")


def test_a_good_answer() -> None:
    assert read(lab.answer("157.240.205.62", "157.240.205.61", ttl=77)) == Answer(
        0.25, "NOERROR", ("rd", "ra"), ("157.240.205.61", "157.240.205.62"), 77, 0, "udp"
    )


def test_aliases_are_followed_within_the_answer() -> None:
    lie = lab.answer("157.240.205.62", aliases=["mmx-ds.cdn.whatsapp.net", "edge.whatsapp.net"])
    assert read(lie).addresses == ("157.240.205.62",)


def test_an_alias_to_nowhere_is_no_address() -> None:
    answer = read(lab.nodata(aliases=["gone.whatsapp.net"]))
    assert (answer.rcode, answer.addresses, answer.authority) == ("NOERROR", (), 1)


def test_aliases_in_a_circle_end() -> None:
    assert read(lab.answer("1.2.3.4", aliases=[NAME])).addresses == ("1.2.3.4",)
    assert read(lab.answer(aliases=["a.example", "b.example", "a.example", NAME])).addresses == ()


def test_an_address_of_another_name_is_none_of_ours() -> None:
    reply = dns.message.make_response(dns.message.from_wire(QUERY))
    reply.answer.append(dns.rrset.from_text("other.example.", 60, "IN", "A", "6.6.6.6"))
    assert wire.read(reply.to_wire(), 0.0, "udp").addresses == ()


def test_a_question_for_ipv6_takes_no_ipv4_address() -> None:
    six = wire.question(NAME, "AAAA")
    assert read(lab.answer("1.2.3.4", "2a03:2880::1"), six).addresses == ("2a03:2880::1",)


def test_the_flags_that_give_a_rewrite_away() -> None:
    forged, true = read(lab.nxdomain(soa=False, aa=True)), read(lab.nxdomain())
    assert (forged.rcode, forged.flags, forged.authority) == ("NXDOMAIN", ("aa", "rd", "ra"), 0)
    assert (true.rcode, true.flags, true.authority) == ("NXDOMAIN", ("rd", "ra"), 1)


def test_two_answers_that_differ_in_order_only_are_the_same() -> None:
    assert read(lab.answer("1.1.1.1", "9.9.9.9", "10.1.1.1")) == read(lab.answer("10.1.1.1", "9.9.9.9", "1.1.1.1"))
    assert read(lab.answer("10.1.1.1", "9.9.9.9")).addresses == ("9.9.9.9", "10.1.1.1")


def test_junk_behind_the_right_id_is_malformed() -> None:
    assert read(lab.malformed()) == Answer(0.25, wire.MALFORMED, transport="udp")


TAKEN = {
    "a true answer": (lab.answer("1.2.3.4"), None),
    "a denial": (lab.nxdomain(), None),
    "junk under the right id": (lab.malformed(), None),
    "the name in capitals": (lab.in_other_case(lab.answer("1.2.3.4")), None),
    "refused without the question": (lab.rcode("REFUSED", question_kept=False), None),
    "servfail without the question": (lab.rcode("SERVFAIL", question_kept=False), None),
    "another id": (lab.with_wrong_id(lab.answer("1.2.3.4")), "wrong_id"),
    "another name": (lab.with_wrong_question(lab.answer("1.2.3.4")), "wrong_question"),
    "nxdomain without the question": (lab.rcode("NXDOMAIN", question_kept=False), "wrong_question"),
    "the question itself": (lab.echo(), "no_reply"),
}


@pytest.mark.parametrize(("lie", "reason"), TAKEN.values(), ids=TAKEN)
def test_what_a_stub_takes_for_a_reply(lie: lab.Lie, reason: str | None) -> None:
    assert wire.foreign(QUERY, lie(QUERY)[0].data) == reason


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for reply in (data, QUERY[:2] + data, QUERY[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + QUERY[12:] + data):
        assert wire.foreign(QUERY, reply) in {None, "wrong_id", "no_reply", "wrong_question"}
        assert isinstance(wire.read(reply, 0.0, "udp"), Answer)


@given(st.integers(0, 255), st.integers(0))
def test_a_damaged_answer_never_breaks_the_reader(byte: int, place: int) -> None:
    data = bytearray(lab.answer("1.2.3.4", aliases=["a.example"])(QUERY)[0].data)
    data[place % len(data)] = byte
    answer = wire.read(bytes(data), 0.0, "udp")
    assert answer.rcode == wire.MALFORMED or answer.transport == "udp"


@given(st.integers(0, 0xFFFF))
def test_an_id_changes_nothing_else(number: int) -> None:
    query = wire.with_id(QUERY, number)
    assert int.from_bytes(query[:2], "big") == number
    assert query[2:] == QUERY[2:]
    assert (wire.foreign(query, lab.answer("1.2.3.4")(QUERY)[0].data) is None) == (number == 0x1234)


EDNS = wire.with_id(wire.question(NAME, "A", True), 0x1234)


def test_a_question_with_edns_offers_what_passes_every_path() -> None:
    message = dns.message.from_wire(EDNS)
    assert (message.edns, message.payload, message.options) == (0, 1232, ())
    assert [str(rrset) for rrset in message.question] == ["web.whatsapp.com. IN A"]


@pytest.mark.parametrize(("lie", "reason"), TAKEN.values(), ids=TAKEN)
def test_edns_changes_nothing_in_what_is_taken_for_a_reply(lie: lab.Lie, reason: str | None) -> None:
    assert wire.foreign(EDNS, lie(QUERY)[0].data) == reason


def test_records_of_another_type_are_text_in_order_and_bounded() -> None:
    query = wire.question(NAME, "TXT")
    answer = read(lab.records("TXT", *(f'"{number:02} {"x" * 250}"' for number in range(30))), query)
    assert len(answer.data) == 16
    assert answer.data[0].startswith('"00 xxx')
    assert {len(text) for text in answer.data} == {200}
    assert answer.addresses == ()


def test_answers_contradict_each_other_by_what_they_say() -> None:
    one, other, denial = read(lab.answer("1.1.1.1")), read(lab.answer("9.9.9.9")), read(lab.nxdomain())
    assert wire.contradict(one, other)
    assert wire.contradict(one, denial)
    assert not wire.contradict(one, read(lab.answer("1.1.1.1", ttl=7)))
    assert not wire.contradict(read(lab.truncated()), one)


@given(st.sampled_from(["NS", "HTTPS", "TXT", "A"]), st.integers(0, 255), st.integers(0))
def test_damaged_records_never_break_the_reader(kind: str, byte: int, place: int) -> None:
    texts = {"NS": "a.example.", "HTTPS": '1 . alpn="h2"', "TXT": '"text"', "A": "1.2.3.4"}
    data = bytearray(lab.records(kind, texts[kind])(wire.question(NAME, kind))[0].data)
    data[place % len(data)] = byte
    assert isinstance(wire.read(bytes(data), 0.0, "udp"), Answer)
