"""Is this machine fit to measure: one look per function, each with what to do where it is not."""

import ctypes
import ctypes.util
import errno
import resource
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from probes.plugin import Vantage

OURS = ("daemon", "probes", "config")
"""Our import packages; their names are plain, so another distribution might own one too."""
FILES = 4_096
"""Open files that a thousand series with slow targets may need."""
UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of adjtimex(2)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: `good`, `bad`, or `unknown` where nobody can tell here; the remedy is empty where it is good."""

    name: str
    verdict: str
    what: str
    remedy: str = ""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2): only the head is read, the tail is room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("tail", ctypes.c_byte * 256),
    )


def clock() -> Finding:
    """Does the kernel say that the clock is kept by a time service?"""
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    timex = _Timex()
    if not hasattr(library, "adjtimex") or library.adjtimex(ctypes.byref(timex)) < 0:
        return Finding("clock", "unknown", "the system does not say whether its clock is synchronised")
    if timex.status & UNSYNCHRONISED:
        remedy = "run a time service (systemd-timesyncd, chrony): events of several places are compared by their times"
        return Finding("clock", "bad", "nothing keeps the clock of this machine right", remedy)
    return Finding("clock", "good", f"synchronised, error at most {timex.maxerror / 1e3:.0f} ms")


def families(vantages: Mapping[str, Vantage]) -> Iterable[Finding]:
    """Which address families each vantage has now."""
    for name, vantage in vantages.items():
        found = sorted(vantage.families())
        try:
            vantage.open(socket.AF_INET if "ipv4" in found else socket.AF_INET6, socket.SOCK_STREAM).close()
        except OSError as fault:
            remedy = "look at the address, interface or namespace of this vantage in the configuration"
            if fault.errno == errno.EPERM:
                remedy = "run with CAP_SYS_ADMIN, which entering a namespace needs (AmbientCapabilities= in the unit)"
            yield Finding(f"vantage {name}", "bad", f"cannot open a socket: {fault.strerror or fault}", remedy)
            continue
        missing = "" if {"ipv6", "any"} & set(found) else "; no route to IPv6, so no IPv6 series are planned here"
        yield Finding(f"vantage {name}", "good", f"has {' and '.join(found) or 'no family'}{missing}")


def route() -> Finding:
    """Is there a default route for IPv4? Asking the kernel sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if sock.connect_ex(("192.0.2.1", 9)) == 0:
            return Finding("IPv4", "good", "there is a route")
    return Finding(
        "IPv4", "bad", "there is no route to the internet", "connect this machine; until then all is `local`"
    )


def file_limit() -> Finding:
    """Open files allowed; `run` raises the soft limit to the hard one by itself."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        remedy = f"raise it: ulimit -Hn {FILES}, or LimitNOFILE={FILES} in the unit"
        return Finding("file limit", "bad", f"{hard} open files at most", remedy)
    return Finding("file limit", "good", f"{hard} open files" if hard != resource.RLIM_INFINITY else "unlimited")


def disk(journal: Path, min_free: int) -> Finding:
    """Room for the journal (bytes)."""
    folder = next(path for path in (journal.parent, *journal.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.1f} GB free for {journal}"
    if free < min_free:
        remedy = f"below {min_free / 1e9:.0f} GB the oldest raw rows go early; free space or set journal = elsewhere"
        return Finding("disk", "bad", what, remedy)
    return Finding("disk", "good", what)


def port(host: str, number: int) -> Finding:
    """Can the page be shown where the configuration says? (The page itself comes later.)"""
    name = f"port {host}:{number}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, number))
    except OSError as fault:
        remedy = "stop what listens there (ss -ltnp), or set [web] listen to another port"
        return Finding(name, "bad", f"cannot be listened on: {fault.strerror or fault}", remedy)
    return Finding(name, "good", "is free for the page")


def packages(owners: Mapping[str, list[str]] | None = None) -> Finding:
    """Does another distribution own one of our package names?"""
    found = metadata.packages_distributions() if owners is None else owners
    others = {name: sorted(set(found.get(name, [])) - {"reachd"}) for name in OURS}
    taken = [f"{name} ({', '.join(by)})" for name, by in others.items() if by]
    if taken:
        remedy = "install reachd into an environment of its own: make install, or pipx install ."
        return Finding("packages", "bad", f"also owned by others: {', '.join(taken)}", remedy)
    return Finding("packages", "good", f"{', '.join(OURS)} are ours alone")


LOOKS: tuple[Callable[[], Finding], ...] = (clock, route, file_limit, packages)
"""Looks that need no configuration."""


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one; returns it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
