"""Pages that are known to be shown instead of what is blocked, from the list beside this file."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib.resources import files
from urllib.parse import urlsplit

from probes.failure import Fault
from probes.record import Kind
from probes.run import Run

SHORTEST = {"hosts": 8, "titles": 16, "marks": 12}
"""Letters of an entry; anything shorter is found in innocent pages sooner or later."""
ENCODINGS = ("utf-8", "windows-1251", "koi8-r", "iso-8859-9")
"""In which operators of the listed countries have been seen to write; a page does not always say in which."""
LARGEST = 65_536
"""Bytes of a page in which marks are looked for: block pages are small, and an article about them is not."""
TITLE = re.compile(rb"<title[^>]*>(.{1,400}?)</title", re.IGNORECASE | re.DOTALL)
WEB = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Hit:
    """Whose page it is, and what gave it away: `location`, `title`, `mark` or `certificate`, with the listed text."""

    operator: str
    by: str
    entry: str

    def fault(self, **facts: object) -> Fault:
        """The failure that it is; facts: extra.block_page, extra.block_page_by."""
        extra = {"block_page": self.operator, "block_page_by": f"{self.by} {self.entry}"}
        return Fault(Kind.HTTP_BLOCKPAGE, f"{self.operator}, by its {self.by}", extra=extra, **facts)


@dataclass(frozen=True, slots=True)
class Pages:
    """The list, ready to be looked up; each text leads to its operator."""

    hosts: Mapping[str, tuple[tuple[str, str], ...]]
    """Of each host the beginnings of paths, each with its operator."""
    titles: Mapping[str, str]
    marks: tuple[tuple[str, tuple[bytes, ...], str], ...]
    """The mark, as bytes in each encoding that has its letters, and the operator."""

    def of_location(self, location: str | None, asked: str = "") -> Hit | None:
        """The page that a redirect leads to; `asked` is the host that was asked, which is no redirect to a page."""
        host, path = _place(location or "")
        return None if host == asked.lower() else self._of_place(host, path)

    def of_title(self, body: bytes) -> Hit | None:
        """The page that has this title."""
        found = TITLE.search(body)
        for text in _texts(found[1]) if found else ():
            operator = self.titles.get(_plain(text))
            if operator:
                return Hit(operator, "title", _plain(text))
        return None

    def of_marks(self, body: bytes) -> Hit | None:
        """The page that holds a mark."""
        if len(body) > LARGEST:
            return None
        return next((Hit(who, "mark", text) for text, forms, who in self.marks if any(x in body for x in forms)), None)

    def of_certificate(self, names: Iterable[str], asked: str) -> Hit | None:
        """The page whose server has a certificate for these names, `asked` not among them."""
        shown = [name.lower() for name in names]
        if asked.lower() in shown:
            return None
        found = (self._of_place(name, "/") for name in shown)
        return next((Hit(hit.operator, "certificate", hit.entry) for hit in found if hit), None)

    def _of_place(self, host: str, path: str) -> Hit | None:
        found = ((start, who) for start, who in self.hosts.get(host, ()) if path.startswith(start))
        return next((Hit(who, "location", host + start) for start, who in found), None)


def refuse_location(run: Run, asked: str) -> None:
    """Raises Fault where the reply's head (the facts of the run) leads to a known block page."""
    _raise(known_pages().of_location(run.seen.get("location"), asked))


def refuse_body(body: bytes) -> None:
    """Raises Fault where a reply's body is a known block page."""
    _raise(known_pages().of_title(body) or known_pages().of_marks(body))


def refuse_certificate(names: Iterable[str], asked: str, verify: int) -> None:
    """Raises Fault where a certificate that was not accepted (OpenSSL says why) is for the host of a block page."""
    hit = known_pages().of_certificate(names, asked)
    if hit is not None:
        raise hit.fault(verify=verify)


def _raise(hit: Hit | None) -> None:
    if hit is not None:
        raise hit.fault()


@cache
def known_pages() -> Pages:
    """The list that is shipped. Raises ValueError for an entry that cannot be trusted."""
    return read_pages(tomllib.loads(files("probes.steps").joinpath("http_block_pages.toml").read_text())["pages"])


def read_pages(pages: list[dict[str, object]]) -> Pages:
    """Entries as they are written, checked. Raises ValueError: no source, too short, or listed twice."""
    hosts: dict[str, tuple[tuple[str, str], ...]] = {}
    for text, operator in _entries(pages, "hosts"):
        host, slash, path = text.lower().partition("/")
        hosts[host] = (*hosts.get(host, ()), (slash + path, operator))
    titles = {_plain(text): operator for text, operator in _entries(pages, "titles")}
    marks = ((text, tuple(_forms(text)), operator) for text, operator in _entries(pages, "marks"))
    return Pages(hosts, titles, tuple(marks))


def _entries(pages: list[dict[str, object]], what: str) -> Iterator[tuple[str, str]]:
    """Each text of a kind with its operator."""
    seen = set()
    for page in pages:
        operator, texts = str(page.get("operator", "")), page.get(what, [])
        if not operator or not page.get("source"):
            raise ValueError(f"{operator or page}: a block page needs an operator and a source")
        for text in texts if isinstance(texts, list) else []:
            if len(text) < SHORTEST[what] or text in seen:
                raise ValueError(f"{operator}: {text!r} among {what} is listed twice, or too short to be telling")
            seen.add(text)
            yield text, operator


def _forms(text: str) -> Iterator[bytes]:
    """A text in each encoding that has its letters, without doubles."""
    found = (text.encode(name, "ignore") for name in ENCODINGS)
    yield from dict.fromkeys(form for form in found if len(form) >= len(text))


def _texts(raw: bytes) -> Iterator[str]:
    """What bytes may mean."""
    return (raw.decode(name, "replace") for name in ENCODINGS)


def _plain(text: str) -> str:
    """A title without its entities, its line breaks and its case."""
    return " ".join(unescape(text).split()).casefold()


def _place(location: str) -> tuple[str, str]:
    """Host and path of a redirect; both empty where it stays on the same host."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    return (host.lower(), (parts.path or "/").lower()) if parts.scheme.lower() in WEB else ("", "")
