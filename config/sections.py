"""The other sections of reachd.toml: the store, the page, alerts, retention, detection, own addresses."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo

from config.faults import Origin
from config.names import Names
from config.quantities import Duration, FalseEvents, Size, Spacing
from config.secrets import SecretText
from config.trust import settle_trust
from probes.plugin import Options, ascii_host, split_host_port

Network = IPv4Network | IPv6Network

GB = 10**9


def _web_url(text: str) -> str:
    return _url(text, {"http", "https"}, "http://127.0.0.1:8086")


def _proxy_url(text: str) -> str:
    return _url(text, {"http", "socks5", "socks5h"}, "socks5://127.0.0.1:9050")


def _url(text: str, schemes: set[str], example: str) -> str:
    """A URL without credentials. Raises ValueError, never with the URL in it."""
    try:
        url = urlsplit(text)
        right = url.scheme in schemes and bool(url.hostname) and url.port != 0
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"must be a URL such as {example!r}, with a port between 1 and 65535")
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or a password: secrets do not stand in the file")
    return text


def _authority(name: str, info: ValidationInfo[Path]) -> str:
    return settle_trust(name, info.context)


def _listen(text: str) -> str:
    try:
        _place(text)
    except ValueError:
        raise ValueError('must be an address and a port from 0 to 65535, such as "127.0.0.1:8642"') from None
    return text


def _place(text: str) -> tuple[str, int]:
    """Host and port, 0 for any that is free. Raises ValueError."""
    if text.endswith(":0"):
        return split_host_port(f"{text[:-1]}1")[0], 0
    return split_host_port(text)


def _hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(ascii_host(name) for name in names)


def _own(addresses: tuple[str, ...]) -> tuple[str, ...]:
    for text in addresses:
        if _network(text) is None:
            ascii_host(text)
    return addresses


class Influxdb(Options):
    """`[influxdb]`: where points are written."""

    url: Annotated[str, AfterValidator(_web_url)] = Field(description='for example "http://127.0.0.1:8086"')
    """Where the server is reached."""
    org: str = Field(min_length=1, description="name the organisation in InfluxDB")
    """The organisation that owns the bucket."""
    bucket: str = Field(min_length=1, description="name the bucket in InfluxDB")
    """The bucket that points are written to; slots, heartbeats and figures alone where the next two are given."""
    bucket_5m: str | None = Field(default=None, min_length=1)
    """A bucket of its own for 5-minute windows and states, which are kept longer than slots."""
    bucket_1h: str | None = Field(default=None, min_length=1)
    """A bucket of its own for hours and events, which are kept for ever."""
    token: SecretText = Field(description='write { env = "INFLUXDB_TOKEN" } or { file = "PATH" }')
    """A token that may write to the bucket."""
    proxy: Annotated[str, AfterValidator(_proxy_url)] | None = None
    """A proxy to the server, which may itself be behind the block; without user and password."""
    ca: Annotated[str, AfterValidator(_authority)] | None = None
    """A PEM file; the server's certificate is checked against it alone."""


class Web(Options):
    """`[web]`: where the page is shown; without this section there is none. Read at the start only."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8642"
    """Address and port of the page; port 0 takes any that is free, and the log says which."""
    token: SecretText | None = None
    """What a reader has to show; required where the address is not loopback."""
    hosts: Annotated[Names, AfterValidator(_hosts)] = ()
    """Names under which it is asked for beside its address, such as that of a proxy in front of it."""

    @property
    def place(self) -> tuple[str, int]:
        """Host and port to listen on."""
        return _place(self.listen)

    @property
    def public(self) -> bool:
        """True where others than this machine can reach the page."""
        host = self.place[0]
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"


class Alert(Options):
    """`[alerts.NAME]`: who is told of events."""

    type: Literal["webhook"] = Field(description="write webhook")
    """How it is told."""
    url: Annotated[str, AfterValidator(_web_url)] = Field(description="say where events are posted to")
    """Where events are posted to."""
    secret: SecretText | None = None
    """The key of the signature (HMAC-SHA256) that the receiver can check."""
    via: str | None = None
    """The vantage through which it is sent."""


class Retention(Options):
    """`[retention]`: how long raw records stay, and how much of the disk stays free."""

    raw_days: int = Field(default=30, ge=1, le=3_650)
    """Days that raw records stay; events, plans and what is derived are kept for ever."""
    raw_bytes: Size = 20 * GB
    """What raw records may fill, whatever their days: 20 GB where nothing is said."""
    min_free: Size = 2 * GB
    """What stays free of the disk, or the oldest raw records go early: 2 GB where nothing is said."""


class Detect(Options):
    """`[detect]`: how sure and how long before an event is told."""

    false_events: FalseEvents = 1 / 50
    """Events per vantage-month that may be false."""
    flash: Duration = 30.0
    """Seconds; a disruption shorter than this pages nobody."""


class LimitKeys(Options):
    """`[[limits]]`: addresses that the operator owns, and how often they may be contacted."""

    addresses: Annotated[Names, AfterValidator(_own)] = Field(min_length=1, description='for example ["127.0.0.0/8"]')
    """Addresses, networks and host names; a host name counts in `reachd plan`, its addresses must be listed too."""
    every: Spacing = Field(description='say how much time lies between two contacts, for example "0.1s"')
    """The time between two contacts to one of them."""
    burst: int = Field(ge=1, le=10_000, description="say how many contacts may come at once")
    """How many contacts may come at once."""
    consent: str = Field(min_length=1, description="say whose addresses these are")
    """Whose addresses these are."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Own addresses: `burst` contacts at once, then one every `every` seconds."""

    networks: tuple[Network, ...]
    names: tuple[str, ...]
    """Own host names: `plan` knows a target by them before it is resolved."""
    every: float
    burst: int
    consent: str
    origin: Origin = field(compare=False, repr=False)


def own_addresses(keys: LimitKeys, origin: Origin) -> Limit:
    """The limit that keys describe."""
    networks = [_network(text) for text in keys.addresses]
    names = [ascii_host(text) for text, network in zip(keys.addresses, networks, strict=True) if network is None]
    return Limit(
        tuple(network for network in networks if network is not None),
        tuple(names),
        keys.every,
        keys.burst,
        keys.consent,
        origin,
    )


def _network(text: str) -> Network | None:
    """An address or a network; None for a host name. Raises ValueError."""
    try:
        loose = ip_network(text, strict=False)
    except ValueError:
        if "/" in text or ":" in text or text.replace(".", "").isdecimal():
            raise ValueError(f"{text!r} is no address, network or host name") from None
        return None
    if str(loose.network_address) != text.split("/", maxsplit=1)[0] and "/" in text:
        raise ValueError(f"{text!r} begins inside its network; did you mean {loose}")
    return loose


def limit_of(limits: tuple[Limit, ...], host: str) -> Limit | None:
    """The limit of an own address or host name, the narrowest network first; None for everybody else's."""
    try:
        address = ip_address(host)
    except ValueError:
        return next((limit for limit in limits if host.casefold() in limit.names), None)
    found = [
        (network.prefixlen, -index, limit)
        for index, limit in enumerate(limits)
        for network in limit.networks
        if network.version == address.version and address in network
    ]
    return max(found, key=lambda hit: hit[:2])[2] if found else None


def folder_of(state_directory: str | None, working: Path) -> Path:
    """Where the paths of the shipped example start: systemd's state directory (the first named), else where we are."""
    return Path(state_directory.split(":")[0]) if state_directory else working
