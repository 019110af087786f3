"""Addresses that are known for the block page behind them, from the list beside this file."""

import tomllib
from functools import cache
from importlib.resources import files
from ipaddress import ip_address


def block_page(address: str) -> str | None:
    """Who serves the block page at that address, `an operator in RU`; None where none is known."""
    return known_pages().get(address)


@cache
def known_pages() -> dict[str, str]:
    """Every listed address with its operator. Raises ValueError for an entry without a source, or a doubled address."""
    pages = tomllib.loads(files("probes.steps").joinpath("block_pages.toml").read_text())["pages"]
    return read_pages(pages)


def read_pages(pages: list[dict[str, object]]) -> dict[str, str]:
    """Addresses to operators from the entries of the list. Raises ValueError."""
    found: dict[str, str] = {}
    for page in pages:
        if not page.get("source"):
            raise ValueError(f"{page.get('operator')}: a block page needs a source")
        addresses = page["addresses"]
        for address in map(ip_address, addresses if isinstance(addresses, list) else []):
            if str(address) in found:
                raise ValueError(f"{address} is listed twice")
            found[str(address)] = str(page["operator"])
    return found
