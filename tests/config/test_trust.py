import re
import ssl
from hashlib import sha256
from pathlib import Path

import pytest

from config.trust import NAMES, SHIPPED, settle_trust, trust_file

FOLDER = Path(__file__).parents[2] / "config" / "trust"


def der(path):
    return ssl.PEM_cert_to_DER_cert(path.read_text())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_root_is_one_certificate_with_the_fingerprint_of_the_readme(name):
    path = trust_file(name)
    assert path is not None
    assert path.read_text().count("BEGIN CERTIFICATE") == 1
    table = (FOLDER / "README.md").read_text()
    (fingerprint,) = re.findall(rf"^\| `{name}` \| {name}\.pem \|.*\| `([0-9A-F]{{64}})` \|", table, re.MULTILINE)
    assert sha256(der(path)).hexdigest().upper() == fingerprint


def test_the_readme_and_the_folder_name_the_same_files():
    files = {path.stem for path in FOLDER.glob("*.pem")}
    assert files == set(SHIPPED)
    assert set(re.findall(r"(\S+)\.pem \|", (FOLDER / "README.md").read_text())) == files


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_root_is_self_signed_and_still_valid(name):
    path = trust_file(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    (certificate,) = context.get_ca_certs()
    assert certificate["subject"] == certificate["issuer"]
    assert re.search(r"20[3-9][0-9] GMT", str(certificate["notAfter"]))


@pytest.mark.parametrize("name", ["public", "observe", "sgnal", ""])
def test_names_without_a_file(name):
    assert trust_file(name) is None


def test_a_file_of_ones_own_stands_for_itself():
    assert trust_file("/etc/own.pem") == Path("/etc/own.pem")


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_names(tmp_path, name):
    assert settle_trust(name, tmp_path) == name


def test_a_file_becomes_absolute(tmp_path):
    (tmp_path / "own.pem").write_text((FOLDER / "apple.pem").read_text())
    assert settle_trust("own.pem", tmp_path) == str(tmp_path / "own.pem")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("appel", None, "'appel' is no trust: write public, apple, .* or FILE.pem; did you mean apple"),
        ("own.crt", "x", "'own.crt' is no trust"),
        ("own.pem", None, "the file own.pem cannot be read: no such file or directory"),
        ("own.pem", "x", "the file own.pem holds no certificate in PEM form"),
        ("own.pem", "", "the file own.pem holds no certificate in PEM form"),
    ],
)
def test_what_cannot_be_trusted(tmp_path, name, content, what):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=what):
        settle_trust(name, tmp_path)
