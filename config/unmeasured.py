"""Hosts that are never measured, whoever asks: a probe there could put its operator, or somebody else, at risk."""

import re

GOVERNMENT = "a government's own host"
MILITARY = "a military host"
PORTALS = {
    "gosuslugi.ru": "the government portal of Russia",
    "gu.spb.ru": "a government portal of Russia",
    "mos.ru": "the government portal of Moscow",
    "nalog.ru": "the tax service of Russia",
    "kremlin.ru": GOVERNMENT,
    "fsb.ru": GOVERNMENT,
    "mvd.ru": GOVERNMENT,
    "gosuslugi.by": "the government portal of Belarus",
    "egov.kz": "the government portal of Kazakhstan",
    "europa.eu": GOVERNMENT,
    "admin.ch": GOVERNMENT,
    "bund.de": GOVERNMENT,  # codespell:ignore bund
}
"""Domains, with all names below them, and why."""
ENDINGS = re.compile(
    r"(?:^|\.)(?:(?P<label>gov|govt|gob|gouv|mil)(?:\.[a-z]{2})?"
    r"|go\.(?:jp|kr|th|id|ke|tz|ug|cr))$"  # elsewhere `go` is a name like any other
)
"""`gov`, or what a country calls it, as the last label or before the country: gov.ru, gouv.fr, gob.mx, go.jp, mil."""


def forbidden(host: str) -> str | None:
    """Why a host must not be measured, or None."""
    name = host.casefold().rstrip(".")
    for domain, why in PORTALS.items():
        if name == domain or name.endswith(f".{domain}"):
            return why
    ending = ENDINGS.search(name)
    if ending is None:
        return None
    return MILITARY if ending["label"] == "mil" else GOVERNMENT
