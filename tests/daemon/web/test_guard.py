"""Nobody reads who may not: foreign names, no token, and what every answer carries."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from config.secrets import Secret
from daemon.web.guard import HEADERS, Keys, guard
from tests.lab.paging import paged

TOKEN = Secret("correct horse", "file token")
LOCKED = Keys("127.0.0.1", (), TOKEN)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("127.0.0.1:8642", True),
        ("127.0.0.1", True),
        ("localhost:9000", True),
        ("LOCALHOST", True),
        ("[::1]:8642", True),
        ("page.example.org", True),
        ("evil.example", False),
        ("evil.example:8642", False),
        ("127.0.0.1.evil.example", False),
        ("192.0.2.1", False),
        ("", False),
        ("a b", False),
        ("[::1", False),
    ],
)
def test_by_which_names_the_page_is_known(header: str, known: bool) -> None:
    assert Keys("127.0.0.1", ("page.example.org",)).knows(header) is known


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104  nothing is bound
def test_a_page_on_every_address_is_known_by_any_address_but_no_name(everywhere: str) -> None:
    assert Keys(everywhere).knows("192.0.2.1:80")
    assert not Keys(everywhere).knows("rebound.example:80")


@pytest.mark.parametrize("path", ["/", "/api/v1/events", "/events/stream", "/-/healthy", "/static/style.css"])
async def test_a_foreign_host_is_refused_everywhere(tmp_path: Path, path: str) -> None:
    async with paged(tmp_path) as page:
        said = await page.text(path, 421, Host="rebound.example")
        assert "hosts" in said


@pytest.mark.parametrize("path", ["/", "/nothing", "/events", "/api/v1/services", "/events/stream", "/daemon"])
async def test_without_the_token_there_is_nothing(tmp_path: Path, path: str) -> None:
    async with paged(tmp_path, keys=LOCKED) as page:
        said = await page.text(path, 401)
        assert "token" in said
        assert TOKEN.reveal() not in said
        await page.text(path, 401, Authorization="Bearer wrong")
        await page.text(path, 401, Authorization="Basic correct horse")
        await page.text(path, 401, Cookie="reachd=correct horse")
        await page.text(f"{path}?token=wrong", 401)


async def test_a_watchdog_needs_no_token(tmp_path: Path) -> None:
    async with paged(tmp_path, keys=LOCKED) as page:
        assert await page.text("/-/healthy") == "ok\n"


async def test_the_bearer_is_let_in(tmp_path: Path) -> None:
    async with paged(tmp_path, keys=LOCKED) as page:
        await page.text("/", Authorization="Bearer correct horse")
        await page.text("/api/v1/services", Authorization="bearer correct horse")


async def test_the_token_is_shown_once_and_leaves_the_address(tmp_path: Path) -> None:
    async with paged(tmp_path, keys=LOCKED) as page:
        async with page.client.get("/events?token=correct+horse&open=1", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/events?open=1")
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "horse" not in cookie
        await page.text("/events", Cookie=cookie.split(";")[0])


async def test_the_way_back_never_leads_elsewhere() -> None:
    async def never(_request: web.Request) -> web.StreamResponse:
        raise AssertionError("the token is remembered first")

    request = make_mocked_request("GET", "//evil.example/?token=correct+horse", headers={"Host": "127.0.0.1"})
    answer = await guard(LOCKED)(request, never)
    assert answer.headers["Location"] == "/" or not answer.headers["Location"].startswith("//")


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/-/ready"])
async def test_every_answer_carries_the_headers(tmp_path: Path, path: str) -> None:
    async with paged(tmp_path) as page, page.client.get(path) as answer:
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_style_and_script_may_be_kept_and_asked_about(tmp_path: Path) -> None:
    async with paged(tmp_path) as page:
        async with page.client.get("/static/style.css") as answer:
            assert answer.headers["Cache-Control"] == "no-cache"
            mark = answer.headers["ETag"]
        async with page.client.get("/static/style.css", headers={"If-None-Match": mark}) as answer:
            assert answer.status == 304
