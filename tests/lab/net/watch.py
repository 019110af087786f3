"""The lab as a real daemon watches it: its configuration, and what its journal says so far."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from daemon.rows import Event, Row
from probes.record import Purpose, Record, Series
from tests.lab.certificates import authority
from tests.lab.daemons import Running
from tests.lab.net.addresses import ISP, ZONE, all_addresses
from tests.lab.net.lab import Lab
from tests.lab.net.papers import public
from tests.lab.net.targets import LINES

WATCHED = Path(__file__).with_name("watched")
"""The service files: every 2 s, as no service of others may be measured."""
FLASH = "1s"
VANTAGE = """
[vantages.{name}]
type = "netns"
netns = "{space}"
resolver = "{resolver}"
country = "{country}"
asn = {asn}
consent = "the lab"
"""
OWN = """
[detect]
flash = "{flash}"

[[limits]]
addresses = {addresses}
every = "0.01s"
burst = 1000
consent = "the lab"
"""


def configure(folder: Path, lab: Lab, more: str = "") -> Path:
    """Write reachd.toml, its services and the lab's authority into a folder; `more` are further sections."""
    names = sorted(path.name for path in WATCHED.glob("*.toml"))
    for name in names:
        shutil.copy(WATCHED / name, folder)
    (folder / "authority.pem").write_bytes(public(authority()))
    services = ", ".join(f'"./{name}"' for name in names)
    vantages = "".join(
        VANTAGE.format(
            name=name, space=lab.wires.of(name), resolver=ISP[name], country=place.country, asn=place.asn or 0
        )
        for name, place in LINES.items()
    )
    own = OWN.format(flash=FLASH, addresses=sorted({*all_addresses(), *ZONE}))
    path = folder / "reachd.toml"
    path.write_text(f'services = [{services}]\njournal = "journal.db"\n{vantages}{more}{own}')
    return path


def slots_of(rows: Iterable[Row]) -> dict[Series, list[Record]]:
    """The records of slots by series, in the order in which they came."""
    found: dict[Series, list[Record]] = {}
    for row in rows:
        if isinstance(row.body, Record) and row.body.purpose is Purpose.SLOT:
            found.setdefault(row.body.series, []).append(row.body)
    return found


def measured(daemon: Running, times: int, since: int = 0) -> bool:
    """Whether every planned series has so many records that began after a moment (microseconds)."""
    plans = [row.body for row in daemon.rows("plan")]
    if not plans:
        return False
    found = slots_of(daemon.rows("record"))
    planned = [one.series for one in plans[-1].assignments]
    return all(sum(it.began > since for it in found.get(series, ())) >= times for series in planned)


def events_of(daemon: Running) -> list[Event]:
    """The last revision of each event, in the order in which they were heard of first."""
    revisions = [row.body for row in daemon.rows("event")]
    return list({event.id: event for event in revisions if isinstance(event, Event)}.values())
