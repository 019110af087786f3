"""Rules for every test: no network but loopback, a longer leash for long tests, skips that count where they must."""

import ipaddress
import os
import shutil
import socket
from collections.abc import Generator, Iterator
from unittest import mock

import pytest
from hypothesis import settings

# Where nobody looks on (CI), every run tries the same examples: a red run must mean that the change is at fault.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

os.environ.pop("COLUMNS", None)  # set by a shell or by pytest-xdist: commands would break their lines at its width

LONG_TIMEOUT = 900
SETUP = "tests/tools/setup_debian.sh says what to install"
TOOLS = {"netns": ("ip", "nft"), "prometheus": ("prometheus", "promtool"), "browser": ("chromium",)}
"""Marker to the programs without which its tests are skipped."""
_connect_ex = socket.socket.connect_ex
_sendto = socket.socket.sendto


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives markers their meaning."""
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT))
        if item.get_closest_marker("netns"):
            item.add_marker("enable_socket")  # the test's own namespaces have addresses like 10.0.0.1
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="network namespaces need root"))
        missing = [
            tool
            for marker, tools in TOOLS.items()
            if item.get_closest_marker(marker)
            for tool in tools
            if not shutil.which(tool)
        ]
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"{' and '.join(missing)} missing: {SETUP}"))


def _refuse_outside(sock: socket.socket, address: object) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    try:
        inside = ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        inside = address[0] == "localhost"
    if not inside:
        sock.close()  # or the error would be followed by one about a leaked socket
        pytest.fail(f"a test tried to reach {address[0]}: only loopback is allowed (marker netns lifts that)")


def _guarded_connect_ex(sock: socket.socket, address: object) -> int:
    if sock.type != socket.SOCK_DGRAM:  # that one sends nothing: it asks the kernel for a route
        _refuse_outside(sock, address)
    return _connect_ex(sock, address)  # type: ignore[arg-type]


def _guarded_sendto(sock: socket.socket, data: bytes, *flags_and_address: object) -> int:
    _refuse_outside(sock, flags_and_address[-1])
    return _sendto(sock, data, *flags_and_address)  # type: ignore[call-overload]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Closes the two doors that pytest-socket leaves open: it guards connect() only."""
    if item.get_closest_marker("netns"):
        return (yield)
    with (
        mock.patch.object(socket.socket, "connect_ex", _guarded_connect_ex),
        mock.patch.object(socket.socket, "sendto", _guarded_sendto),
    ):
        return (yield)


def _forbidden_skips(config: pytest.Config) -> Iterator[str]:
    """With REACHD_NO_SKIPS=1 (in CI) a test that could not run is a failure: nothing is green by absence."""
    if os.environ.get("REACHD_NO_SKIPS") != "1":
        return
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    for report in terminal.stats.get("skipped", []) if terminal else []:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        yield f"{report.nodeid}: {reason.removeprefix('Skipped: ')}"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turns a green run with skips red where skips are forbidden."""
    if exitstatus == pytest.ExitCode.OK and any(_forbidden_skips(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names each skip that made the run fail, with its reason."""
    skips = list(_forbidden_skips(config))
    if skips:
        terminalreporter.section("REACHD_NO_SKIPS=1: these tests did not run, so the run fails", red=True)
        for line in skips:
            terminalreporter.line(line)
