import pytest
from pydantic import TypeAdapter, ValidationError

from config.names import Asn, Country, Families, Name, Names, Role, Shown, family_of, plain_name


def accepts(kind, value):
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["whatsapp", "ru1", "Home", "a", "a-b_c", "9gag", "x" * 64])
def test_names_of_services_and_vantages(name):
    assert plain_name(name) == name
    assert accepts(Name, name)


@pytest.mark.parametrize("name", ["", "hub/home", "-a", "_a", "a b", "a.b", "é", "x" * 65, "a\n", "a\x1f"])
def test_names_that_would_not_survive_in_paths_and_tags(name):
    with pytest.raises(ValueError, match="1 to 64 letters"):
        plain_name(name)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("DC 2, second address", True),
        ("é", True),
        ("a\\b", True),
        ("", False),
        ("a\\", False),
        ("a\tb", False),
        ("x" * 201, False),
    ],
)
def test_names_of_endpoints_are_printable(name, right):
    assert accepts(Shown, name) is right


@pytest.mark.parametrize(
    ("code", "right"), [("RU", True), ("NL", True), ("ru", False), ("RUS", False), ("R1", False), ("", False)]
)
def test_countries(code, right):
    assert accepts(Country, code) is right


@pytest.mark.parametrize(
    ("number", "right"), [(1, True), (4_294_967_295, True), (0, False), (4_294_967_296, False), (-1, False)]
)
def test_network_numbers(number, right):
    assert accepts(Asn, number) is right


@pytest.mark.parametrize("role", ["chat", "web", "registration", "media", "call", "push", "site", "status"])
def test_roles_are_those_of_the_design(role):
    assert accepts(Role, role)
    assert not accepts(Role, role.upper())


@pytest.mark.parametrize(
    ("families", "right"),
    [(("ipv4",), True), (("ipv6", "ipv4"), True), ((), False), (("ipv4", "ipv4"), False), (("any",), False)],
)
def test_families(families, right):
    assert accepts(Families, families) is right


def test_a_list_of_names_has_each_once():
    with pytest.raises(ValidationError, match="max is named twice"):
        TypeAdapter(Names).validate_python(("max", "vk", "max"))


@pytest.mark.parametrize(
    ("host", "family"),
    [("192.0.2.1", "ipv4"), ("2001:db8::1", "ipv6"), ("chat.example", None), ("", None), ("1.2.3", None)],
)
def test_the_family_of_an_address(host, family):
    assert family_of(host) == family
