"""Vantage types that a later version measures from: their settings are checked and accepted, and have no effect yet."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from config.reading import Source
from config.secrets import SecretText
from probes.plugin import Options


class NamespaceKeys(Options):
    """A network namespace of this machine."""

    netns: str = Field(min_length=1, description="the name of the namespace, as `ip netns` shows it")


class ProxyKeys(Options):
    """A proxy."""

    address: str = Field(min_length=1, description='for example "192.0.2.7:1080"')
    user: str | None = None
    """Who logs in, where the proxy asks."""
    password: SecretText | None = None
    """`{ env = "NAME" }` or `{ file = "PATH" }`."""


LATER: Mapping[str, type[Options]] = {"http_proxy": ProxyKeys, "netns": NamespaceKeys, "socks5": ProxyKeys}
"""The types by the words of the design, with the keys of each."""


def waiting_vantages(source: Source) -> Iterator[str]:
    """A sentence for every vantage of the main file that nothing is measured from yet."""
    vantages = source.data.get("vantages")
    for name, table in vantages.items() if isinstance(vantages, dict) else ():
        kind = table.get("type") if isinstance(table, dict) else None
        if isinstance(kind, str) and kind in LATER:
            what = f"has no effect yet: vantages of type {kind} come later; nothing is measured from {name}"
            yield str(source.fault(what, "vantages", name, "type"))
