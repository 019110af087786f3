"""The censor: forwards frames between the two ends of each line, and does to them what its rules say.

It runs inside the namespace `mid`: `python -m tests.lab.net.censor`. Each line of its standard input is a JSON list of
rules that replaces the rules before it; it answers `ok` as soon as they hold. It ends with its input.
"""

import heapq
import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from tests.lab.net.packets import ACK, RST, SYN, TCP, Packet, parse
from tests.lab.net.process import say
from tests.lab.net.rules import Flow, Key, Rule, Verdict, apply, key_of, rules_of

LINKS = ("ru1", "ru2")
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
FLOWS = 20_000
EVERYTHING = 0x0003  # ETH_P_ALL


@dataclass(slots=True)
class Port:
    """One interface: where its frames go on, and which way that is."""

    sock: socket.socket
    link: str
    outward: bool
    peer: "Port | None" = None


@dataclass(slots=True)
class Censor:
    """The rules that hold, the flows that were seen, and the frames that are held back."""

    rules: list[Rule] = field(default_factory=list)
    flows: dict[Key, Flow] = field(default_factory=dict)
    held: list[tuple[float, int, socket.socket, bytes]] = field(default_factory=list)
    count: int = 0

    def frame(self, port: Port, data: bytes, now: float) -> None:
        """Decide about one frame, and send what follows from it."""
        assert port.peer
        packet = parse(data)
        verdict = Verdict() if packet is None else self.judge(port, packet, data, now)
        for back in verdict.back:
            _send(port.sock, back)
        for onward in verdict.onward:
            _send(port.peer.sock, onward)
        if not verdict.passes:
            return
        if verdict.delay:
            self.count += 1
            heapq.heappush(self.held, (now + verdict.delay, self.count, port.peer.sock, data))
        else:
            _send(port.peer.sock, data)

    def judge(self, port: Port, packet: Packet, data: bytes, now: float) -> Verdict:
        """What the rules say to a packet of a flow."""
        key = key_of(port.link, packet, outward=port.outward)
        flow = self.flows.get(key)
        fresh = packet.protocol == TCP and packet.flags & (SYN | ACK | RST) == SYN and port.outward
        if flow is None or (fresh and flow.start != packet.seq):
            if len(self.flows) > FLOWS:
                self.flows.clear()
            flow = self.flows[key] = Flow(start=packet.seq)
        flow.take(packet, outward=port.outward)
        return apply(self.rules, flow, key, packet, data, outward=port.outward, now=now)

    def release(self, now: float) -> float | None:
        """Send what was held back long enough; seconds until the next, None if there is none."""
        while self.held and self.held[0][0] <= now:
            _at, _number, sock, data = heapq.heappop(self.held)
            _send(sock, data)
        return self.held[0][0] - now if self.held else None


def _send(sock: socket.socket, data: bytes) -> None:
    try:
        sock.send(data)
    except OSError as fault:  # a line that is down, or a full queue: a wire loses frames then
        sys.stderr.write(f"lost a frame of {len(data)} bytes: {fault}\n")


def _open(device: str, link: str, *, outward: bool) -> Port:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    sock.bind((device, EVERYTHING))
    return Port(sock, link, outward)


def ports() -> list[Port]:
    """All ends of all lines."""
    made = []
    for link in LINKS:
        near, far = _open(f"{link}-in", link, outward=True), _open(f"{link}-out", link, outward=False)
        near.peer, far.peer = far, near
        made += [near, far]
    return made


def main() -> None:
    """Forward until standard input ends."""
    censor, watch = Censor(), selectors.DefaultSelector()
    for port in ports():
        port.sock.setblocking(False)
        watch.register(port.sock, selectors.EVENT_READ, port)
    watch.register(sys.stdin.buffer, selectors.EVENT_READ)
    say("ready")
    while True:
        for key, _mask in watch.select(censor.release(time.monotonic())):
            if isinstance(key.data, Port):
                _read(censor, key.data)
            else:
                line = sys.stdin.buffer.readline()
                if not line:
                    return
                censor.rules, censor.flows = rules_of(json.loads(line)), {}
                say("ok")


def _read(censor: Censor, port: Port) -> None:
    for _ in range(64):
        try:
            data, where = port.sock.recvfrom(65_536)
        except BlockingIOError:
            return
        except OSError:  # the line went down; what comes is read when it is up again
            return
        if where[2] != PACKET_OUTGOING:
            censor.frame(port, data, time.monotonic())


if __name__ == "__main__":
    main()
