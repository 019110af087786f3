"""The lab held open for measuring by hand: `python -m tests.lab.net.by_hand [SCENARIO]` (root)."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.lab.certificates import authority
from tests.lab.net.addresses import ISP, all_addresses
from tests.lab.net.lab import Lab, lab
from tests.lab.net.papers import public
from tests.lab.net.process import say
from tests.lab.net.scenario import NORMAL, SCENARIOS, Stage, hold, let_go, read
from tests.lab.net.targets import LINES, SIDES, TARGETS, Target

REACHD = Path(sys.executable).with_name("reachd")
AUTHORITY = "authority.pem"
USUAL = next(one for one in TARGETS if one.name == "whatsapp/web"), "ru1"
"""What to look closer at where nothing fails that a command line can say."""


def main() -> None:
    """Hold each stage until Enter; Ctrl-C and the end of the input clean up."""
    stages = wanted(sys.argv[1]) if len(sys.argv) > 1 else (NORMAL,)
    try:
        with lab() as made, configured() as folder:
            _hold_each(made, folder, stages)
    except KeyboardInterrupt:
        say("")


def wanted(name: str) -> tuple[Stage, ...]:
    """The stages of a scenario. Exits where there is none of the name."""
    path = SCENARIOS / f"{name}.toml"
    if not path.exists():
        sys.exit(f"no scenario {name}; there are {' '.join(sorted(one.stem for one in SCENARIOS.glob('*.toml')))}")
    return read(path).stages


def _hold_each(made: Lab, folder: Path, stages: tuple[Stage, ...]) -> None:
    for number, stage in enumerate(stages, 1):
        hold(made, stage)
        say(screen(made, folder, stages, number))
        if not sys.stdin.readline():
            return
        let_go(made, stage)


def screen(made: Lab, folder: Path, stages: tuple[Stage, ...], number: int) -> str:
    """All that is said of a stage, counted from 1."""
    stage = stages[number - 1]
    after = f"stage {number + 1}" if number < len(stages) else "the end"
    last = f"Enter: {after}; Ctrl-C or the end of the input: clean up"
    return "\n".join((f"stage {number} of {len(stages)}", *told(stage), *commands(made, folder, stage), last))


def told(stage: Stage) -> Iterator[str]:
    """What is done to the network now, and what must come of it."""
    yield from (f"  censor: {json.dumps(rule)}" for rule in stage.rules)
    yield from (f"  world: {word} {json.dumps(what)}" for word, what in stage.world.items())
    yield from (f"  the line of {place} is down" for place in stage.lines_down)
    yield f"  to be concluded: {'; '.join(stage.must.events) or 'nothing'}"


def commands(made: Lab, folder: Path, stage: Stage) -> Iterator[str]:
    """What to type: the services that a stage touches from each line, and a closer look at one of its failures."""
    failing = [where for where, came in stage.must.outcomes.items() if came != "ok"]
    services = dict.fromkeys(name.partition("/")[0] for name, _place in failing)
    for place in LINES:
        yield command(made, folder, place, *(services or ["whatsapp"]))
    looked = ((one, place) for one in TARGETS for place in LINES if (one.name, place) in failing and one.probe != "dns")
    one, place = next(looked, USUAL)
    yield command(made, folder, place, "--diagnose", "--probe", one.probe, one.target)


def command(made: Lab, folder: Path, place: str, *words: str) -> str:
    """`reachd probe` from a line; what names no trust of its own, as DNS over TLS, trusts the lab's authority too."""
    trusting = f"env SSL_CERT_FILE={folder / AUTHORITY}"
    program = f"{REACHD} probe --config {folder / place}.toml"
    return " ".join(("ip netns exec", made.wires.of(place), trusting, program, *words))


# ---- configuration ---------------------------------------------------------------------------------------------------


@contextmanager
def configured() -> Iterator[Path]:
    """A folder with a configuration for each line, the services of the lab, and its authority."""
    with TemporaryDirectory(prefix="reachd-lab-") as name:
        folder = Path(name)
        (folder / AUTHORITY).write_bytes(public(authority()))
        for service in SIDES:
            (folder / f"service-{service}.toml").write_text("\n".join((*_service(service), "")))
        for place in LINES:
            (folder / f"{place}.toml").write_text("\n".join((*_main(place), "")))
        yield folder


def _main(place: str) -> Iterator[str]:
    """A line is measured from inside its namespace, so its vantage is a direct one."""
    where = LINES[place]
    yield from _keys({"services": [f"./service-{service}.toml" for service in SIDES]})
    yield f"[vantages.{place}]"
    yield from _keys({"type": "direct", "resolver": ISP[place], "country": where.country, "asn": where.asn})
    yield from _keys({"consent": "the lab"})
    yield "[[limits]]"
    yield from _keys({"addresses": all_addresses(), "every": "0.01s", "burst": 1000, "consent": "the lab"})


def _service(service: str) -> Iterator[str]:
    yield from _keys({"name": service, "title": service, "side": SIDES[service]})
    for one in TARGETS:
        if one.name.startswith(f"{service}/"):
            yield "[[endpoints]]"
            yield from _keys(_endpoint(one))


def _endpoint(one: Target) -> dict[str, Any]:
    """As in a service file: the lab's roles are names here, but for dns, which is named by whom it asks."""
    keys = {"role": "site", "probe": one.probe, "target": one.target, "every": "1m", "timeout": "2s"}
    named = {} if one.probe == "dns" else {"name": one.name, "families": [one.family]}
    trusting = {"trust": AUTHORITY} if "trust" in one.options else {}
    return {**keys, **named, **one.options, **trusting}


def _keys(table: Mapping[str, Any]) -> Iterable[str]:
    """TOML writes texts, numbers, truths and arrays as JSON does."""
    return (f"{key} = {json.dumps(value)}" for key, value in table.items())


if __name__ == "__main__":
    main()
