"""The list of block pages: whose page it is, and that no innocent page is taken for one."""
# ruff: noqa: RUF001  operators of the list write in Cyrillic

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Kind, Phase
from probes.steps import http_block_pages
from probes.steps.http_block_pages import LARGEST, known_pages, read_pages
from tests.lab.runs import check
from tests.lab.servers import Server, answering, good_tls, secured, showing

LIST = Path(http_block_pages.__file__).with_name("http_block_pages.toml")
BLOCKED = (Phase.HTTP, Kind.HTTP_BLOCKPAGE)
NEWS = """<html><head><title>Operator blocks a messenger</title></head><body>Visitors are led to warning.rt.ru, see
<a href="http://www.rt.ru/">the operator</a>, <a href="http://eais.rkn.gov.ru/">the register</a>. "Доступ к ресурсу
ограничен", it says there.</body></html>"""


def page(body: str, status: str = "200 OK", encoding: str = "utf-8", *headers: str) -> Server:
    """A server that answers with a page."""
    data = body.encode(encoding)
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers, "", ""])
    return answering(head.encode() + data)


def titled(title: str) -> str:
    return f"<!doctype html><html>\n<head><TITLE lang=ru>\n  {title}\n</TITLE></head><body>.</body></html>"


def redirect(location: str, status: str = "302 Found") -> Server:
    return page("", status, "utf-8", f"Location: {location}")


# ---- in answer to a request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "operator", "entry"),
    [
        ("http://warning.rt.ru/?id=1&st=0", "Rostelecom (RU)", "warning.rt.ru"),
        ("http://WARNING.rt.ru", "Rostelecom (RU)", "warning.rt.ru"),
        ("http://m.megafonpro.ru:81/rkn", "Megafon (RU)", "m.megafonpro.ru/rkn"),
        ("https://www.a1.by/mininfo/", "A1 (BY)", "www.a1.by/mininfo/"),
        ("http://82.209.230.23", "Beltelecom (BY)", "82.209.230.23"),
    ],
)
async def test_a_redirect_to_a_block_page_is_one(location: str, operator: str, entry: str) -> None:
    record = await check(redirect(location), BLOCKED, block_page=operator, status=302, location=location)
    assert record.facts.extra["block_page_by"] == f"location {entry}"


@pytest.mark.parametrize(
    "location",
    [
        "https://www.whatsapp.com/",
        "/blocked/",
        "//warning.rt.ru.example.org/",
        "http://warning.rt.ru.example.org/",
        "http://example.org/?from=http://warning.rt.ru/",
        "http://www.a1.by/",
        "http://m.megafonpro.ru/tariffs",
        "http://[broken",
        "",
    ],
)
async def test_any_other_redirect_stays_a_fact(location: str) -> None:
    await check(redirect(location), location=location, block_page=None)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r"])
async def test_a_title_is_known_in_every_encoding(encoding: str) -> None:
    body = titled("TTK ::  Доступ к ресурсу&#32;ограничен")
    by = "title ttk :: доступ к ресурсу ограничен"
    await check(page(body, "200 OK", encoding), BLOCKED, block_page="TTK (RU)", block_page_by=by)


async def test_a_mark_in_a_small_page_is_known_whatever_the_status() -> None:
    body = '<html><iframe src="http://10.10.34.35:80"></iframe></html>'
    await check(page(body, "403 Forbidden"), BLOCKED, block_page="national (IR)", status=403)


async def test_behind_tls_too() -> None:
    await check(secured(redirect("https://blocked.mts.ru/?host=web.whatsapp.com")), BLOCKED, block_page="MTS (RU)")


@pytest.mark.parametrize("body", [NEWS, titled("Access denied"), titled("TTK :: Доступ к ресурсу"), "<title></title>"])
async def test_a_page_that_speaks_of_blocking_is_innocent(body: str) -> None:
    await check(page(body), block_page=None)


async def test_451_without_a_known_page_is_a_status() -> None:
    await check(page("for legal reasons", "451 No"), (Phase.HTTP, Kind.HTTP_STATUS), status=451, block_page=None)


def test_a_large_page_holds_no_marks() -> None:
    mark = b'src="//subblock.mts.ru/api"'
    assert known_pages().of_marks(mark)
    assert known_pages().of_marks(mark + b" " * LARGEST) is None


def test_who_asks_the_host_of_a_block_page_gets_what_he_asked_for() -> None:
    assert known_pages().of_location("https://warning.rt.ru/other", "warning.rt.ru") is None
    assert known_pages().of_certificate(["warning.rt.ru"], "warning.rt.ru") is None


# ---- in answer to a hello --------------------------------------------------------------------------------------------


async def test_the_certificate_of_a_block_page_is_known() -> None:
    blocked = (Phase.TLS, Kind.HTTP_BLOCKPAGE)
    record = await check(showing("block_page"), blocked, block_page_by="certificate warning.rt.ru")
    assert record.facts.verify
    assert record.facts.chain


@pytest.mark.parametrize(
    ("certificate", "kind"), [("wrong_host", Kind.TLS_HOSTNAME), ("unknown_issuer", Kind.TLS_AUTHORITY)]
)
async def test_any_other_certificate_keeps_its_kind(certificate: str, kind: Kind) -> None:
    await check(showing(certificate), (Phase.TLS, kind), block_page=None)


async def test_a_certificate_that_is_accepted_is_not_looked_at() -> None:
    await check(showing("good"), block_page=None)
    assert good_tls.certificate == "good"


# ---- the list --------------------------------------------------------------------------------------------------------


def test_every_entry_says_who_and_where_it_is_written_down() -> None:
    pages = tomllib.loads(LIST.read_text())["pages"]
    assert all(set(page) <= {"operator", "hosts", "titles", "marks", "source"} for page in pages)
    assert all(page["operator"].endswith(")") and page["source"].startswith("http ") for page in pages)
    assert all(page.get("hosts") or page.get("titles") or page.get("marks") for page in pages)
    assert len({page["operator"] for page in pages}) == len(pages)


def entry(**changes: object) -> dict[str, object]:
    return {"operator": "X (RU)", "source": "a note", **changes}


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ([{"operator": "X (RU)", "hosts": ["blocked.example"]}], r"X \(RU\): a block page needs .* a source"),
        ([{"source": "a note", "hosts": ["blocked.example"]}], "needs an operator"),
        ([entry(titles=["Blocked"])], "'Blocked' among titles is listed twice, or too short"),
        ([entry(marks=["UA-1"])], "'UA-1' among marks"),
        ([entry(hosts=["rt.ru"])], "'rt.ru' among hosts"),
        ([entry(hosts=["blocked.example"]), entry(hosts=["blocked.example"])], "listed twice"),
    ],
)
def test_a_list_with_mistakes_is_refused(pages: list[dict[str, object]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_pages(pages)


@given(st.sampled_from(["hosts", "titles", "marks"]), st.text(max_size=7))
def test_a_short_entry_is_always_refused(what: str, text: str) -> None:
    with pytest.raises(ValueError, match="too short"):
        read_pages([entry(**{what: [text]})])


@given(st.binary(max_size=400), st.text(max_size=60))
def test_no_accident_makes_a_page_a_block_page(body: bytes, title: str) -> None:
    pages = known_pages()
    whole = b"<html><title>" + title.encode("utf-8", "replace") + b"</title>" + body
    assert pages.of_title(whole) is None
    assert pages.of_marks(whole) is None
    assert pages.of_location(title) is None
    assert pages.of_certificate([title], "web.whatsapp.com") is None
