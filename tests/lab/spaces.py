"""Three network namespaces in a row, client - router - server, for what loopback cannot do: routes, ICMP, filters."""

import asyncio
import ctypes
import errno
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

CLONE_NEWNET = 0x40000000
CLIENT, CLIENT_IPV6 = "10.77.1.2", "fd77:1::2"
ROUTER, ROUTER_IPV6 = "10.77.1.1", "fd77:1::1"
SERVER, SERVER_IPV6 = "10.77.2.2", "fd77:2::2"
NOBODY_NEAR, NOBODY_NEAR_IPV6 = "10.77.1.99", "fd77:1::99"
NOBODY_FAR, NOBODY_FAR_IPV6 = "10.77.2.99", "fd77:2::99"
UNROUTED, UNROUTED_IPV6 = "198.51.100.1", "2001:db8:1::1"
"""Known to the router only by the lack of a route."""


@dataclass(frozen=True, slots=True)
class Spaces:
    """The names of the three namespaces."""

    client: str
    router: str
    server: str

    def filter(self, space: str, hook: str, rule: str) -> None:
        """Replace what a namespace filters at a hook (forward, output) by one rule of nftables."""
        chain = f"type filter hook {hook} priority 0; policy accept;"
        rules = f"flush ruleset\ntable inet lab {{\nchain only {{\n{chain}\n{rule}\n}}\n}}\n"
        _run("ip", "netns", "exec", space, "nft", "-f", "-", text=rules)

    def route(self, space: str, *route: str) -> None:
        """Add a route: `("prohibit", "10.9.0.0/16")`."""
        _run("ip", "-n", space, *(("-6",) if any(":" in word for word in route) else ()), "route", "replace", *route)

    def clear(self) -> None:
        """Take filters away."""
        for space in (self.client, self.router, self.server):
            _run("ip", "netns", "exec", space, "nft", "flush", "ruleset")


@contextmanager
def three_spaces() -> Iterator[Spaces]:
    """Make the namespaces, and remove them whatever happens."""
    spaces = Spaces(*(f"reachd-{os.getpid()}-{part}" for part in ("client", "router", "server")))
    names = (spaces.client, spaces.router, spaces.server)
    try:
        for name in names:
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
            _set(
                name, "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0", "net.ipv6.conf.default.dad_transmits=0"
            )
        _link(spaces.client, spaces.router, "10.77.1", "fd77:1")
        _link(spaces.server, spaces.router, "10.77.2", "fd77:2")
        _set(spaces.router, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for name, device in ((spaces.client, "uplink"), (spaces.router, "to-server")):
            for table in ("arp_cache", "ndisc_cache"):  # a neighbour that is not there: known after 0.6 s, not 3 s
                _run("ip", "-n", name, "ntable", "change", "name", table, "dev", device, "retrans", "200")
        for host, family in ((SERVER, socket.AF_INET), (SERVER_IPV6, socket.AF_INET6)):
            inside(spaces.client, partial(_wait_for_path, host, family))
        yield spaces
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


def inside(space: str, function: Callable[[], Any]) -> Any:
    """Call a function on a thread of its own inside a namespace; sockets that it opens stay there."""
    result: list[Any] = []

    def enter() -> None:
        with Path(f"/run/netns/{space}").open("rb") as place:
            if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET):
                result.append(OSError(ctypes.get_errno(), f"setns {space}"))
                return
        try:
            result.append(function())
        except BaseException as fault:  # noqa: BLE001  handed to the caller
            result.append(fault)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def run_inside(space: str, coroutine: Callable[[], Any]) -> Any:
    """Run a coroutine function in an event loop of its own inside a namespace."""
    return inside(space, lambda: asyncio.run(coroutine()))


def _link(end: str, router: str, net: str, net6: str) -> None:
    near = f"to-{end.rsplit('-', 1)[1]}"
    _run("ip", "-n", router, "link", "add", near, "type", "veth", "peer", "name", "uplink", "netns", end)
    for space, device, host in ((end, "uplink", 2), (router, near, 1)):
        _run("ip", "-n", space, "link", "set", device, "up")
        _run("ip", "-n", space, "address", "add", f"{net}.{host}/24", "dev", device)
        _run("ip", "-n", space, "address", "add", f"{net6}::{host}/64", "dev", device, "nodad")
    _run("ip", "-n", end, "route", "add", "default", "via", f"{net}.1")
    _run("ip", "-n", end, "-6", "route", "add", "default", "via", f"{net6}::1")


def _wait_for_path(host: str, family: socket.AddressFamily) -> None:
    """IPv6 needs a moment after a link comes up: until the far end refuses a connection, there is no path."""
    for _ in range(50):
        with socket.socket(family) as sock:
            sock.settimeout(1.0)
            if sock.connect_ex((host, 9)) == errno.ECONNREFUSED:
                return
    raise AssertionError(f"no path to {host}")


def _set(space: str, *settings: str) -> None:
    _run("ip", "netns", "exec", space, "sysctl", "-q", "-w", *settings)


def _run(*command: str, text: str | None = None) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
