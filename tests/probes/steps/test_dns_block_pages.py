"""The list of block pages: complete, with sources, and of addresses that no other rule catches."""

import tomllib
from ipaddress import ip_address
from pathlib import Path

import pytest

from probes.steps import dns_block_pages
from probes.steps.bogon import is_bogon
from probes.steps.dns_block_pages import block_page, known_pages, read_pages

LIST = Path(dns_block_pages.__file__).with_name("block_pages.toml")


@pytest.mark.parametrize(
    ("address", "operator"),
    [
        ("62.33.207.196", "an operator in RU (62.33.207)"),
        ("188.186.146.208", "an operator in RU (188.186.146)"),
        ("95.167.13.51", "an operator in RU (95.167.13)"),
        ("d0::11", "national (IR)"),
        ("157.240.205.62", None),
        ("127.0.0.1", None),
    ],
)
def test_whose_page_it_is(address: str, operator: str | None) -> None:
    assert block_page(address) == operator


def test_every_entry_says_who_and_where_it_is_written_down() -> None:
    pages = tomllib.loads(LIST.read_text())["pages"]
    assert all(set(page) == {"operator", "addresses", "source"} for page in pages)
    assert all(page["operator"].strip() and page["source"].strip() and page["addresses"] for page in pages)


def test_addresses_are_written_as_answers_write_them_and_no_bogons() -> None:
    for address in known_pages():
        assert address == str(ip_address(address))
        assert not is_bogon(address)


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ([{"operator": "X", "addresses": ["192.0.2.1"]}], "X: a block page needs a source"),
        ([{"operator": "X", "addresses": ["192.0.2.1", "192.0.2.1"], "source": "a note"}], "192.0.2.1 is listed twice"),
        ([{"operator": "X", "addresses": ["x.example"], "source": "a note"}], "does not appear to be"),
    ],
)
def test_a_list_with_mistakes_is_refused(pages: list[dict[str, object]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_pages(pages)
