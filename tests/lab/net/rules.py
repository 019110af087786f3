"""The rules of a censor: what of a flow they look at, and what they do to it; no sockets, time is an argument."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from tests.lab.net.packets import (
    ACK,
    FIN,
    PSH,
    RST,
    TCP,
    UDP,
    Packet,
    answer_to,
    datagram_back,
    dns_answer,
    hello_name,
    http_host,
    is_quic,
    is_stun,
    onward,
    question,
    unreachable,
)
from tests.lab.net.quic_initial import quic_name

Key = tuple[str, int, str, int, str, int]
"""Line, protocol, client address and port, far address and port."""
SEEN = 8_192
"""Bytes of a client's stream that a censor keeps to read a name in them."""
MATCHERS = frozenset(
    {"link", "direction", "protocol", "to", "port", "sni", "name", "host", "begins", "stun", "quic", "quic_sni"}
    | {"data"}
)
ARGUMENTS = frozenset(
    {"action", "both", "alert", "address", "aa", "racing", "location", "bytes", "packets", "rate", "burst", "ms", "p"}
    | {"remember", "code"}
)


@dataclass(slots=True)
class Flow:
    """What is known of one connection; `doom` is the rule that has it, `start` its first sequence number."""

    start: int = 0
    stream: bytes = b""
    size: int = 0
    packets: int = 0
    doom: "Rule | None" = None

    def take(self, packet: Packet, *, outward: bool) -> None:
        """Count a packet, and keep the beginning of what the client says in its place, sent twice or not."""
        self.size += len(packet.payload)
        self.packets += 1
        if not outward or not packet.payload:
            return
        if packet.protocol == UDP:
            self.stream = packet.payload
            return
        place = (packet.seq - self.start - 1) & 0xFFFFFFFF
        if place <= len(self.stream) < SEEN:
            self.stream = self.stream[:place] + packet.payload + self.stream[place + len(packet.payload) :]


@dataclass(slots=True)
class Verdict:
    """What becomes of a packet: passed after `delay` seconds or not, and frames forged `back` and `onward`."""

    passes: bool = True
    delay: float = 0.0
    back: list[bytes] = field(default_factory=list)
    onward: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Rule:
    """One rule as it is written, and what it remembers."""

    says: Mapping[str, Any]
    tokens: float = 0.0
    filled: float = 0.0
    seen: int = 0
    residue: dict[tuple[str, str, int], float] = field(default_factory=dict)


def rules_of(written: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Rules from JSON or TOML. Raises ValueError for an unknown word: a typo would do nothing."""
    made = []
    for says in written:
        unknown = set(says) - MATCHERS - ARGUMENTS
        if unknown or says.get("action") not in ACTIONS:
            raise ValueError(f"rule {dict(says)}: unknown {sorted(unknown) or 'action'}")
        made.append(Rule(says, tokens=float(says.get("burst", 4_000))))
    return made


def key_of(link: str, packet: Packet, *, outward: bool) -> Key:
    """The flow of a packet, the same for both directions."""
    near, far = (packet.source, packet.sport), (packet.target, packet.dport)
    if not outward:
        near, far = far, near
    return (link, packet.protocol, *near, *far)


def apply(
    rules: Iterable[Rule], flow: Flow, key: Key, packet: Packet, frame: bytes, *, outward: bool, now: float
) -> Verdict:
    """What the first rule that concerns a packet does; a flow that a rule has ended stays ended."""
    if flow.doom is not None:
        return Verdict(passes=False)
    for rule in rules:
        place = (key[2], key[4], key[5])
        if rule.residue.get(place, 0.0) > now:
            return Verdict(passes=False)
        if concerns(rule, flow, key, packet, outward=outward):
            verdict = ACTIONS[rule.says["action"]](rule, flow, packet, frame, now)
            if verdict is not None:
                if "remember" in rule.says:
                    rule.residue[place] = now + rule.says["remember"]
                return verdict
    return Verdict()


def concerns(rule: Rule, flow: Flow, key: Key, packet: Packet, *, outward: bool) -> bool:
    """Whether all that a rule asks for is so."""
    says = rule.says
    direction = says.get("direction", "out")
    return (
        (direction == "both" or (direction == "out") == outward)
        and ("link" not in says or key[0] in _many(says["link"]))
        and ("protocol" not in says or key[1] == {"tcp": TCP, "udp": UDP}[says["protocol"]])
        and ("port" not in says or key[5] in _many(says["port"]))
        and ("to" not in says or _within(key[4], says["to"]))
        and (not says.get("data") or bool(packet.payload))
        and all(_READ[word](says[word], flow, packet) for word in _READ if word in says)
    )


def _many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _within(address: str, prefixes: Any) -> bool:
    return any(ip_address(address) in ip_network(prefix) for prefix in _many(prefixes))


def _like(name: str | None, globs: Any) -> bool:
    return name is not None and any(fnmatchcase(name, glob) for glob in _many(globs))


_READ: Mapping[str, Callable[[Any, Flow, Packet], bool]] = {
    "sni": lambda globs, flow, packet: packet.protocol == TCP and _like(hello_name(flow.stream), globs),
    "quic_sni": lambda globs, _flow, packet: packet.protocol == UDP and _like(quic_name(packet.payload), globs),
    "name": lambda globs, _flow, packet: _like(_asked(packet), globs),
    "host": lambda globs, flow, packet: packet.protocol == TCP and _like(http_host(flow.stream), globs),
    "begins": lambda prefix, flow, _packet: flow.stream.startswith(bytes.fromhex(prefix)),
    "stun": lambda wanted, _flow, packet: is_stun(packet.payload) is wanted,
    "quic": lambda wanted, _flow, packet: is_quic(packet.payload) is wanted,
}


def _asked(packet: Packet) -> str | None:
    if packet.dport != 53:
        return None
    return question(packet.payload if packet.protocol == UDP else packet.payload[2:])


# ---- actions ---------------------------------------------------------------------------------------------------------


def _drop(rule: Rule, flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict:
    if packet.protocol == TCP and ("sni" in rule.says or "begins" in rule.says):
        flow.doom = rule
    return Verdict(passes=False)


def _reset(rule: Rule, flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict:
    flow.doom = rule
    both = [onward(packet, RST | ACK)] if rule.says.get("both") else []
    return Verdict(passes=False, back=[answer_to(packet, RST | ACK)], onward=both)


def _close(rule: Rule, flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict:
    flow.doom = rule
    return Verdict(passes=False, back=[answer_to(packet, FIN | ACK)])


def _alert(rule: Rule, flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict:
    flow.doom = rule
    record = bytes([21, 3, 3, 0, 2, 2, rule.says["alert"]])
    return Verdict(passes=False, back=[answer_to(packet, PSH | ACK, record)])


def _redirect(rule: Rule, flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict:
    flow.doom = rule
    page = f"HTTP/1.1 302 Found\r\nLocation: {rule.says['location']}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return Verdict(passes=False, back=[answer_to(packet, PSH | ACK | FIN, page.encode())])


def _inject_dns(rule: Rule, _flow: Flow, packet: Packet, _frame: bytes, _now: float) -> Verdict | None:
    if packet.protocol != UDP or question(packet.payload) is None:
        return None
    forged = dns_answer(packet.payload, rule.says.get("address"), authoritative=rule.says.get("aa", False))
    return Verdict(passes=rule.says.get("racing", False), back=[datagram_back(packet, forged)])


def _freeze(rule: Rule, flow: Flow, _packet: Packet, _frame: bytes, _now: float) -> Verdict | None:
    over = flow.size > rule.says.get("bytes", 1 << 40) or flow.packets > rule.says.get("packets", 1 << 40)
    if over:
        flow.doom = rule
    return Verdict(passes=False) if over else None


def _police(rule: Rule, _flow: Flow, _packet: Packet, frame: bytes, now: float) -> Verdict | None:
    """Bytes a second with a burst; what is beyond is dropped, as a policer does."""
    most = float(rule.says.get("burst", 4_000))
    rule.tokens = min(most, rule.tokens + (now - (rule.filled or now)) * rule.says["rate"])
    rule.filled = now
    if rule.tokens < len(frame):
        return Verdict(passes=False)
    rule.tokens -= len(frame)
    return None


def _delay(rule: Rule, _flow: Flow, _packet: Packet, _frame: bytes, _now: float) -> Verdict:
    return Verdict(delay=rule.says["ms"] / 1000)


def _lose(rule: Rule, _flow: Flow, _packet: Packet, _frame: bytes, _now: float) -> Verdict | None:
    """Every so manieth packet, by a count: the same in each run."""
    rule.seen += 1
    share = rule.says["p"]
    return Verdict(passes=False) if int(rule.seen * share) > int((rule.seen - 1) * share) else None


def _unreachable(rule: Rule, _flow: Flow, packet: Packet, frame: bytes, _now: float) -> Verdict:
    return Verdict(passes=False, back=[unreachable(packet, frame, rule.says.get("code", 13))])


Action = Callable[[Rule, Flow, Packet, bytes, float], Verdict | None]
ACTIONS: Mapping[str, Action] = {
    "drop": _drop,
    "reset": _reset,
    "close": _close,
    "alert": _alert,
    "redirect": _redirect,
    "inject_dns": _inject_dns,
    "freeze": _freeze,
    "police": _police,
    "delay": _delay,
    "lose": _lose,
    "unreachable": _unreachable,
}
