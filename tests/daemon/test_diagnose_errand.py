"""A closer look that a person asks for: controls first, a filter is not set off for nothing, and no journal."""

from pathlib import Path

import pytest

from daemon.diagnose_errand import diagnose
from daemon.errand import wanted
from daemon.limits import Limiter
from daemon.planned import Prepared, prepare
from probes.clock import SystemClock
from probes.diagnosis import Arm, Diagnosis, Finding
from probes.record import Kind, Purpose, Record
from probes.run import Skipped
from tests.lab.daemons import write_config
from tests.lab.filters import filtered
from tests.lab.servers import closed_port, good_tls, reset_after_hello, serve

ENDPOINT = """
[[endpoints]]
role = "site"
probe = "tls"
target = "{target}"
trust = "observe"
every = "60s"
timeout = "2s"
families = ["ipv4"]
"""


def service(name: str, side: str, *targets: str) -> str:
    top = f'name = "{name}"\ntitle = "{name}"\nside = "{side}"\n'
    return top + "".join(ENDPOINT.format(target=target) for target in targets)


def prepared(folder: Path, target: str, *controls: str) -> Prepared:
    services = {"lab": service("lab", "foreign", target)}
    if controls:
        services["clear"] = service("clear", "control", *controls)
    return prepare(write_config(folder, services))


async def looked(now: Prepared, *words: str) -> list[Record | None]:
    return [found async for found in diagnose(now, wanted(now, words or ("lab",), None, None), SystemClock(), 0.01)]


async def one(now: Prepared) -> Diagnosis:
    (record,) = await looked(now)
    assert record
    assert record.facts.diagnosis
    return record.facts.diagnosis


async def test_a_filter_on_a_name_is_proved_with_a_control_that_is_well_now(tmp_path: Path) -> None:
    async with filtered(b"localhost") as target, filtered(b"localhost") as control:
        found = await one(prepared(tmp_path, f"localhost:{target}", f"127.0.0.1:{control}"))
    assert found.finding is Finding.SNI
    assert [cell.begin for cell in found.cells] == sorted(cell.begin for cell in found.cells)


async def test_the_record_is_manual_and_says_what_it_was_due_to(tmp_path: Path) -> None:
    async with serve(reset_after_hello) as target, serve(good_tls) as control:
        (record,) = await looked(prepared(tmp_path, f"localhost:{target}", f"127.0.0.1:{control}"))
    assert record
    assert (record.purpose, record.due == record.began, record.series.service) == (Purpose.MANUAL, True, "lab")
    assert record.failure
    assert record.failure.kind is Kind.RESET


async def test_what_answers_is_not_compared_with_anything(tmp_path: Path) -> None:
    async with serve(good_tls) as target, serve(good_tls) as control:
        found = await one(prepared(tmp_path, f"localhost:{target}", f"127.0.0.1:{control}"))
    assert (found.finding, [cell.arm for cell in found.cells]) == (Finding.WELL, [Arm.ORIGINAL])


@pytest.mark.parametrize("controls", [(), (f"127.0.0.1:{closed_port()}",)])
async def test_without_a_control_that_is_well_nothing_is_found(tmp_path: Path, controls: tuple[str, ...]) -> None:
    async with serve(reset_after_hello) as target:
        found = await one(prepared(tmp_path, f"localhost:{target}", *controls))
    assert (found.finding, [cell.arm for cell in found.cells]) == (Finding.NOTHING_FOUND, [Arm.ORIGINAL])


async def test_a_target_that_no_service_describes(tmp_path: Path) -> None:
    async with serve(good_tls) as control:
        now = prepared(tmp_path, "127.0.0.1:9", f"127.0.0.1:{control}")
        (record,) = await looked(now, f"127.0.0.1:{closed_port()}")
    assert record
    assert record.series.service == "manual"
    assert record.facts.diagnosis
    assert record.facts.diagnosis.finding is Finding.NOTHING_FOUND


async def test_what_finds_no_room_in_the_limits_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> float:
        raise Skipped("budget")

    monkeypatch.setattr(Limiter, "reserve", full)
    assert await looked(prepared(tmp_path, "127.0.0.1:9")) == [None]
