"""The kernel's account of a connection agrees with what was sent over it."""

import socket
from unittest import mock

import pytest

from probes.record import TcpInfo
from probes.tcpinfo import read_tcp_info


@pytest.fixture
def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as near:
        far, _ = listener.accept()
        with far:
            yield near, far


def account(sock: socket.socket) -> tuple[TcpInfo, int, int]:
    found = read_tcp_info(sock)
    assert found
    return found


def test_counts_what_went_over_it(pair) -> None:
    near, far = pair
    near.sendall(b"x" * 1000)
    far.recv(1000, socket.MSG_WAITALL)
    far.sendall(b"y" * 300)
    near.recv(300, socket.MSG_WAITALL)
    info, bytes_in, bytes_out = account(near)
    assert (bytes_in, bytes_out) == (300, 1000)
    assert (info.bytes_received, info.retransmits, info.unacked) == (300, 0, 0)
    assert info.bytes_acked == 1001, "our SYN counts"
    assert info.segments_out >= 3
    assert info.segments_in >= 2
    assert 0 < info.rtt < 1_000_000


def test_fin_of_the_far_end_is_no_byte(pair) -> None:
    near, far = pair
    far.sendall(b"bye")
    far.shutdown(socket.SHUT_WR)
    while near.recv(10):
        pass
    info, bytes_in, _ = account(near)
    assert (info.bytes_received, bytes_in) == (4, 3)


def test_a_socket_that_is_not_tcp_has_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert read_tcp_info(sock) is None


def test_a_closed_socket_has_none() -> None:
    sock = socket.socket()
    sock.close()
    assert read_tcp_info(sock) is None


def test_an_older_kernel_says_less_and_we_say_nothing() -> None:
    old = mock.create_autospec(socket.socket, instance=True)
    old.getsockopt.return_value = bytes(104)
    assert read_tcp_info(old) is None
