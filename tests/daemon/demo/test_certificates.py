"""The demonstration's authority is made at its start and leaves no key behind."""

import ssl
from pathlib import Path

from daemon.demo.certificates import DAYS, make
from probes.clock import SystemClock

NOW = 1_770_840_000_000_000
NAMES = ["web.whatsapp.test", "web.max.test"]


def test_the_folder_keeps_the_authority_and_no_key(tmp_path: Path) -> None:
    make(tmp_path, NAMES, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    assert "PRIVATE KEY" not in (tmp_path / "ca.pem").read_text()


def test_the_authority_is_one_that_ssl_takes_and_is_short_lived(tmp_path: Path) -> None:
    make(tmp_path, NAMES, NOW)
    (authority,) = ssl.create_default_context(cafile=tmp_path / "ca.pem").get_ca_certs()
    begin, end = (ssl.cert_time_to_seconds(str(authority[when])) for when in ("notBefore", "notAfter"))
    assert begin < NOW / 1e6 < end
    assert end - begin == DAYS * 86_400


def test_a_client_that_trusts_it_shakes_hands_by_name(tmp_path: Path) -> None:
    context = make(tmp_path, NAMES, SystemClock().wall())
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = trusting.wrap_bio(to_client, to_server, server_hostname="web.max.test")
    shake(client, server)
    assert client.getpeercert()["subjectAltName"] == tuple(("DNS", name) for name in NAMES)


def shake(*sides: ssl.SSLObject) -> None:
    """Turn by turn until both are done."""
    waiting = list(sides)
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    assert not waiting
