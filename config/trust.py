"""Which authorities a certificate is checked against, by name; the roots that public stores lack are shipped."""

import ssl
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from config.faults import meant, one_of
from config.secrets import reason

SHIPPED = ("apple", "ru-state", "signal")
"""Names that stand for `config/trust/NAME.pem`."""
NAMES = ("public", *SHIPPED, "observe")
"""`public` is the system's store (it honours SSL_CERT_FILE), `observe` verifies nothing and records the chain."""


def trust_file(name: str) -> Path | None:
    """The PEM file behind a trust name; None for `public`, `observe` and what is no name."""
    if name in SHIPPED:
        return Path(str(files("config").joinpath("trust", f"{name}.pem")))
    return Path(name) if name.endswith(".pem") else None


def settle_trust(name: str, folder: Path) -> str:
    """The trust name as options keep it: a file relative to `folder` becomes absolute. Raises ValueError."""
    if name in NAMES:
        return name
    if not name.endswith(".pem"):
        choices = one_of([*NAMES, "FILE.pem"])
        raise ValueError(f"{name!r} is no trust: write {choices}{meant(name, NAMES)}")
    path = (folder / Path(name).expanduser()).resolve()
    try:
        _look_into(path, path.stat().st_mtime_ns)
    except ssl.SSLError:
        raise ValueError(f"the file {name} holds no certificate in PEM form") from None
    except (OSError, ValueError) as fault:
        raise ValueError(f"the file {name} cannot be read: {reason(fault)}") from None
    return str(path)


@lru_cache(maxsize=64)
def _look_into(path: Path, _changed: int) -> None:
    """Raises what ssl says of a file; once for each state of it, however many endpoints name it."""
    ssl.create_default_context(cafile=path)
