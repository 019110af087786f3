"""The client's side of Noise XX up to the server's first answer, as far as that needs no identity of our own."""

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NAME = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")
KEY = 32
"""Bytes of a key."""
NONCE = bytes(12)
"""Every key of these messages is used once."""


class Handshake:
    """The state that both sides build of what they say: it starts from a prologue that both know."""

    __slots__ = ("chain", "digest", "key", "private", "public")

    def __init__(self, prologue: bytes, private: X25519PrivateKey | None = None) -> None:
        """A fresh key unless one is given; the prologue is what went over the wire before."""
        self.private = private or X25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()
        self.chain = self.digest = self.key = NAME
        self.hear(prologue)

    def hear(self, said: bytes) -> None:
        """Take in what was said in plain (MixHash)."""
        self.digest = sha256(self.digest + said).digest()

    def agree(self, private: X25519PrivateKey, public: bytes) -> None:
        """Take in what two keys share (MixKey). Raises ValueError for a public key that shares nothing."""
        self.chain, self.key = derive(self.chain, private.exchange(X25519PublicKey.from_public_bytes(public)))

    def open(self, said: bytes) -> bytes:
        """Decrypt and take in what was said. Raises ValueError for what was not encrypted with this key."""
        try:
            plain = AESGCM(self.key).decrypt(NONCE, said, self.digest)
        except InvalidTag:
            raise ValueError("cannot be decrypted") from None
        self.hear(said)
        return plain

    def seal(self, plain: bytes) -> bytes:
        """Encrypt what is to be said, and take it in."""
        said = AESGCM(self.key).encrypt(NONCE, plain, self.digest)
        self.hear(said)
        return said

    def answered(self, ephemeral: bytes, static: bytes, payload: bytes) -> bytes:
        """Check the server's `e, ee, s, es`; the payload decrypted. Raises ValueError."""
        self.hear(ephemeral)
        self.agree(self.private, ephemeral)
        self.agree(self.private, self.open(static))
        return self.open(payload)


def derive(chain: bytes, secret: bytes) -> tuple[bytes, bytes]:
    """HKDF with two outputs, as Noise has it (revision 34, section 4.3)."""
    root = hmac.digest(chain, secret, "sha256")
    first = hmac.digest(root, b"\x01", "sha256")
    return first, hmac.digest(root, first + b"\x02", "sha256")
