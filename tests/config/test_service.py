from dataclasses import replace
from pathlib import Path

import pytest

from config.budget import violations, warnings
from config.contacts import OWN_RESOLVER, TARGET, Contact, Load, loads, refused
from config.document import load
from config.faults import Origin
from config.names import BOTH, family_of
from config.plan import any_family, plan
from config.quantities import DAY
from config.reading import parse
from config.service import OverrideKeys, override, read_service, read_services, shipped_services
from probes.plugin import PROBES

STATUS = "status"
HOME = '[vantages.home]\ntype = "direct"\ncountry = "RU"\nasn = 1\nconsent = "mine"\n'
FOLDER = Path(__file__).parents[2] / "config" / "services"
ENDPOINT = '[[endpoints]]\nrole = "web"\nprobe = "tls"\ntarget = "a:1"\nevery = "1m"\n'
MINE = f'name = "mine"\ntitle = "Mine"\nside = "foreign"\n{ENDPOINT}'


def sourced(text, folder=Path()):
    faults: list = []
    source = parse(text, folder, "reachd.toml", faults)
    assert source is not None
    return source


def shipped(name):
    faults: list = []
    (service,) = read_services(sourced(f'services = ["{name}"]'), faults).services
    assert faults == []
    return service


# ---- the reading of services ----


def test_a_service_holds_its_endpoints_in_the_order_of_the_file():
    faults: list = []
    service = read_service(sourced(MINE + ENDPOINT.replace("a:1", "b:1")), faults, shipped=False)
    assert faults == []
    assert service is not None
    assert (service.name, service.title, service.side) == ("mine", "Mine", "foreign")
    assert [endpoint.target for endpoint in service.endpoints] == ["a:1", "b:1"]


def test_services_are_found_by_name_and_by_path(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    faults: list = []
    listed = read_services(sourced('services = ["vk", "./mine.toml"]', tmp_path), faults)
    assert faults == []
    assert [(service.name, service.shipped) for service in listed.services] == [("mine", False), ("vk", True)]
    assert listed.places == {"vk": 0, "mine": 1}
    assert listed.complete


def test_a_service_of_ones_own_may_take_the_place_of_a_shipped_one(tmp_path):
    (tmp_path / "max.toml").write_text(MINE.replace('"mine"', '"max"'))
    faults: list = []
    (service,) = read_services(sourced('services = ["max.toml"]', tmp_path), faults).services
    assert faults == []
    assert (service.name, service.shipped, len(service.endpoints)) == ("max", False, 1)


def test_but_not_stand_beside_it(tmp_path):
    (tmp_path / "max.toml").write_text(MINE.replace('"mine"', '"max"'))
    faults: list = []
    read_services(sourced('services = ["max", "max.toml"]', tmp_path), faults)
    assert [str(fault) for fault in faults] == [
        "reachd.toml:1: services[1]: max.toml is a second service named max: rename it in its file, or remove one"
    ]


def test_a_service_with_a_fault_keeps_its_name_known(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE.replace("foreign", "east"))
    faults: list = []
    listed = read_services(sourced('services = ["mine.toml"]', tmp_path), faults)
    assert (listed.services, listed.names, listed.complete) == ((), ("mine",), True)


def test_a_file_that_is_no_toml_leaves_the_list_incomplete(tmp_path):
    (tmp_path / "mine.toml").write_text("name")
    faults: list = []
    assert not read_services(sourced('services = ["mine.toml"]', tmp_path), faults).complete


def test_an_override_is_where_its_faults_are_told():
    service = shipped("controls")
    here = Origin("reachd.toml", 9, "override.controls")
    changed = override(service, OverrideKeys.model_validate_json('{"every": "5s"}'), here)
    assert {(each.every, each.timeout, each.origin) for each in changed.endpoints} == {(5, 5.0, here)}
    assert override(service, OverrideKeys(), here) == service


# ---- what is shipped ----


def test_the_services_of_the_design_are_shipped():
    assert set(shipped_services()) == {"whatsapp", "telegram", "signal", "facetime", "max", "vk", "controls"}
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(shipped_services())


@pytest.mark.parametrize("name", shipped_services())
def test_a_shipped_service_is_named_like_its_file_and_says_its_sources(name):
    service = shipped(name)
    assert service.name == name
    assert "# Source" in (FOLDER / f"{name}.toml").read_text()
    assert {endpoint.probe for endpoint in service.endpoints} <= set(PROBES.names())


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("whatsapp", "foreign"), ("telegram", "foreign"), ("signal", "foreign"), ("facetime", "foreign"),
        ("max", "domestic"), ("vk", "domestic"), ("controls", "control"),
    ],
)  # fmt: skip
def test_sides(name, side):
    assert shipped(name).side == side


def targets(name, **conditions):
    return {
        endpoint.target
        for endpoint in shipped(name).endpoints
        if all(getattr(endpoint, key) == value for key, value in conditions.items())
    }


def test_whatsapp_is_measured_by_role():
    assert {"g.whatsapp.net:5222", "g.whatsapp.net:443"} <= targets("whatsapp", role="chat", probe="whatsapp")
    assert targets("whatsapp", role="web", probe="whatsapp") == {"wss://web.whatsapp.com/ws/chat"}
    assert targets("whatsapp", role="web", probe="http") == {"https://web.whatsapp.com/"}
    assert targets("whatsapp", role="registration", probe="http") == {"https://v.whatsapp.net/v2/register"}
    assert targets("whatsapp", role="media", probe="tls") == {"mmg.whatsapp.net:443", "static.whatsapp.net:443"}
    assert {endpoint.role for endpoint in shipped("whatsapp").endpoints} == {
        "chat",
        "web",
        "registration",
        "media",
        "site",
    }


def test_whatsapps_names_are_asked_for_at_the_vantages_resolver_and_at_the_national_dns():
    asked = {}
    for endpoint in shipped("whatsapp").endpoints:
        if endpoint.probe == "dns":
            asked[endpoint.target] = {name for name, _options in endpoint.options.variants("ipv4")}
    for name in ("web.whatsapp.com", "g.whatsapp.net"):
        assert asked[name] == {f"{name}/A@vantage", f"{name}/A@195.208.4.1/udp", f"{name}/A@195.208.5.1/udp"}


def test_what_signal_says_of_itself_is_asked_for_and_is_never_evidence():
    (status,) = (each for each in shipped("signal").endpoints if each.role == STATUS)
    assert (status.probe, status.target) == ("dns", "uptime.signal.org")
    assert status.options.model_dump()["signs"] == ("127.0.0.1", "127.0.0.2")


def test_signals_servers_are_held_against_both_sets_where_its_authority_is_known():
    assert targets("signal", probe="signal") == {
        "https://chat.signal.org/",
        "https://storage.signal.org/",
        "https://cdsi.signal.org/",
    }
    for endpoint in shipped("signal").endpoints:
        if endpoint.probe == "signal":
            assert {name for name, _alpn in endpoint.options.trusts()} == {"signal", "signal+public"}
            assert endpoint.options.model_dump()["page"] == (endpoint.target == "https://chat.signal.org/")


def test_telegrams_data_centres_are_measured_in_both_families():
    literal = [
        family_of(endpoint.options.contacts()[0])
        for endpoint in shipped("telegram").endpoints
        if endpoint.probe == "telegram"
    ]
    assert literal.count("ipv4") == 6
    assert literal.count("ipv6") == 5


@pytest.mark.parametrize(
    ("service", "target", "trust"),
    [
        ("signal", "https://chat.signal.org/", "signal"),
        ("facetime", "init.ess.apple.com:443", "apple"),
        ("max", "api2.oneme.ru:443", "ru-state"),
        ("max", "api.oneme.ru:443", "public"),
    ],
)
def test_private_authorities_are_trusted_where_they_are_used(service, target, trust):
    (endpoint,) = (each for each in shipped(service).endpoints if each.target == target)
    assert endpoint.options.model_dump()["trust"] == trust


def test_a_domestic_name_shows_that_the_national_dns_answers_at_all():
    (endpoint,) = (each for each in shipped("vk").endpoints if each.probe == "dns")
    assert {"195.208.4.1", "195.208.5.1"} <= set(endpoint.options.contacts())


def test_both_families_have_controls():
    families = {family for endpoint in shipped("controls").endpoints for family in endpoint.families}
    assert families == BOTH


# ---- shipped services stay inside the limits ----


def everything_from(folder, *vantages):
    """All shipped services from some vantages, in one document with its plan."""
    names = ", ".join(f'"{name}"' for name in shipped_services())
    places = "".join(HOME.replace("home", vantage) for vantage in vantages)
    (folder / "reachd.toml").write_text(f"services = [{names}]\n{places}")
    document = load(folder / "reachd.toml")
    return document, plan(document, any_family(document))


@pytest.fixture
def everything(tmp_path):
    return everything_from(tmp_path, "home")


def test_each_target_as_written_stays_inside_the_limits(everything):
    assert violations(*everything) == ()
    assert warnings(*everything) == ()


@pytest.fixture(scope="module")
def from_ten_places(tmp_path_factory):
    """Another vantage name is another set of offsets, and so another chance for things to be due together."""
    return everything_from(tmp_path_factory.mktemp("ten"), *(f"place{number}" for number in range(10)))[1]


@pytest.mark.parametrize("name", shipped_services())
def test_all_names_of_a_service_on_one_address_stay_inside_the_limit(from_ten_places, name):
    """The worst case: one front that serves all of them, played ahead by the runner's own rule."""
    named = [
        each
        for each in from_ten_places.assignments
        if each.series.service == name and not each.options.asks and family_of(each.options.contacts()[0]) is None
    ]
    for vantage, family in sorted({(each.series.vantage, each.series.family) for each in named}):
        members = tuple(each for each in named if (each.series.vantage, each.series.family) == (vantage, family))
        front = Load(Contact(vantage, "192.0.2.1", asked=False, family=family), members, *TARGET)
        assert front.excess <= 1
        lost = sum(refused(front, DAY // 4).values())
        assert lost <= 0.002 * front.rate * DAY / 4


def test_all_services_together_stay_inside_the_limit_of_the_vantages_own_resolver(everything):
    document, planned = everything
    (own,) = (each for each in loads(planned, document.limits) if each.contact.host == "system")
    assert (own.every, own.burst) == OWN_RESOLVER
    assert own.excess < 0.1
    assert refused(own, 3_600) == {}


def test_an_interval_of_a_second_would_break_the_limit(everything):
    """The test above can fail."""
    document, planned = everything
    fast = tuple(replace(each, every=1, offset=0) for each in planned.assignments)
    assert violations(document, replace(planned, assignments=fast)) != ()
