"""Words for people: moments, spans, states, failures, mechanisms, and the sentence of an event."""

import re
from collections.abc import Mapping

from markupsafe import Markup

from daemon.moments import SECOND, micros_of, text_of
from daemon.rows import Event

KINDS = {
    "block": "block",
    "throttle": "throttle",
    "unreachable": "unreachable",
    "service_outage": "outage of the service",
    "network_outage": "outage of the network",
    "vantage_outage": "outage of a vantage",
}
FAILURES = {
    "dns: dns_nxdomain_error": "the resolver says that the name does not exist",
    "dns: generic_timeout_error": "no answer from the resolver",
    "dns: dns_servfail_error": "the resolver fails",
    "dns: dns_refused_error": "the resolver refuses to answer",
    "dns: dns_bogon_error": "an address that cannot be the service's",
    "dns: dns_blockpage": "the address of a known block page",
    "dns: dns_no_answer": "the name has no address",
    "tcp: generic_timeout_error": "no TCP connection: silence until the deadline",
    "tcp: connection_refused": "TCP connection refused",
    "tcp: connection_reset": "TCP connection reset",
    "tcp: host_unreachable": "the path says: host unreachable",
    "tcp: network_unreachable": "the path says: network unreachable",
    "tls: generic_timeout_error": "silence in the TLS handshake",
    "tls: connection_reset": "reset in the TLS handshake",
    "tls: eof_error": "closed in the TLS handshake",
    "tls: ssl_unknown_authority": "a certificate of an authority that is not trusted",
    "tls: ssl_invalid_hostname": "a certificate for another name",
    "http: http_blockpage": "a block page",
    "http: http_unexpected_status_code": "an unexpected HTTP status",
    "http: generic_timeout_error": "silence after the request",
    "http: connection_reset": "reset after the request",
}
_MINUTE = re.compile(r"\b(\d\d:\d\d) UTC\b")


def stamp(text: str | int | None, form: str = "minute") -> Markup:
    """A moment as `<time>` in UTC, which a script may show in local time; `form` is minute, second or day."""
    if text is None:
        return Markup("never")
    whole = text_of(text) if isinstance(text, int) else text
    shown = {
        "minute": f"{whole[5:10]} {whole[11:16]}",
        "second": whole[11:19],
        "day": whole[:10],
        "clock": whole[11:16],
    }[form]
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(whole, form, shown)


def micros(text: str) -> int:
    """A moment of the contract as microseconds."""
    return micros_of(text)


def span(microseconds: float) -> str:
    """A length of time in its two greatest units: `3 h 12 min`."""
    seconds = round(abs(microseconds) / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds < 600 and seconds % 60 else "")
    if seconds < 86_400:
        minutes = seconds % 3_600 // 60
        return f"{seconds // 3_600} h" + (f" {minutes} min" if minutes else "")
    hours = seconds % 86_400 // 3_600
    return f"{seconds // 86_400} d" + (f" {hours} h" if hours else "")


def milliseconds(seconds: float) -> str:
    """A duration of a measurement: `84 ms`, `1.3 s`."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"


def failure(words: str) -> str:
    """What a phase and a kind mean; as they are where we have no words."""
    return FAILURES.get(words, words.replace("_", " "))


def shape(state: str) -> Markup:
    """A state by its word; the style sheet gives its class a shape of its own, and a colour."""
    return Markup('<span class="state {}">{}</span>').format(state.replace(" ", "-"), state)


def sentence(event: Event, titles: Mapping[str, str]) -> str:
    """The summary of an event with the names that people know its services by."""
    parts = event.summary.split("; ")
    if event.service and parts[0].startswith(event.service):
        parts[0] = titles.get(event.service, event.service) + parts[0].removeprefix(event.service)
    return "; ".join(_titled(part, event, titles) for part in parts)


def spoken(event: Event, titles: Mapping[str, str]) -> Markup:
    """The sentence, its moments as `<time>`; a moment that is neither the event's onset nor its end stays as it is."""
    said = sentence(event, titles)
    known = {text_of(moment)[11:16]: moment for moment in (event.ended, event.onset[1]) if moment is not None}
    parts, done = [], 0
    for found in _MINUTE.finditer(said):
        if found[1] in known:
            parts += [Markup.escape(said[done : found.start()]), stamp(known[found[1]] // SECOND * SECOND, "clock")]
            parts.append(Markup('<span class="utc"> UTC</span>'))
            done = found.end()
    return Markup("").join([*parts, Markup.escape(said[done:])])


def _titled(part: str, event: Event, titles: Mapping[str, str]) -> str:
    """The part about comparators is made of names and fixed words."""
    if not part.endswith(("reachable", "failing too")):
        return part
    words = part.split(" ")
    bare = {name: titles.get(name, name) for name in event.comparators}
    return " ".join(
        bare.get(word.rstrip(","), word.rstrip(",")) + ("," if word.endswith(",") else "") for word in words
    )


def sureness(confidence: float) -> str:
    """A confidence in words and figures."""
    word = "sure" if confidence >= 0.9 else "fairly sure" if confidence >= 0.7 else "unsure"
    return f"{word} ({confidence:.0%})"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("B", "kB", "MB"):
        if count < 1_000:
            return f"{count:.0f} {unit}"
        count /= 1_000
    return f"{count:.1f} GB"
