"""What the cells of a diagnosis show; above all what they do not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.diagnosis import Arm, Cell, Finding
from probes.finding import ANSWERED, Reading, answered, finding, reading
from probes.record import Kind, Phase

RESET = (Phase.TLS, Kind.RESET)
SILENCE = (Phase.TLS, Kind.TIMEOUT)
TCP = (Phase.TCP, Kind.TIMEOUT)
NXDOMAIN = (Phase.DNS, Kind.DNS_NXDOMAIN)
STRANGER = (Phase.TLS, Kind.TLS_HOSTNAME)
LOCAL = (Phase.TCP, Kind.LOCAL)
OK = None
Outcome = tuple[Phase, Kind] | None
PROOFS = set(list(Finding)[: list(Finding).index(Finding.RESIDUAL) + 1])


def cell(arm: Arm, came: Outcome, begin: float = 0.0, alert: int | None = None) -> Cell:
    phase, kind = came or ("", "")
    return Cell(arm, begin, 0.1, phase=phase, kind=kind, alert=alert)


def seen(*came: tuple[Arm, Outcome]) -> Finding:
    """The finding of cells that were measured in this order."""
    return finding(cell(arm, outcome, float(number)) for number, (arm, outcome) in enumerate(came))


def matrix(name: Outcome, place: Outcome, original: Outcome = RESET) -> Finding:
    return seen((Arm.CONTROL, OK), (Arm.NAME, name), (Arm.ORIGINAL, original), (Arm.PLACE, place), (Arm.CONTROL, OK))


# ---- the matrix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place", "found"),
    [
        (OK, RESET, Finding.SNI),
        (STRANGER, RESET, Finding.SNI),
        (RESET, OK, Finding.ADDRESS),
        (RESET, STRANGER, Finding.ADDRESS),
        (OK, STRANGER, Finding.SNI_AND_ADDRESS),
        (RESET, RESET, Finding.SNI_OR_ADDRESS),
        (OK, SILENCE, Finding.NOTHING_FOUND),
        (TCP, RESET, Finding.NOTHING_FOUND),
        (LOCAL, RESET, Finding.NOTHING_FOUND),
    ],
)
def test_names_and_addresses(name: Outcome, place: Outcome, found: Finding) -> None:
    assert matrix(name, place) is found


def test_a_name_that_is_dropped_is_found_like_one_that_is_reset() -> None:
    assert matrix(OK, SILENCE, original=SILENCE) is Finding.SNI


def test_an_alert_of_an_honest_server_is_no_sign_of_a_filter_that_sends_another() -> None:
    cells = [
        cell(Arm.CONTROL, (Phase.TLS, Kind.TLS_FAILED), 0.0, alert=112),
        cell(Arm.NAME, OK, 1.0),
        cell(Arm.ORIGINAL, (Phase.TLS, Kind.TLS_FAILED), 2.0, alert=40),
        cell(Arm.PLACE, (Phase.TLS, Kind.TLS_FAILED), 3.0, alert=112),
    ]
    assert finding(cells) is Finding.SNI_AND_ADDRESS
    assert finding([*cells[:3], cell(Arm.PLACE, (Phase.TLS, Kind.TLS_FAILED), 3.0, alert=40)]) is Finding.SNI


def test_half_a_matrix_proves_nothing() -> None:
    assert seen((Arm.CONTROL, OK), (Arm.NAME, OK), (Arm.ORIGINAL, RESET)) is Finding.NOTHING_FOUND
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, RESET)) is Finding.NOTHING_FOUND


# ---- other ways ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arm", "failing", "found"),
    [
        (Arm.TRANSPORT, NXDOMAIN, Finding.TRANSPORT),
        (Arm.RESOLVER, NXDOMAIN, Finding.RESOLVER),
        (Arm.PORT, TCP, Finding.PORT),
        (Arm.ADDRESS, TCP, Finding.ADDRESS),
        (Arm.FAMILY, TCP, Finding.FAMILY),
        (Arm.SIZE, (Phase.APP, Kind.TIMEOUT), Finding.SIZE),
    ],
)
def test_a_way_that_is_open(arm: Arm, failing: Outcome, found: Finding) -> None:
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, failing), (arm, OK), (Arm.ORIGINAL, failing)) is found
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, failing), (arm, failing)) is Finding.EVERYTHING


def test_another_way_that_fails_later_is_open_where_this_one_fails() -> None:
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, TCP), (Arm.ADDRESS, RESET)) is Finding.ADDRESS


def test_of_several_open_ways_the_narrowest_is_named() -> None:
    both = [(Arm.FAMILY, OK), (Arm.PORT, OK)]
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, TCP), *both) is Finding.PORT
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, TCP), *both[::-1]) is Finding.PORT


# ---- what passes by itself, and what is ours -------------------------------------------------------------------------


def test_a_target_that_answers_now_is_well_and_one_that_answers_by_turns_is_flaky() -> None:
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, OK), (Arm.ORIGINAL, OK)) is Finding.WELL
    assert seen((Arm.CONTROL, OK), (Arm.ORIGINAL, OK), (Arm.ORIGINAL, RESET)) is Finding.FLAKY


def test_a_control_that_fails_with_all_else_is_the_line() -> None:
    assert seen((Arm.CONTROL, TCP), (Arm.ORIGINAL, TCP), (Arm.ADDRESS, TCP)) is Finding.LOCAL
    assert seen((Arm.CONTROL, LOCAL), (Arm.ORIGINAL, LOCAL)) is Finding.LOCAL


def test_a_control_that_alone_fails_shows_nothing() -> None:
    assert seen((Arm.CONTROL, TCP), (Arm.ORIGINAL, RESET), (Arm.NAME, OK)) is Finding.NOTHING_FOUND


def test_no_cells_are_nothing_found() -> None:
    assert finding([]) is Finding.NOTHING_FOUND


# ---- a block that stays ----------------------------------------------------------------------------------------------


def test_an_innocent_name_that_fails_after_the_trigger_is_a_residual_block() -> None:
    before, after = (Arm.NAME, OK), (Arm.NAME, RESET)
    assert seen((Arm.CONTROL, OK), before, (Arm.ORIGINAL, RESET), after, (Arm.PLACE, OK)) is Finding.RESIDUAL
    assert seen((Arm.CONTROL, OK), before, (Arm.ORIGINAL, RESET), after) is Finding.RESIDUAL


def test_a_name_that_is_proved_stays_proved_where_a_block_stays_too() -> None:
    found = seen((Arm.CONTROL, OK), (Arm.NAME, OK), (Arm.ORIGINAL, RESET), (Arm.NAME, RESET), (Arm.PLACE, RESET))
    assert found is Finding.SNI


def test_a_control_that_fails_right_after_the_name_was_shown_there_is_a_residual_block() -> None:
    rest = [(Arm.NAME, OK), (Arm.ORIGINAL, RESET)]
    assert seen((Arm.CONTROL, OK), (Arm.PLACE, RESET), (Arm.CONTROL, RESET), *rest) is Finding.RESIDUAL
    assert seen((Arm.CONTROL, OK), *rest, (Arm.CONTROL, RESET)) is Finding.NOTHING_FOUND


# ---- laws ------------------------------------------------------------------------------------------------------------

outcomes = st.sampled_from([OK, RESET, SILENCE, TCP, STRANGER, LOCAL, NXDOMAIN])
arms = st.lists(st.tuples(st.sampled_from(Arm), outcomes), max_size=10)


def numbered(came: list[tuple[Arm, Outcome]]) -> list[Cell]:
    return [cell(arm, outcome, float(number)) for number, (arm, outcome) in enumerate(came)]


@given(arms, st.randoms(use_true_random=False))
def test_the_order_in_which_cells_are_told_changes_nothing(came, shuffled) -> None:
    cells = numbered(came)
    mixed = cells[:]
    shuffled.shuffle(mixed)
    assert finding(mixed) is finding(cells)


@given(arms)
def test_without_a_control_nothing_is_proved(came) -> None:
    assert finding(numbered([one for one in came if one[0] is not Arm.CONTROL])) not in PROOFS


@given(arms, st.integers(0, 10), st.sampled_from([RESET, SILENCE, TCP]))
def test_a_control_that_fails_never_gives_a_name(came, place: int, how: Outcome) -> None:
    came.insert(min(place, len(came)), (Arm.CONTROL, how))
    assert finding(numbered(came)) not in {Finding.SNI, Finding.SNI_OR_ADDRESS}


@given(arms)
def test_a_name_is_never_proved_by_an_original_that_passes(came) -> None:
    assert finding(numbered([*came, (Arm.ORIGINAL, OK)])) not in PROOFS


@given(arms)
def test_a_proof_of_a_name_holds_the_four_cells_that_make_it(came) -> None:
    if finding(numbered(came)) is Finding.SNI:
        assert {Arm.CONTROL, Arm.ORIGINAL, Arm.NAME, Arm.PLACE} <= {arm for arm, _outcome in came}


# ---- one cell --------------------------------------------------------------------------------------------------------


def test_a_certificate_or_an_alert_is_an_answer_and_a_broken_handshake_is_none() -> None:
    assert all(answered(cell(Arm.NAME, (Phase.TLS, kind), alert=112)) for kind in ANSWERED)
    assert not answered(cell(Arm.NAME, (Phase.TLS, Kind.TLS_FAILED)))
    assert not answered(cell(Arm.NAME, RESET))


def test_a_fault_of_our_own_says_nothing() -> None:
    assert reading(cell(Arm.NAME, LOCAL), {(Phase.TLS, Kind.RESET, None)}) is Reading.UNCLEAR
