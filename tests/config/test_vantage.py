from pathlib import Path

import pytest

from config.names import BOTH
from config.reading import parse
from config.vantage import read_vantages
from probes.plugin import VANTAGES


def found(text):
    faults: list = []
    source = parse(text, Path("folder"), "x.toml", faults)
    assert source is not None
    return read_vantages(source, faults), [str(fault) for fault in faults]


def one(text):
    (setting,), faults = found(text)
    assert faults == []
    return setting


DIRECT = '[vantages.home]\ntype = "direct"\nconsent = "mine"\n'
SOURCE = '[vantages.line]\ntype = "source"\nconsent = "mine"\nresolver = "195.208.4.1"\n'


def test_a_vantage_with_no_more_than_it_needs():
    setting = one(DIRECT)
    assert (setting.name, setting.type, setting.country, setting.asn) == ("home", "direct", "", None)
    assert (setting.services, setting.resolver, setting.possible) == (None, "system", BOTH)
    assert {"tcp", "udp", "system_dns"} <= setting.carries


def test_a_vantage_with_all_it_can_have():
    setting = one(DIRECT + 'country = "RU"\nasn = 12389\nservices = ["max"]\nresolver = "tcp://195.208.4.1:5353"\n')
    assert (setting.country, setting.asn, setting.services) == ("RU", 12389, ("max",))
    assert setting.resolver == "tcp://195.208.4.1:5353"


@pytest.mark.parametrize(
    ("line", "possible"),
    [
        ('address = "192.0.2.1"', {"ipv4"}),
        ('address = "2001:db8::1"', {"ipv6"}),
        ('interface = "wwan0"', {"ipv4", "ipv6"}),
    ],
)
def test_a_vantage_that_is_bound_to_an_address_has_its_family_only(line, possible):
    setting = one(SOURCE + line + "\n")
    assert setting.possible == possible
    assert "system_dns" not in setting.carries


MORE = {
    "source": 'address = "127.0.0.2"\n',
    "netns": 'netns = "lab"\n',
    "socks5": 'address = "192.0.2.7:1080"\n',
    "http_proxy": 'address = "192.0.2.7:3128"\n',
}


@pytest.mark.parametrize("type_", [plugin.name for plugin in VANTAGES])
def test_system_is_for_types_that_carry_it(type_):
    """Whatever types come, the rule follows from what they say that they carry."""
    settings, faults = found(
        f'[vantages.v]\ntype = "{type_}"\nconsent = "mine"\nresolver = "system"\n{MORE.get(type_, "")}'
    )
    if type_ == "direct":
        assert faults == []
    else:
        assert settings == ()
        assert faults[0].startswith("x.toml:4: vantages.v.resolver: must not be system; ")


PROXY = '[vantages.exit]\ntype = "socks5"\naddress = "192.0.2.7:1080"\nconsent = "mine"\n'


def test_a_proxy_with_a_login_from_elsewhere(monkeypatch):
    monkeypatch.setenv("EXIT", "hush")
    setting = one(PROXY + 'user = "r"\npassword = { env = "EXIT" }\nresolver = "tcp://195.208.4.1"\nudp = true\n')
    assert setting.options.secret == "hush"
    assert "hush" not in repr(setting)
    assert setting.carries == {"tcp", "udp"}
    assert setting.possible == {"ipv4"}


def test_a_changed_password_is_a_changed_vantage(monkeypatch):
    text = PROXY + 'user = "r"\npassword = { env = "EXIT" }\nresolver = "tcp://195.208.4.1"\n'
    monkeypatch.setenv("EXIT", "hush")
    before = one(text)
    assert one(text) == before
    monkeypatch.setenv("EXIT", "other")
    assert one(text) != before


def test_a_password_that_cannot_be_read_is_told_at_its_key(monkeypatch):
    monkeypatch.delenv("EXIT", raising=False)
    settings, faults = found(PROXY + 'user = "r"\npassword = { env = "EXIT" }\nresolver = "tcp://195.208.4.1"\n')
    assert settings == ()
    assert faults == ["x.toml:6: vantages.exit.password: the environment variable EXIT is not set"]


def test_where_names_are_looked_up_there_no_resolver_is_needed():
    setting = one(PROXY + "remote_names = true\n")
    assert setting.possible == {"ipv4", "any"}
    assert "remote_names" in setting.carries


def test_all_faults_of_all_vantages_come_at_once():
    settings, faults = found(
        '[vantages.a]\ntype = "direct"\nconsent = ""\nasn = 0\ncolour = "red"\n'
        '[vantages."b c"]\ntype = "source_"\n[vantages.c]\n'
    )
    assert settings == ()
    assert [fault.split(": ")[1] for fault in faults] == [
        "vantages.a.asn",
        "vantages.a.consent",
        "vantages.a.colour",
        'vantages."b c"',
        'vantages."b c".consent',
        'vantages."b c".type',
        "vantages.c.type",
        "vantages.c.consent",
    ]


def test_vantages_come_by_name_whatever_their_order():
    settings, _faults = found(SOURCE + 'interface = "a"\n' + DIRECT)
    assert [setting.name for setting in settings] == ["home", "line"]


@pytest.mark.parametrize("text", ["", "[vantages]\n"])
def test_one_vantage_there_must_be(text):
    settings, (fault,) = found(text)
    assert settings == ()
    assert 'add [vantages.here] with type = "direct" and consent' in fault


def test_where_it_stands_is_kept_and_is_no_part_of_what_it_is():
    near, far = one(DIRECT), one("\n\n" + DIRECT)
    assert (near.origin.line, far.origin.line) == (1, 3)
    assert near == far
