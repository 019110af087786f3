"""A closer look, from the slot that fails to the record that says why: on loopback, and in the censored internet."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.plan import Assignment, Plan
from daemon.diagnose_words import sentence
from daemon.limits import Limiter, Rate
from daemon.rows import Body, Event
from daemon.runner import Runner, Surroundings
from daemon.schedule import Slot
from probes.clock import SystemClock
from probes.diagnosis import Arm, Diagnosis, Finding
from probes.plugin import Vantage
from probes.record import Kind, Phase, Purpose, Record
from probes.run import Instead, perform
from probes.vantages.netns import NamespaceVantage
from tests.lab import dns_servers
from tests.lab import udp_servers as udp
from tests.lab.certificates import lab_trusts
from tests.lab.daemons import started, write_config
from tests.lab.diagnosing import assignment, plan_of
from tests.lab.filters import filtered
from tests.lab.net.addresses import ISP
from tests.lab.net.lab import Lab, lab
from tests.lab.net.targets import TIMEOUT
from tests.lab.runs import attempt, direct, outcome, plugin, world
from tests.lab.servers import closed_port, good_tls, reset_after_hello, serve

DUE = 1_770_840_000_000_000
PATIENCE = 120.0
"""Seconds after which a test gives up."""


@dataclass
class Scene:
    """A runner, and the rows that it wrote."""

    runner: Runner
    rows: list[Body] = field(default_factory=list)
    number: int = 0

    async def slot(self, item: Assignment) -> Record:
        """Run one slot to its record."""
        self.number += 1
        before = len(self.records(Purpose.SLOT))
        loop = asyncio.get_running_loop()
        self.runner.start(Slot(item, self.number, DUE + self.number * 1_000_000, 0.0, loop.time()))
        await self.until(lambda: len(self.records(Purpose.SLOT)) > before)
        return self.records(Purpose.SLOT)[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110  the runner has no event for what a test waits for
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Nothing that gives evidence is under way."""
        await self.until(lambda: not self.runner.repeats)

    def records(self, purpose: Purpose) -> list[Record]:
        return [row for row in self.rows if isinstance(row, Record) and row.purpose is purpose]

    async def diagnosed(self, control: Assignment, target: Assignment) -> Record:
        """The control is well, the target fails: what the closer look says."""
        assert (await self.slot(control)).failure is None
        assert (await self.slot(target)).failure is not None
        await self.settled()
        (found,) = self.records(Purpose.DIAGNOSE)
        return found


@asynccontextmanager
async def running(plan: Plan, vantage: Vantage | None = None, *, limited: bool = False) -> AsyncIterator[Scene]:
    """A runner with one vantage; unless `limited`, all addresses are the operator's own."""
    rows: list[Body] = []
    limiter = Limiter(lambda _address: None if limited else Rate(0.001, 10_000))
    around = Surroundings(SystemClock(), limiter, lambda _address: True, lab_trusts(), rows.append)
    async with asyncio.TaskGroup() as group:
        runner = Runner(around, group, {"here": vantage or direct()})
        runner.diagnoses.keep(plan)
        yield Scene(runner, rows)
        await runner.stop()


def diagnosis(record: Record) -> Diagnosis:
    assert record.facts.diagnosis, record
    return record.facts.diagnosis


async def looked(target: str, control: str, probe: str = "tls") -> Record:
    """The closer look at a target, beside a control."""
    well, failing = assignment("controls", "tls", control), assignment("whatsapp", probe, target)
    async with running(plan_of(well, failing)) as scene:
        return await scene.diagnosed(well, failing)


# ---- on loopback -----------------------------------------------------------------------------------------------------


async def test_a_filter_on_the_name_is_proved() -> None:
    async with filtered(b"localhost") as target, filtered(b"localhost") as control:
        record = await looked(f"localhost:{target}", f"127.0.0.1:{control}")
    assert diagnosis(record).finding is Finding.SNI
    assert "when the name localhost is in the hello, whatever the address" in sentence(diagnosis(record))


async def test_the_record_is_evidence_about_the_slot_and_no_measurement() -> None:
    async with filtered(b"localhost") as target, serve(good_tls) as control:
        well, failing = (
            assignment("controls", "tls", f"127.0.0.1:{control}"),
            assignment("whatsapp", "tls", f"localhost:{target}"),
        )
        async with running(plan_of(well, failing)) as scene:
            record = await scene.diagnosed(well, failing)
            (slot,) = [one for one in scene.records(Purpose.SLOT) if one.failure]
            assert (record.series, record.due, record.of) == (slot.series, slot.due, slot.id)
            assert (record.config, record.version) == (slot.config, slot.version)
            assert scene.runner.counts["diagnosed"] == 1
    assert record.failure is not None
    assert record.seconds < 60


async def test_a_name_that_passes_elsewhere_may_be_the_servers_own_doing() -> None:
    async with filtered(b"localhost") as target, serve(good_tls) as control:
        record = await looked(f"localhost:{target}", f"127.0.0.1:{control}")
    assert diagnosis(record).finding is Finding.SNI_AND_ADDRESS


async def test_a_server_that_resets_everybody_is_found_by_its_address() -> None:
    async with serve(reset_after_hello) as target, serve(good_tls) as control:
        record = await looked(f"localhost:{target}", f"127.0.0.1:{control}")
    assert diagnosis(record).finding is Finding.ADDRESS


async def test_a_server_that_is_down_proves_nothing() -> None:
    async with serve(good_tls) as control:
        record = await looked(f"localhost:{closed_port()}", f"127.0.0.1:{control}")
    assert diagnosis(record).finding is Finding.NOTHING_FOUND
    assert [cell.arm for cell in diagnosis(record).cells] == [Arm.CONTROL, Arm.ORIGINAL, Arm.ORIGINAL]


@pytest.mark.long
async def test_quic_that_is_silent_at_one_address_only() -> None:
    async with udp.answering(udp.silent) as target, udp.quic() as control:
        port = target.rpartition(":")[2]
        well = assignment("controls", "quic", control, trust="observe")
        failing = assignment("whatsapp", "quic", f"localhost:{port}", trust="observe")
        async with running(plan_of(well, failing)) as scene:
            record = await scene.diagnosed(well, failing)
    assert diagnosis(record).finding is Finding.ADDRESS
    assert {cell.name for cell in diagnosis(record).cells} == {"localhost", "example.com"}


async def test_a_stop_breaks_a_look_off_and_writes_nothing_of_it() -> None:
    async with filtered(b"localhost") as target, serve(good_tls) as control:
        well, failing = (
            assignment("controls", "tls", f"127.0.0.1:{control}"),
            assignment("whatsapp", "tls", f"localhost:{target}"),
        )
        async with running(plan_of(well, failing)) as scene:
            await scene.slot(well)
            await scene.slot(failing)
            await scene.until(lambda: bool(scene.runner.diagnoses.busy))
            await scene.runner.stop()
            assert not scene.runner.diagnoses.busy
        assert scene.records(Purpose.DIAGNOSE) == []


ENDPOINT = """
[[endpoints]]
role = "web"
probe = "tls"
target = "{target}"
trust = "observe"
every = "1s"
timeout = "0.9s"
families = ["ipv4"]
"""


def service_of(name: str, side: str, target: str) -> str:
    return f'name = "{name}"\ntitle = "{name}"\nside = "{side}"\n' + ENDPOINT.format(target=target)


@pytest.mark.long
async def test_a_daemon_that_looks_from_one_country_calls_a_proved_filter_a_block(tmp_path: Path) -> None:
    async with filtered(b"localhost") as target, filtered(b"localhost") as control:
        services = {
            "lab": service_of("lab", "foreign", f"localhost:{target}"),
            "clear": service_of("clear", "control", f"127.0.0.1:{control}"),
        }
        config = write_config(tmp_path, services, '\n[detect]\nflash = "2s"\n')
        config.write_text(config.read_text().replace('"::1"]', '"::1", "localhost"]'))
        with started(config, folder=tmp_path) as daemon:

            def told() -> list[tuple[str, str]]:
                events = [row.body for row in daemon.rows("event") if isinstance(row.body, Event)]
                return [(event.kind, event.mechanism) for event in events]

            async with asyncio.timeout(PATIENCE):
                while ("block", "tls.reset.sni") not in told():
                    assert daemon.process.poll() is None, daemon.said()
                    await asyncio.sleep(0.2)
            looks = [row.body for row in daemon.rows("record") if isinstance(row.body, Record)]
            assert daemon.stop()[0] == 0
    assert {kind for kind, _mechanism in told()} <= {"unreachable", "block"}
    (look,) = [record for record in looks if record.purpose is Purpose.DIAGNOSE]
    assert diagnosis(look).finding is Finding.SNI


# ---- one thing is otherwise ------------------------------------------------------------------------------------------


async def instead(probe: str, target: str, **changes: Any) -> Record:
    """Measure a target once, with something otherwise."""
    one = replace(attempt(probe, target), instead=Instead(**changes))
    return await perform(plugin(probe), one, direct(), world())


async def test_another_address_and_port_are_gone_to_and_the_name_is_not_asked_for() -> None:
    async with serve(good_tls) as port:
        record = await instead("tls", "no-such-name.invalid:9", address="127.0.0.1", port=port)
    assert outcome(record) == (Phase.TLS, Kind.TLS_HOSTNAME)
    assert (record.facts.address, record.facts.resolver) == ("127.0.0.1", None)
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS]


@pytest.mark.parametrize(("name", "came"), [("localhost", (Phase.TLS, Kind.RESET)), ("127.0.0.1", None)])
async def test_another_name_is_shown(name: str, came: Any) -> None:
    async with filtered(b"localhost") as port:
        assert outcome(await instead("tls", f"127.0.0.1:{port}", name=name)) == came


async def test_another_resolver_is_asked() -> None:
    async with dns_servers.lying_resolver(dns_servers.answer("157.240.205.60")) as other:
        record = await instead("dns", "web.whatsapp.com", resolver=str(other))
    assert (outcome(record), record.facts.address) == (None, "157.240.205.60")


# ---- in the censored internet ----------------------------------------------------------------------------------------

WEB, MEDIA, CHAT = "web.whatsapp.com:443", "mmg.whatsapp.net:443", "g.whatsapp.net:5222"
TWO = {"moved": {"web.whatsapp.com": ["157.240.205.60", "157.240.205.70"]}}
"""A name with two addresses; the first slot of a test goes to the second of them."""


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    """One lab for all of them; each leaves it as it was."""
    with lab() as one:
        yield one


def at(place: str, item: Assignment) -> Assignment:
    """The same, asking the resolver of a vantage of the lab, within its short deadline."""
    return replace(item, resolver=ISP[place], timeout=TIMEOUT)


@asynccontextmanager
async def censored(
    made: Lab, rules: list[dict], world: dict, *others: Assignment, limited: bool = False
) -> AsyncIterator[tuple[Scene, Lab]]:
    """A runner in the namespace of a vantage; the rules hold once the controls have answered."""
    vantage = NamespaceVantage(made.wires.of("ru1"))
    names = ("example.com:443", "www.wikipedia.org:443")
    controls = [at("ru1", assignment("controls", "tls", name)) for name in names]
    made.world.tell(world)
    try:
        async with running(plan_of(*controls, *others), vantage, limited=limited) as scene:
            for control in controls:
                assert (await scene.slot(control)).failure is None
            made.censor.tell(rules)
            yield scene, made
    finally:
        made.censor.tell([])
        made.world.tell({})


async def found(made: Lab, rules: list[dict], *items: Assignment, world: dict | None = None) -> Diagnosis:
    """What the closer look at the first of these says while rules hold."""
    async with censored(made, rules, world or {}, *items) as (scene, _made):
        first = await scene.slot(items[0])
        assert first.failure is not None
        assert first.failure.kind is not Kind.LOCAL, first
        await scene.settled()
        (record,) = scene.records(Purpose.DIAGNOSE)
        assert record.seconds < 60
        return diagnosis(record)


def lab_series(probe: str, target: str, **options: Any) -> Assignment:
    return at("ru1", assignment("whatsapp", probe, target, **options))


IN_LAB: list[Any] = [
    ("sni reset", [{"sni": "*.whatsapp.*", "action": "reset", "both": True}], {}, Finding.SNI),
    ("sni drop", [{"sni": "*.whatsapp.*", "action": "drop"}], {}, Finding.SNI),
    ("sni alert", [{"sni": "*.whatsapp.*", "action": "alert", "alert": 112}], {}, Finding.SNI),
    ("sni of one address", [{"to": "157.240.205.60/31", "sni": "*", "action": "reset"}], {}, Finding.ADDRESS),
    (
        "name at its address",
        [{"to": "157.240.205.60/31", "sni": "*.whatsapp.*", "action": "reset"}],
        {},
        Finding.SNI_AND_ADDRESS,
    ),
    ("stays", [{"sni": "*.whatsapp.*", "action": "reset", "both": True, "remember": 30.0}], {}, Finding.RESIDUAL),
    ("nobody listens", [], {"down": ["web.whatsapp.com"]}, Finding.NOTHING_FOUND),
    ("server dead", [], {"dead": ["web.whatsapp.com"]}, Finding.ADDRESS),
]


@pytest.mark.long
@pytest.mark.netns
@pytest.mark.parametrize(("rules", "world", "expected"), [one[1:] for one in IN_LAB], ids=[one[0] for one in IN_LAB])
async def test_what_is_done_to_a_hello_is_found(made: Lab, rules: list, world: dict, expected: Finding) -> None:
    seen = await found(made, rules, lab_series("tls", WEB), world=world)
    assert seen.finding is expected, sentence(seen)


@pytest.mark.long
@pytest.mark.netns
async def test_an_address_that_is_dropped_is_found_where_the_name_has_another(made: Lab) -> None:
    rules = [{"to": "157.240.205.70/32", "action": "drop"}]
    seen = await found(made, rules, lab_series("tcp", WEB), world=TWO)
    assert seen.finding is Finding.ADDRESS
    assert "another address (157.240.205.60:443) answers" in sentence(seen)


@pytest.mark.long
@pytest.mark.netns
async def test_a_port_that_is_dropped_is_told_from_its_address(made: Lab) -> None:
    beside = lab_series("tcp", "g.whatsapp.net:443")
    port = [{"to": "157.240.205.62/32", "port": 5222, "action": "drop"}]
    assert (await found(made, port, lab_series("tcp", CHAT), beside)).finding is Finding.PORT
    whole = [{"to": "157.240.205.62/32", "action": "drop"}]
    assert (await found(made, whole, lab_series("tcp", CHAT), beside)).finding is Finding.EVERYTHING


@pytest.mark.long
@pytest.mark.netns
async def test_a_resolver_that_denies_is_told_from_one_whose_answers_are_rewritten(made: Lab) -> None:
    own, google = lab_series("dns", "web.whatsapp.com"), lab_series("dns", "web.whatsapp.com", resolvers=("8.8.8.8",))
    lies = {"lies": {ISP["ru1"]: {"*.whatsapp.com": "nxdomain"}}}
    assert (await found(made, [], own, google, world=lies)).finding is Finding.RESOLVER
    rewrite = [{"name": "*.whatsapp.com", "to": "8.8.8.8/32", "protocol": "udp", "action": "inject_dns", "aa": True}]
    assert (await found(made, rewrite, google)).finding is Finding.TRANSPORT


@pytest.mark.long
@pytest.mark.netns
async def test_a_line_that_is_down_says_nothing_of_the_target(made: Lab) -> None:
    seen = await found(made, [{"action": "drop", "protocol": "tcp"}], lab_series("tls", WEB))
    assert seen.finding is Finding.LOCAL


@pytest.mark.long
@pytest.mark.netns
async def test_our_own_rate_sets_off_no_limit_of_a_server(made: Lab) -> None:
    """A server that lets one client in four times in ten seconds stays well: with the real limits, we are no more."""
    target = replace(lab_series("tls", WEB), every=60)
    world = {"rate": {"*.whatsapp.com": 4, "example.com": 4, "www.wikipedia.org": 4}}
    rules = [{"sni": "*.whatsapp.*", "action": "reset", "both": True}]
    async with censored(made, rules, world, target, limited=True) as (scene, _made):
        await scene.slot(target)
        await scene.settled()
        (record,) = scene.records(Purpose.DIAGNOSE)
    assert diagnosis(record).finding is Finding.SNI, sentence(diagnosis(record))
    assert record.seconds < 60
