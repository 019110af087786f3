"""What a closer look proves about a mechanism, and about who is in the path: the one rule, for detection to apply."""

from probes.diagnosis import Finding

SNI = ".sni"
"""Suffix of a mechanism whose trigger is the name in the hello."""
BY_NAME = frozenset({Finding.SNI, Finding.SNI_OR_ADDRESS})
"""The target's name fails at an innocent address that answers to another strange name: no server of the target has a
part in that. `sni_and_address` is not among them: a server that breaks off its own name looks the same."""
HELLO = frozenset({"tls.reset", "tls.drop", "tls.eof", "tls.alert", "quic.drop"})
"""Mechanisms in which a hello was answered with its end, or not at all."""
SAYS_NOTHING = frozenset({Finding.FLAKY, Finding.WELL, Finding.NOTHING_FOUND, Finding.LOCAL})
"""Findings that take nothing back of what was proved before."""


def proved(finding: str, mechanism: str) -> str:
    """The mechanism with what a finding adds to it: `tls.reset` becomes `tls.reset.sni`; as it is without a proof."""
    return mechanism + SNI if finding in BY_NAME and mechanism in HELLO else mechanism


def in_path(finding: str) -> bool:
    """Whether something between the vantage and the target does it, whatever other places say."""
    return finding in BY_NAME


def latest(before: str, finding: str) -> str:
    """What is known after one more look."""
    return before if finding in SAYS_NOTHING else str(finding)
