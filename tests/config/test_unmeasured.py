import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.unmeasured import PORTALS, forbidden


@pytest.mark.parametrize(
    "host",
    [
        "gosuslugi.ru", "www.gosuslugi.ru", "ESIA.GosUslugi.ru.", "pos.gosuslugi.ru", "www.mos.ru", "nalog.ru",
        "whitehouse.gov", "gov", "www.gov.uk", "service.gov.ru", "gov.br", "www.gouv.fr", "www.gob.mx", "govt.nz",
        "army.mil", "www.mil.ru", "mil.ru", "www.kantei.go.jp", "ec.europa.eu",
    ],
)  # fmt: skip
def test_government_and_military_hosts_are_never_measured(host):
    assert forbidden(host)


@pytest.mark.parametrize(
    "host",
    [
        "web.whatsapp.com", "vk.ru", "max.ru", "mail.ru", "notgosuslugi.ru", "gosuslugi.ru.example.com", "x.go.it",
        "gov.example.com", "government.example", "mos.example", "family.com", "milk.ru", "www.go.com", "go.dev",
        "logos.ru", "192.0.2.1",
    ],
)  # fmt: skip
def test_other_hosts_may_be(host):
    assert forbidden(host) is None


@given(st.sampled_from(sorted(PORTALS)), st.lists(st.text("abcxyz0189-", min_size=1, max_size=8), max_size=3))
def test_all_names_below_a_portal_are_covered(portal, labels):
    assert forbidden(".".join([*labels, portal])) == PORTALS[portal]


@given(st.text(max_size=30))
def test_any_text_is_judged(text):
    assert forbidden(text) is None or isinstance(forbidden(text), str)
