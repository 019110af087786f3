"""Rows of every kind for tests of the journal: any that hypothesis can think of, and realistic ones in number."""

import random
from collections.abc import Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from daemon.rows import (
    Annotation,
    Body,
    Change,
    ClockStep,
    Delivery,
    Direction,
    Event,
    Gap,
    Health,
    Heartbeat,
    Place,
    Planned,
    PlanRow,
    Scope,
    State,
)
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.record import Answer, Facts, Failure, Kind, Phase, Purpose, Record, Series, TcpInfo, Timing

SECOND = 1_000_000

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
short = st.sampled_from(["", "a", "web", "tls/1", "whatsapp", "ж", "x" * 40])
moments = st.integers(0, 4_000_000_000 * SECOND)
floats = st.one_of(st.floats(0, 300), st.floats(0, 1e6), st.floats(-10, 10), st.just(0.0))
spans = floats.map(lambda span: span + 0.0)  # no -0.0, which no clock gives and no integer keeps
counts = st.one_of(st.integers(0, 100_000), st.integers(0, 2**62))
finite = st.floats(allow_nan=False, allow_infinity=False)
tuples = st.lists(texts, max_size=3).map(tuple)
series = st.builds(Series, *[short] * 6)
answers = st.builds(
    Answer, spans, short, tuples, tuples, st.none() | st.integers(0, 2**31 - 1), st.integers(0, 30), short
)
cells = st.builds(
    Cell,
    st.sampled_from(Arm),
    spans,
    spans,
    texts,
    texts,
    st.integers(0, 65535),
    short,
    short,
    short,
    st.none() | st.integers(0, 255),
    st.none() | counts,
)
diagnoses = st.builds(Diagnosis, st.sampled_from(Finding), st.lists(cells, max_size=8).map(tuple))
facts = st.builds(
    Facts,
    address=st.none() | texts,
    addresses=tuples,
    resolver=st.none() | short,
    answers=st.lists(answers, max_size=3).map(tuple),
    refused_by=st.none() | st.sampled_from(["rst", "icmp"]),
    icmp_from=st.none() | texts,
    alert=st.none() | st.integers(0, 255),
    verify=st.none() | st.integers(0, 100),
    tls=st.none() | short,
    cipher=st.none() | short,
    alpn=st.none() | short,
    chain=st.none() | texts,
    trust=st.none() | short,
    status=st.none() | st.integers(100, 599),
    location=st.none() | st.text(max_size=30),
    server=st.none() | texts,
    body=st.none() | texts,
    first_byte=st.none() | spans,
    bytes_in=st.none() | counts,
    bytes_out=st.none() | counts,
    tcp=st.none() | st.builds(TcpInfo, *[counts] * 7),
    loop_lag=st.none() | spans,
    diagnosis=st.none() | diagnoses,
    extra=st.dictionaries(texts, texts, max_size=2),
)
failures = st.builds(Failure, st.sampled_from(Phase), st.sampled_from(Kind), texts)
timings = st.lists(st.builds(Timing, st.sampled_from(Phase), spans, spans), max_size=5).map(tuple)
records: SearchStrategy[Record] = st.builds(
    Record,
    series=series,
    due=moments | moments.map(lambda moment: moment // SECOND * SECOND),
    began=moments,
    seconds=spans,
    timings=timings,
    failure=st.none() | failures,
    facts=facts,
    purpose=st.sampled_from(Purpose),
    of=st.none() | texts,
    attempt=st.integers(1, 9),
    agent=short,
    config=short,
    version=short,
)
plans = st.builds(
    PlanRow,
    short,
    st.dictionaries(texts, st.builds(Place, short, st.none() | st.integers(0, 2**32)), max_size=3),
    st.dictionaries(texts, short, max_size=3),
    st.lists(st.builds(Planned, series, st.integers(1, 9999), st.integers(0, 9999), finite, short), max_size=3).map(
        tuple
    ),
    tuples,
    finite,
)
scopes = st.builds(Scope, tuples, tuples, st.lists(st.integers(0, 2**32), max_size=3).map(tuple), tuples)
events = st.builds(
    Event,
    id=short,
    revision=st.integers(1, 99),
    at=moments,
    state=short,
    kind=short,
    service=st.none() | short,
    roles=tuples,
    mechanism=short,
    mechanisms=st.dictionaries(texts, texts, max_size=2),
    scope=scopes,
    onset=st.tuples(moments, moments),
    detected=moments,
    reopened=st.none() | moments,
    ended=st.none() | moments,
    confidence=finite,
    evidence=tuples,
    comparators=st.dictionaries(texts, texts, max_size=2),
    summary=texts,
    against=texts,
)
others: SearchStrategy[Body] = st.one_of(
    plans,
    st.builds(Heartbeat, short, st.none() | st.booleans(), tuples, finite),
    st.builds(ClockStep, finite),
    st.builds(Gap, series, moments, moments, st.integers(1, 9999), short),
    st.builds(Change, series, moments, st.sampled_from(Direction), short, short, moments, moments, finite, tuples),
    events,
    st.builds(State, short, short, st.integers(0, 3), finite, finite, finite),
    st.builds(Health, st.dictionaries(texts, finite, max_size=20)),
    st.builds(Annotation, texts, texts),
    st.builds(
        Delivery, short, short, st.integers(1, 99), short, short, st.integers(1, 99), short, st.integers(0, 599), texts
    ),
)

SERVICES = ("whatsapp", "telegram", "signal", "max", "vk", "controls")
SERVERS = ("nginx", "proxygen-bolt", "gws", None)


def realistic(number: int, begin: int, probe: str = "tls", *, seed: int = 7) -> Iterator[Record]:
    """Good records as a daemon of 60 series writes them, one every 140 ms; DNS gives two of six addresses."""
    chance = random.Random(seed)
    for index in range(number):
        place = index % 60
        service, vantage = SERVICES[place % 6], f"ru{place // 6 % 3 + 1}"
        due = begin // SECOND * SECOND + index * 140_000 // SECOND * SECOND
        yield _good(chance, Series(service, "web", f"{service}.example:443", probe, vantage, "ipv4"), due)


def _good(chance: random.Random, series: Series, due: int) -> Record:
    phases = [Phase.DNS, Phase.TCP, Phase.TLS] + ([Phase.HTTP] if series.probe == "http" else [])
    timings, begin = [], 0.0
    for phase in phases:
        spent = chance.uniform(0.004, 0.09)
        timings.append(Timing(phase, begin, spent))
        begin += spent + chance.uniform(0, 0.0002)
    return Record(
        series,
        due,
        due + chance.randrange(12_000_000),
        begin,
        tuple(timings),
        None,
        _facts_of(chance, series, begin),
        config="9f31c2",
        version=f"{series.probe}/1",
    )


def _facts_of(chance: random.Random, series: Series, seconds: float) -> Facts:
    found = tuple(sorted(chance.sample([f"157.240.205.{last}" for last in range(60, 66)], 2)))
    answer = Answer(chance.uniform(0.004, 0.09), "NOERROR", ("qr", "rd", "ra"), found, chance.randrange(300))
    page = {"status": 200, "server": chance.choice(SERVERS), "body": f"{chance.getrandbits(80):020x}"}
    return Facts(
        address=chance.choice(found),
        addresses=found,
        resolver="195.208.4.1",
        answers=(answer,),
        tls="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        alpn="http/1.1",
        chain=f"CHAIN{series.service}{chance.randrange(3)}",
        trust="public",
        first_byte=seconds - 0.001,
        bytes_in=chance.randrange(3_000, 250_000),
        bytes_out=chance.randrange(500, 900),
        tcp=TcpInfo(
            chance.randrange(8_000, 120_000), chance.randrange(2), 0, 700, chance.randrange(3_000, 250_000), 9, 12
        ),
        loop_lag=chance.uniform(0, 0.001),
        **(page if series.probe == "http" else {}),  # type: ignore[arg-type]
    )
