"""When a closer look is due: after repeats that agree, once in six hours, one at a time, and never dear."""

from dataclasses import replace

import pytest

from config.plan import Assignment
from daemon.confirm import AGAIN, Confirmation
from daemon.diagnose import AFRESH, AGREE, COOL_DOWN, FRESH, Diagnoses
from daemon.diagnose_arms import Try
from probes.diagnosis import Diagnosis, Finding
from probes.record import Facts, Kind, Phase, Purpose, Record
from tests.lab.diagnosing import CONTROL, SECOND, assignment, base_of, plan_of, ran

EXAMPLE = assignment("controls", "tls", "example.com:443", every=60)
TARGET = assignment("whatsapp", "tls", "web.whatsapp.com:443", every=60)
PAGE = assignment("whatsapp", "http", "https://web.whatsapp.com/", every=60)
MEDIA = assignment("whatsapp", "tls", "mmg.whatsapp.net:443", every=60)
RESET, LOCAL = (Phase.TLS, Kind.RESET), (Phase.TCP, Kind.LOCAL)


def ready(*items: Assignment) -> Diagnoses:
    """The control is well."""
    known = Diagnoses(plan_of(EXAMPLE, TARGET, PAGE, MEDIA, *items))
    known.take(ran(EXAMPLE))
    return known


def asked(known: Diagnoses, record: Record, item: Assignment = TARGET, now: float | None = None) -> tuple[Try, ...]:
    moment = (record.began - ran(item).began) / SECOND if now is None else now
    return known.begin(record, item, base_of(item, record), moment)


def failing(known: Diagnoses, item: Assignment = TARGET, moment: float = 0.0, times: int = AGREE) -> tuple[Try, ...]:
    """So many failing slots, a second apart; what the last of them is worth."""
    for number in range(times):
        record = ran(item, moment + number, RESET)
        known.take(record)
    return asked(known, record, item)


# ---- what is due -----------------------------------------------------------------------------------------------------


def test_two_failures_are_not_enough_and_three_are() -> None:
    known = ready()
    assert failing(known, times=AGREE - 1) == ()
    assert failing(known, times=1) != ()


def test_one_good_repeat_is_a_contradiction() -> None:
    known = ready()
    failing(known, times=AGREE - 1)
    known.take(ran(TARGET, 5))
    assert failing(known, times=1) == ()


def test_repeats_that_fail_in_another_phase_agree_that_it_fails() -> None:
    known = ready()
    for failed in ((Phase.TCP, Kind.TIMEOUT), (Phase.TCP, Kind.TIMEOUT)):
        known.take(ran(TARGET, 1, failed))
    assert failing(known, times=1) != ()


def test_a_fault_of_our_own_neither_counts_nor_contradicts() -> None:
    known = ready()
    known.take(ran(TARGET, 0, LOCAL))
    assert failing(known, times=AGREE - 1) == ()
    known.take(ran(TARGET, 9, LOCAL))
    assert failing(known, moment=10, times=1) != ()


def test_while_it_stays_down_it_is_looked_into_every_six_hours() -> None:
    known = ready()
    found = []
    for minute in range(14 * 60):
        known.take(ran(EXAMPLE, minute * 60))
        record = ran(TARGET, minute * 60, RESET)
        known.take(record)
        if asked(known, record):
            found.append(minute)
            known.end("here")
    assert found == [2, 363, 724]


def test_one_that_flaps_is_looked_into_every_half_hour_at_most() -> None:
    known = ready()
    assert failing(known)
    known.end("here")
    known.take(ran(TARGET, 300))
    assert failing(known, moment=AFRESH - 10) == ()
    known.take(ran(EXAMPLE, AFRESH))
    assert failing(known, moment=AFRESH + 10) != ()


def test_another_phase_is_looked_into_again() -> None:
    known = ready()
    assert failing(known)
    known.end("here")
    known.take(ran(EXAMPLE, AFRESH))
    record = ran(TARGET, AFRESH + 10, (Phase.TCP, Kind.TIMEOUT))
    known.take(record)
    assert asked(known, record) != ()


# ---- what keeps it small ---------------------------------------------------------------------------------------------


def test_one_look_at_a_time_from_a_vantage() -> None:
    known = ready()
    assert failing(known)
    assert failing(known, MEDIA) == ()
    known.end("here")
    assert failing(known, MEDIA, moment=20) != ()


def test_the_same_name_is_not_shown_again_before_it_has_cooled_down() -> None:
    known = ready()
    assert failing(known)
    known.end("here")
    assert failing(known, PAGE, moment=COOL_DOWN - 10) == ()
    assert failing(known, PAGE, moment=COOL_DOWN + 10) != ()


def test_names_that_have_cooled_down_are_forgotten() -> None:
    known = ready()
    failing(known)
    known.end("here")
    known.take(ran(EXAMPLE, 2 * COOL_DOWN))
    failing(known, MEDIA, moment=2 * COOL_DOWN)
    assert set(known.shown) == {("here", "mmg.whatsapp.net")}


@pytest.mark.parametrize("every", [60, 120, 300])
def test_a_standing_block_costs_at_most_a_tenth_more_connections_a_day(every: int) -> None:
    """Counted over a day that begins after the change, repeats that confirm included; shipped services have these."""
    item = replace(TARGET, every=every)
    known, confirmation = ready(), Confirmation()
    slots = more = 0
    for number in range(4 * 86_400 // every):
        moment = number * every
        known.take(ran(EXAMPLE, moment))
        record = ran(item, moment, RESET)
        known.take(record)
        extra = len(confirmation.moments(record, every, moment)) + len(asked(known, record, item))
        known.end("here")
        if moment >= 86_400:
            slots, more = slots + 1, more + extra
    assert 0 < more <= slots / 10


# ---- what it is compared with ----------------------------------------------------------------------------------------


def test_a_control_that_fails_is_none() -> None:
    known = ready()
    known.take(ran(EXAMPLE, 1, RESET))
    assert failing(known, moment=2) == ()


def test_a_control_that_was_well_long_ago_is_none() -> None:
    assert failing(ready(), moment=FRESH + 60) == ()


def test_a_control_is_of_the_same_vantage_and_family() -> None:
    known = ready()
    far = replace(TARGET, series=replace(TARGET.series, vantage="away"))
    six = replace(TARGET, series=replace(TARGET.series, family="ipv6"))
    assert [known.ground(ran(item, 1, RESET)).controls for item in (far, six)] == [(), ()]
    (control,) = known.ground(ran(TARGET, 1, RESET)).controls
    assert (control.assignment, control.address) == (EXAMPLE, CONTROL)


def test_others_are_of_the_same_service_and_vantage() -> None:
    assert set(ready().ground(ran(TARGET, 1, RESET)).others) == {PAGE, MEDIA}


def test_a_control_that_fails_is_not_compared_with_itself() -> None:
    assert failing(ready(), EXAMPLE) == ()


# ---- after a start, after a reload -----------------------------------------------------------------------------------


def test_a_restart_knows_what_was_looked_into() -> None:
    known = ready()
    found = Diagnosis(Finding.SNI, ())
    known.remember(replace(ran(TARGET, 0, RESET), purpose=Purpose.DIAGNOSE, facts=Facts(diagnosis=found)))
    assert failing(known, moment=60) == ()
    known.take(ran(EXAMPLE, AGAIN))
    assert failing(known, moment=AGAIN + 60) != ()


def test_a_reload_forgets_what_is_not_planned_any_more() -> None:
    known = ready()
    failing(known)
    known.keep(plan_of(MEDIA))
    assert (known.agreed, known.done, known.well) == ({}, {}, {})


def test_without_a_plan_nothing_is_looked_into() -> None:
    known = Diagnoses()
    known.take(ran(EXAMPLE))
    assert failing(known) == ()
