"""Documents and plans from texts, in a folder of their own."""

from textwrap import dedent

import pytest

from config.document import load
from config.plan import any_family, plan

VANTAGE = """\
[vantages.home]
type = "direct"
country = "RU"
asn = 12389
consent = "my own line"
resolver = "192.0.2.53"
"""


def service(name, *endpoints, side="foreign"):
    """The text of a service; an endpoint is `probe target every` and more lines."""
    text = f'name = "{name}"\ntitle = "{name}"\nside = "{side}"\n'
    for endpoint in endpoints:
        probe, target, every, *more = endpoint.split(" ", 3)
        lines = "\n".join(more).replace("; ", "\n")
        role = "" if "role =" in lines else 'role = "chat"\n'
        text += f'[[endpoints]]\nprobe = "{probe}"\ntarget = "{target}"\nevery = "{every}"\n{role}{lines}\n'
    return text


@pytest.fixture
def write(tmp_path):
    """Write a configuration from services by name and more text; returns its path."""

    def written(services, text=VANTAGE):
        for name, content in services.items():
            (tmp_path / f"{name}.toml").write_text(content)
        listed = ", ".join(f'"./{name}.toml"' for name in services)
        (tmp_path / "reachd.toml").write_text(f"services = [{listed}]\n{dedent(text)}")
        return tmp_path / "reachd.toml"

    return written


@pytest.fixture
def document(write):
    """The document of services by name, each a list of endpoints (`tls host:443 1m`)."""

    def made(services, text=VANTAGE):
        return load(write({name: service(name, *endpoints) for name, endpoints in services.items()}, text))

    return made


@pytest.fixture
def planned(document):
    """A document and its plan, as if every vantage had all families."""

    def made(services, text=VANTAGE):
        found = document(services, text)
        return found, plan(found, any_family(found))

    return made
