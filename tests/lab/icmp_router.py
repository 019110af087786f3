"""A client and a router in network namespaces; what the router answers depends on the address that is asked for.

`with routed() as inside: sock = inside(lambda: socket.socket(...))`: the socket stays in the client's namespace.
Addresses behind the router: 10.77.0.1 host unreachable, .2 administratively prohibited, .3 port unreachable, .4 net
unreachable, .5 silence; 10.66.0.9 is a neighbour that does not exist; there is no route to 10.99.0.1.
"""

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
ROUTER = "10.66.0.2"
CLIENT = "10.66.0.1"
HOST, PROHIBITED, PORT, NET, SILENT = (f"10.77.0.{n}" for n in (1, 2, 3, 4, 5))
NEIGHBOUR, NO_ROUTE = "10.66.0.9", "10.99.0.1"
RULES = """
table ip lies {
  chain forward {
    type filter hook forward priority 0
    ip daddr 10.77.0.1 reject with icmp type host-unreachable
    ip daddr 10.77.0.2 reject with icmp type admin-prohibited
    ip daddr 10.77.0.3 reject with icmp type port-unreachable
    ip daddr 10.77.0.4 reject with icmp type net-unreachable
    ip daddr 10.77.0.5 drop
  }
}
"""


def _ip(text: str) -> None:
    subprocess.run(["ip", *text.split()], check=True, capture_output=True)


def _build(client: str, router: str) -> None:
    for name in (client, router):
        _ip(f"netns add {name}")
        _ip(f"-n {name} link set lo up")
    _ip(f"-n {client} link add out type veth peer name in netns {router}")
    for name, link, address in ((client, "out", CLIENT), (router, "in", ROUTER)):
        _ip(f"-n {name} address add {address}/24 dev {link}")
        _ip(f"-n {name} link set {link} up")
    _ip(f"-n {client} route add 10.77.0.0/24 via {ROUTER}")
    _ip(f"-n {router} route add 10.77.0.0/24 dev in")
    sysctl = {"forward": (router, "net.ipv4.ip_forward=1"), "rate": (router, "net.ipv4.icmp_ratelimit=0")}
    sysctl["patience"] = (client, "net.ipv4.neigh.out.retrans_time_ms=50")
    for name, setting in sysctl.values():
        _ip(f"netns exec {name} sysctl -qw {setting}")
    subprocess.run(["ip", "netns", "exec", router, "nft", "-f", "-"], input=RULES.encode(), check=True)


@contextmanager
def routed() -> Iterator[Callable[[Callable[[], T]], T]]:
    """Yields a function that calls another one inside the client's namespace, in a thread of its own."""
    client, router = f"reachd-c{os.getpid()}", f"reachd-r{os.getpid()}"
    try:
        _build(client, router)
        yield lambda act: _inside(client, act)
    finally:
        for name in (client, router):
            with suppress(subprocess.CalledProcessError):
                _ip(f"netns delete {name}")


def _inside(name: str, act: Callable[[], T]) -> T:
    """Only the thread that calls setns moves; it ends, so nothing has to move back."""
    result: list[T] = []

    def enter() -> None:
        descriptor = os.open(Path("/run/netns") / name, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)
        result.append(act())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return result[0]
