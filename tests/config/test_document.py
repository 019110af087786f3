import os
import re
import time
from dataclasses import FrozenInstanceError
from pathlib import Path
from textwrap import dedent

import pytest

from config.budget import violations
from config.document import example, load, starter
from config.faults import ConfigError, listed
from config.plan import any_family, plan
from config.service import shipped_services
from probes.plugin import PROBES

BAD = sorted((Path(__file__).parent / "bad").glob("*.toml"))
SECRET = "hunter2-in-the-open"
SIX = """\
name = "six"
title = "Six"
side = "foreign"

[[endpoints]]
role = "chat"
probe = "tls"
target = "[2001:db8::1]:443"
every = "1m"
"""
SMALL = """\
services = ["controls"]

[vantages.home]
type = "direct"
country = "RU"
asn = 12389
consent = "my own line"
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder that is the working directory, with a secret and a file that is no certificate."""
    monkeypatch.chdir(tmp_path)
    Path("token").write_text("t0ken\n")
    Path("token.pem").write_text("no certificate")
    Path("six.toml").write_text(SIX)
    return tmp_path


def loaded(text, **files):
    """The document of a text in the working directory, with other files beside it."""
    for name, content in files.items():
        Path(f"{name}.toml").write_text(dedent(content))
    Path("reachd.toml").write_text(dedent(text))
    return load(Path("reachd.toml"))


def faults_of(text, **files):
    with pytest.raises(ConfigError) as caught:
        loaded(text, **files)
    return str(caught.value).splitlines()


# ---- one bad file for each mistake ----


def complaints(path):
    """What load, plan and budget say of a file, without its name."""
    text = path.read_text()
    if path.name.startswith("service-"):
        Path(path.name).write_text(text)
        text = SMALL.replace('"controls"', f'"./{path.name}"')
    try:
        document = loaded(text)
        planned = plan(document, any_family(document))
    except ConfigError as error:
        found = error.faults
    else:
        found = violations(document, planned)
    return [str(fault).removeprefix("reachd.toml:").removeprefix(f"{path.name}:") for fault in found]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_line_and_key(home, path):
    text = path.read_text().replace("PROBES", listed(PROBES.names()))
    expected = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    assert complaints(path) == expected


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_shows_no_secret(home, path):
    text = path.read_text()
    said = "\n".join(complaints(path))
    assert SECRET not in said
    assert "t0ken" not in said
    assert said, text


def test_all_mistakes_of_all_files_come_at_once(home):
    said = faults_of(
        """\
        services = ["controls", "whatsap", "./one.toml", "./two.toml", "./three.toml"]
        journal = 3
        [vantages.home]
        type = "direkt"
        [influxdb]
        url = "nowhere"
        token = "secret in the open"
        """,
        one="""\
        name = "one"
        title = "One"
        side = "east"
        [[endpoints]]
        role = "chat"
        probe = "tls"
        target = "host"
        every = "0s"
        [[endpoints]]
        """,
        two="name = ",
    )
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in said] == [
        "one.toml:3: side",
        "one.toml:7: endpoints[0].target",
        "one.toml:8: endpoints[0].every",
        "one.toml:9: endpoints[1].every",
        "one.toml:9: endpoints[1].probe",
        "one.toml:9: endpoints[1].role",
        "reachd.toml:1: services[1]",
        "reachd.toml:1: services[4]",
        "reachd.toml:2: journal",
        "reachd.toml:3: vantages.home.consent",
        "reachd.toml:4: vantages.home.type",
        "reachd.toml:5: influxdb.bucket",
        "reachd.toml:5: influxdb.org",
        "reachd.toml:6: influxdb.url",
        "reachd.toml:7: influxdb.token",
        "two.toml:1: is no TOML",
    ]
    assert "secret in the open" not in "\n".join(said)


def test_a_text_that_is_not_utf_8_is_told_with_its_line(home):
    Path("reachd.toml").write_bytes(SMALL.encode() + '[vantages.офис]\ntitle = "caf'.encode() + b'\xe9"\n')
    with pytest.raises(ConfigError, match=r"^reachd.toml:9: is not UTF-8 text: byte 0xe9; save it as UTF-8$"):
        load(Path("reachd.toml"))


def test_a_service_that_is_not_utf_8_is_told_by_its_own_name(home):
    Path("mine.toml").write_bytes(b'name = "mine"\ntitle = "\xff"\n')
    assert faults_of(SMALL.replace('"controls"', '"controls", "mine.toml"')) == [
        "mine.toml:2: is not UTF-8 text: byte 0xff; save it as UTF-8"
    ]


def test_a_byte_order_mark_is_no_mistake(home):
    Path("reachd.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load(Path("reachd.toml")).services


@pytest.mark.parametrize(
    ("name", "why"),
    [("absent.toml", "no such file or directory"), (".", "is a directory"), ("a\0b", "embedded null byte")],
)
def test_a_configuration_that_cannot_be_read_is_told(home, name, why):
    with pytest.raises(ConfigError) as caught:
        load(Path(name))
    assert str(caught.value) == f"{name}:1: cannot be read: {why}"


def test_a_file_without_permission_is_told(home):
    if os.geteuid() == 0:
        Path("reachd.toml").symlink_to("reachd.toml")  # root may read everything, but nobody reads a loop
        why = "too many levels of symbolic links"
    else:
        Path("reachd.toml").write_text(SMALL)
        Path("reachd.toml").chmod(0)
        why = "permission denied"
    with pytest.raises(ConfigError, match=why):
        load(Path("reachd.toml"))


def test_a_text_nested_without_end_is_told(home):
    Path("reachd.toml").write_text("services = " + "[" * 20_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(Path("reachd.toml"))


def test_nothing_in_a_file_that_is_listed_but_broken_is_called_unknown_elsewhere(home):
    said = faults_of(
        SMALL.replace('"controls"', '"controls", "./mine.toml"') + 'services = ["controls", "mine"]\n', mine="="
    )
    assert said == ["mine.toml:1: is no TOML: invalid statement"]


# ---- what a right one comes to ----


def test_the_example_of_the_design_loads(home, monkeypatch):
    """The TOML of docs/design.md, with types that exist."""
    monkeypatch.setenv("INFLUXDB_TOKEN", "from the environment")
    document = loaded(
        """\
        services = ["whatsapp", "telegram", "signal", "facetime", "max", "vk", "controls", "./mine.toml"]
        journal = "reachd-data/journal.db"

        [vantages.home]
        type = "direct"
        country = "RU"
        asn = 12389
        consent = "my own line"
        services = ["whatsapp", "max", "controls"]
        resolver = "system"

        [vantages.exit]
        type = "source"
        address = "127.0.0.2"
        resolver = "tcp://195.208.4.1"
        country = "NL"
        asn = 1103
        consent = "my own server"

        [influxdb]
        url = "http://127.0.0.1:8086"
        org = "reachd"
        bucket = "reachd"
        token = { env = "INFLUXDB_TOKEN" }
        proxy = "socks5://127.0.0.1:9050"

        [web]
        listen = "127.0.0.1:8642"

        [alerts.desk]
        type = "webhook"
        url = "https://example.org/hook"
        secret = { file = "token" }
        via = "exit"

        [retention]
        raw_days = 30
        raw_bytes = "20 GB"
        min_free = "2 GB"

        [override.whatsapp]
        every = "5m"

        [detect]
        false_events = "1 per 50 vantage-months"
        flash = "30s"

        [[limits]]
        addresses = ["127.0.0.0/8", "198.51.100.7"]
        every = "0.1s"
        burst = 200
        consent = "my own servers"
        """,
        mine="""\
        name = "mine"
        title = "Mine"
        side = "foreign"
        [[endpoints]]
        role = "site"
        probe = "http"
        target = "https://mine.example/"
        every = "10s"
        """,
    )
    assert [service.name for service in document.services] == sorted(
        ["whatsapp", "telegram", "signal", "facetime", "max", "vk", "controls", "mine"]
    )
    assert [vantage.name for vantage in document.vantages] == ["exit", "home"]
    home_, exit_ = document.vantages[1], document.vantages[0]
    assert (home_.country, home_.asn, home_.services) == ("RU", 12389, ("whatsapp", "max", "controls"))
    assert (exit_.resolver, exit_.possible) == ("tcp://195.208.4.1", frozenset({"ipv4"}))
    assert document.influxdb is not None
    assert document.influxdb.token.reveal() == "from the environment"
    assert document.alerts["desk"].secret is not None
    assert document.alerts["desk"].secret.reveal() == "t0ken"
    assert (document.retention.raw_bytes, document.detect.flash, document.detect.false_events) == (
        20 * 10**9,
        30.0,
        0.02,
    )
    assert (document.limits[0].every, document.limits[0].burst) == (0.1, 200)


def test_nothing_of_a_document_shows_a_secret(home):
    document = loaded(
        SMALL + '[influxdb]\nurl = "http://[::1]:8086"\norg = "o"\nbucket = "b"\ntoken = { file = "token" }\n'
    )
    assert "t0ken" not in repr(document)
    assert document.influxdb is not None
    assert "t0ken" not in repr(document.influxdb.model_dump())


def test_a_document_is_frozen(home):
    document = loaded(SMALL)
    with pytest.raises(FrozenInstanceError):
        document.file = "other"


def test_equal_texts_are_equal_documents_wherever_their_lines_stand(home):
    assert loaded(SMALL) == loaded(SMALL.replace("\n[vantages", "\n\n# moved\n\n[vantages"))
    assert loaded(SMALL) != loaded(SMALL.replace("12389", "12390"))


def test_relative_paths_start_from_the_file_that_names_them(home):
    (home / "etc" / "services").mkdir(parents=True)
    authority = (Path(__file__).parents[2] / "config" / "trust" / "signal.pem").read_bytes()
    (home / "etc" / "services" / "own.pem").write_bytes(authority)
    (home / "etc" / "services" / "mine.toml").write_text(
        'name = "mine"\ntitle = "M"\nside = "foreign"\n[[endpoints]]\nrole = "chat"\nprobe = "tls"\n'
        'target = "h.example:1"\nevery = "1m"\ntrust = "own.pem"\n'
    )
    (home / "etc" / "key").write_text("k3y")
    (home / "etc" / "reachd.toml").write_text(
        SMALL.replace('"controls"', '"services/mine.toml"')
        + '[influxdb]\nurl = "http://h"\norg = "o"\nbucket = "b"\ntoken = { file = "key" }\n'
    )
    document = load(Path("etc/reachd.toml"))
    assert document.journal == Path("etc/reachd-data/journal.db")
    assert document.influxdb is not None
    assert document.influxdb.token.reveal() == "k3y"
    options = document.services[0].endpoints[0].options
    assert options.model_dump()["trust"] == str(home / "etc" / "services" / "own.pem")


def test_an_override_changes_all_endpoints_and_cuts_their_timeouts(home):
    document = loaded(SMALL + '[override.controls]\nevery = "20s"\n')
    assert {endpoint.every for endpoint in document.services[0].endpoints} == {20}
    document = loaded(SMALL + '[override.controls]\ntimeout = "2s"\n')
    assert {endpoint.timeout for endpoint in document.services[0].endpoints} == {2.0}
    assert {endpoint.every for endpoint in document.services[0].endpoints} == {60, 120, 900}
    document = loaded(SMALL + '[override.controls]\nevery = "3s"\n')
    assert {endpoint.timeout for endpoint in document.services[0].endpoints} == {3.0}


def test_what_has_no_effect_yet_is_accepted_and_said(home):
    document = loaded(
        SMALL
        + '[web]\nlisten = "0.0.0.0:80"\ntoken = { file = "token" }\n[alerts.desk]\ntype = "webhook"\nurl = "https://h/"\n'
        + '[detect]\nfalse_events = "1 per 10 vantage-months"\n'
    )
    assert [notice.split(": has no effect yet: ")[0] for notice in document.notices] == [
        "reachd.toml:15: detect.false_events",
    ]


def test_a_vantage_without_country_and_network_is_noticed(home):
    document = loaded(SMALL.replace('country = "RU"\n', "").replace("asn = 12389\n", ""))
    (notice,) = document.notices
    assert notice.startswith("reachd.toml:3: vantages.home: no country and no asn: ")
    assert loaded(SMALL).notices == ()


# ---- what is shipped ----


def test_without_a_configuration_the_shipped_example_runs_where_we_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    document = load(None)
    assert document.journal == tmp_path / "reachd-data" / "journal.db"
    assert [service.name for service in document.services] == list(shipped_services())
    assert [(vantage.name, vantage.type) for vantage in document.vantages] == [("here", "direct")]
    assert document.influxdb is None
    assert document.file == str(example())


def test_systemds_state_directory_holds_the_journal_of_the_example(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/reachd:{tmp_path}/other")
    assert load(None).journal == tmp_path / "reachd" / "reachd-data" / "journal.db"


def test_a_named_configuration_does_not_heed_the_state_directory(home, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/reachd")
    assert loaded(SMALL).journal == Path("reachd-data/journal.db")


def uncommented(text):
    """The starter with everything that can be set, set."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def test_what_init_writes_is_right(home):
    document = loaded(starter())
    planned = plan(document, any_family(document))
    assert violations(document, planned) == ()
    assert planned.assignments


def test_what_init_writes_is_right_with_every_line_in_use(home, monkeypatch):
    monkeypatch.setenv("INFLUXDB_TOKEN", "t")
    monkeypatch.setenv("DESK_SECRET", "s")
    monkeypatch.setenv("PAGE_TOKEN", "p")
    monkeypatch.setenv("EXIT_PASSWORD", "e")
    shipped = Path(__file__).parents[2] / "config" / "trust"
    Path("store.pem").write_bytes((shipped / "apple.pem").read_bytes())
    document = loaded(uncommented(starter()))
    assert [vantage.name for vantage in document.vantages] == ["exit", "home", "modem", "tunnel"]
    assert document.influxdb is not None
    assert document.influxdb.ca == str(home / "store.pem")
    assert document.limits[0].burst == 200
    assert document.web is not None
    assert document.web.hosts == ("reachd.example.org",)
    assert violations(document, plan(document, any_family(document))) == ()


def test_a_thousand_endpoints_are_loaded_and_planned_well_within_two_seconds(home):
    """`reachd run` lays its schedule within 2 s of start; half of that is left for the rest of it."""
    endpoint = '[[endpoints]]\nrole = "site"\nprobe = "http"\ntarget = "https://h{}.example/"\nevery = "1m"\n'
    mine = 'name = "mine"\ntitle = "M"\nside = "foreign"\n' + "".join(
        endpoint.format(number) for number in range(1_000)
    )
    load(None)  # what is imported once is not counted
    begin = time.perf_counter()
    document = loaded(SMALL.replace('"controls"', '"mine.toml"'), mine=mine)
    planned = plan(document, any_family(document))
    seconds = time.perf_counter() - begin
    assert len(planned.assignments) == 1_000
    assert seconds < 1.5, f"{seconds:.2f} s"
