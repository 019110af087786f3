"""The wires of the lab: two censored clients, a free one, and a world, each a network namespace of its own."""

import array
import fcntl
import os
import re
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.spaces import inside

PARTS = ("ru1", "ru2", "free", "mid", "world")
CENSORED = ("ru1", "ru2")
NETWORKS = {"ru1": "10.78.1", "ru2": "10.78.2", "free": "10.78.3"}
"""IPv4 network of a client (its host 2) and the world's near end (host 1); IPv6 is made of the same numbers."""
SIOCETHTOOL = 0x8946
OFFLOADS = (0x15, 0x17, 0x19, 0x1F, 0x25, 0x24, 0x2C)
"""linux/ethtool.h: receive and send checksums, scatter, TSO, flags, GSO, GRO; the censor must see wire frames."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The names of the namespaces."""

    ru1: str
    ru2: str
    free: str
    mid: str
    world: str

    def of(self, part: str) -> str:
        """The namespace of a part."""
        name: str = getattr(self, part)
        return name

    def line(self, part: str, state: str) -> None:
        """Take a client's own line `down`, or `up` with its routes."""
        _run("ip", "-n", self.of(part), "link", "set", "uplink", state)
        if state == "up":
            _routes(self.of(part), part)


@contextmanager
def topology(addresses: Iterable[str] = ()) -> Iterator[Topology]:
    """Make the namespaces, with these server addresses in the world; remove them whatever happens."""
    sweep()
    made = Topology(*(f"reachd-{os.getpid()}-{part}" for part in PARTS))
    try:
        for part in PARTS:
            _space(made.of(part))
        for part in CENSORED:
            _wire(made.of(part), "uplink", made.mid, f"{part}-in")
            _wire(made.world, f"to-{part}", made.mid, f"{part}-out")
        _wire(made.free, "uplink", made.world, "to-free")
        for part in NETWORKS:
            _number(made, part)
        for address in addresses:
            family = ("-6", "128") if ":" in address else ("-4", "32")
            _run("ip", family[0], "-n", made.world, "address", "add", f"{address}/{family[1]}", "dev", "lo")
        yield made
    finally:
        for part in PARTS:
            _delete(made.of(part))


def sweep() -> None:
    """Remove what killed runs left behind: namespaces of ours whose process is gone."""
    for name in sorted(path.name for path in Path("/run/netns").glob("reachd-*")):
        found = re.fullmatch(rf"reachd-(\d+)-({'|'.join(PARTS)})", name)
        if found and not Path(f"/proc/{found[1]}").exists():
            _delete(name)


def _delete(name: str) -> None:
    subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


def _space(name: str) -> None:
    _run("ip", "netns", "add", name)
    _run("ip", "-n", name, "link", "set", "lo", "up")
    calm = ("net.ipv6.conf.default.dad_transmits=0", "net.ipv6.conf.default.accept_ra=0")
    _run("ip", "netns", "exec", name, "sysctl", "-q", "-w", *calm)


def _wire(space: str, device: str, far: str, peer: str) -> None:
    _run("ip", "-n", space, "link", "add", device, "type", "veth", "peer", "name", peer, "netns", far)
    for name, end in ((space, device), (far, peer)):
        _run("ip", "-n", name, "link", "set", end, "up")
        inside(name, partial(_plain_frames, end))


def _plain_frames(device: str) -> None:
    """Turn off-loading off, as `ethtool -K` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP16x", device.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(sock, SIOCETHTOOL, request)
            except OSError as fault:
                if command in {0x1F, 0x24, 0x17}:  # without these the censor would see frames that no wire carries
                    raise AssertionError(f"cannot turn off-loading {command:#x} of {device} off: {fault}") from fault


def _number(made: Topology, part: str) -> None:
    net = NETWORKS[part]
    for space, device, host in ((made.of(part), "uplink", 2), (made.world, f"to-{part}", 1)):
        _run("ip", "-n", space, "address", "add", f"{net}.{host}/24", "dev", device)
        _run("ip", "-n", space, "address", "add", f"{six(net)}::{host}/64", "dev", device, "nodad")
    _routes(made.of(part), part)


def _routes(space: str, part: str) -> None:
    net = NETWORKS[part]
    _run("ip", "-n", space, "route", "replace", "default", "via", f"{net}.1")
    _run("ip", "-n", space, "-6", "address", "replace", f"{six(net)}::2/64", "dev", "uplink", "nodad")
    _run("ip", "-n", space, "-6", "route", "replace", "default", "via", f"{six(net)}::1")


def six(net: str) -> str:
    """Global by its form, so that a machine with it counts as having IPv6: 10.78.1 is 2a0c:78:1."""
    return "2a0c:" + ":".join(net.split(".")[1:])


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
