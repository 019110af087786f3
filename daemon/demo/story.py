"""The story of 11-12 February 2026 in a minute: all well, the block at one place, and its end."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from daemon.demo import certificates
from daemon.demo.servers import Listener, Resolver, listen, serve_names

WEB, CHAT, MEDIA = "web.whatsapp.test", "g.whatsapp.test", "mmg.whatsapp.test"
DOMESTIC, CONTROL = "web.max.test", "www.control.test"
HOSTS = {WEB: "127.0.60.1", MEDIA: "127.0.60.2", CHAT: "127.0.60.3", DOMESTIC: "127.0.70.1", CONTROL: "127.0.80.1"}
"""What the free resolver answers."""
NEAR = {CHAT: "127.0.61.3", MEDIA: "127.0.61.2"}
"""Chat and media as seen from the place of the block: servers nearer to it, as every large service has them."""
PLACES = {"moscow": ("RU", 64500, "127.0.7.1"), "amsterdam": ("NL", 64501, "127.0.31.1")}
"""The two vantages: country, a network number reserved for documentation (RFC 5398), source address."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers of the demonstration, all listening."""

    free: Resolver
    national: Resolver
    near: tuple[Listener, ...]
    config: Path
    """The reachd.toml of this demonstration."""
    page: str
    """Where the daemon shows it."""


@dataclass(frozen=True, slots=True)
class Act:
    """What happens after so many seconds, told in a sentence."""

    after: float
    told: str
    happens: Callable[[Stage], None]


def all_well(stage: Stage) -> None:
    """Nothing is in the way."""
    stage.national.denied.clear()
    for listener in stage.near:
        listener.resume()


def block(stage: Stage) -> None:
    """The web name leaves the national resolver; packets to chat and media are dropped."""
    stage.national.denied.add(WEB)
    for listener in stage.near:
        listener.fall_silent()


ACTS = (
    Act(0, "All well: both places reach WhatsApp, MAX and the control.", lambda _stage: None),
    Act(12, f"The block begins in Moscow: {WEB} is denied by the national DNS, chat and media go unanswered.", block),
    Act(30, "The block ends.", all_well),
)
LENGTH = 45.0
"""Seconds from the first act to the end."""


async def set_stage(folder: Path, now: int, closing: ExitStack) -> Stage:
    """Start all servers and write the configuration for them into a folder."""
    context = certificates.make(folder, list(HOSTS), now)
    web = [listen(HOSTS[name], context, closing) for name in (WEB, DOMESTIC, CONTROL)]
    chat = listen(HOSTS[CHAT], None, closing)
    media = listen(HOSTS[MEDIA], context, closing)
    near_chat = listen(NEAR[CHAT], None, closing, chat.port)
    near_media = listen(NEAR[MEDIA], context, closing, media.port)
    free, national = Resolver(dict(HOSTS)), Resolver({**HOSTS, **NEAR})
    resolvers = {
        "moscow": f"127.0.7.53:{await serve_names(national, '127.0.7.53', closing)}",
        "amsterdam": f"127.0.31.53:{await serve_names(free, '127.0.31.53', closing)}",
    }
    ports = dict(zip((WEB, DOMESTIC, CONTROL), (server.port for server in web), strict=True))
    ports |= {CHAT: chat.port, MEDIA: media.port}
    page = f"127.0.0.1:{free_port()}"
    config = write_config(folder, resolvers, ports, page)
    return Stage(free, national, (near_chat, near_media), config, f"http://{page}/")


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def write_config(folder: Path, resolvers: dict[str, str], ports: dict[str, int], page: str) -> Path:
    """Write reachd.toml and the three services; returns its path."""
    for name, text in _services(ports).items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    vantages = "".join(
        f'[vantages.{name}]\ntype = "source"\naddress = "{source}"\ncountry = "{country}"\nasn = {asn}\n'
        f'consent = "loopback of this machine"\nresolver = "{resolvers[name]}"\n\n'
        for name, (country, asn, source) in PLACES.items()
    )
    path = folder / "reachd.toml"
    own = ", ".join(f'"{address}"' for address in ("127.0.0.0/8", *HOSTS))
    path.write_text(
        'services = ["./whatsapp.toml", "./max.toml", "./control.toml"]\njournal = "journal.db"\n\n'
        f'{vantages}[web]\nlisten = "{page}"\n\n[detect]\nflash = "2s"\n\n'
        f'[[limits]]\naddresses = [{own}]\nevery = "0.1s"\nburst = 200\nconsent = "loopback of this machine"\n',
        encoding="utf-8",
    )
    return path


def _services(ports: dict[str, int]) -> dict[str, str]:
    """The three service files."""
    return {
        "whatsapp": _service("whatsapp", "WhatsApp", "foreign")
        + _endpoint("web", "dns", WEB)
        + _endpoint("web", "http", f"https://{WEB}:{ports[WEB]}/", trust=True)
        + _endpoint("chat", "tcp", f"{CHAT}:{ports[CHAT]}")
        + _endpoint("media", "tls", f"{MEDIA}:{ports[MEDIA]}", trust=True),
        "max": _service("max", "MAX", "domestic")
        + _endpoint("web", "http", f"https://{DOMESTIC}:{ports[DOMESTIC]}/", trust=True)
        + _endpoint("site", "tls", f"{DOMESTIC}:{ports[DOMESTIC]}", trust=True),
        "control": _service("control", "Control", "control")
        + _endpoint("site", "http", f"https://{CONTROL}:{ports[CONTROL]}/", trust=True)
        + _endpoint("site", "tls", f"{CONTROL}:{ports[CONTROL]}", trust=True),
    }


def _service(name: str, title: str, side: str) -> str:
    return f'name = "{name}"\ntitle = "{title}"\nside = "{side}"\n'


def _endpoint(role: str, probe: str, target: str, *, trust: bool = False) -> str:
    trusted = 'trust = "./ca.pem"\n' if trust else ""
    return (
        f'\n[[endpoints]]\nrole = "{role}"\nprobe = "{probe}"\ntarget = "{target}"\n'
        f'every = "1s"\ntimeout = "0.7s"\n{trusted}'
    )


async def play(stage: Stage, tell: Callable[[str], None]) -> None:
    """Play all acts, then wait for the end."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for act in ACTS:
        await asyncio.sleep(begin + act.after - loop.time())
        act.happens(stage)
        tell(act.told)
    await asyncio.sleep(begin + LENGTH - loop.time())
