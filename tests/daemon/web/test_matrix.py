"""The matrix of a closer look: every cell has its field, and the target's own stands first."""

from daemon.web.matrix import MOST, matrices, matrix
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.record import Facts, Record, Series
from tests.lab.diagnosing import CONTROL, TARGET, matrix_of
from tests.lab.samples import failed

FOUND = matrix_of("web.whatsapp.com")


def looked(number: int, found: Diagnosis | None = FOUND) -> Record:
    series = Series("whatsapp", "web", f"{number}.example.org:443", "tls", "ru1", "ipv4")
    return failed(number, series=series, facts=Facts(diagnosis=found))


def test_names_are_down_and_places_across_the_targets_own_first() -> None:
    made = matrix(looked(0), FOUND)
    assert made.places == (f"{TARGET}:443", f"{CONTROL}:443")
    assert [name for name, _fields in made.rows] == ["web.whatsapp.com", "example.com"]
    assert [[cell.good for field in fields for cell in field] for _name, fields in made.rows] == [
        [False, False],
        [True, True],
    ]


def test_every_cell_has_its_field_and_stands_there_once() -> None:
    again = Cell(Arm.NAME, 9.0, 0.05, name="example.com", address=TARGET, port=443, phase="tls", kind="eof_error")
    made = matrix(looked(0), Diagnosis(Finding.RESIDUAL, (*FOUND.cells, again)))
    fields = [field for _name, row in made.rows for field in row]
    assert sum(map(len, fields)) == 5
    assert [line.came for line in made.rows[1][1][0]] == ["answered", "tls: eof_error"]


def test_what_was_not_compared_is_an_empty_field() -> None:
    made = matrix(looked(0), Diagnosis(Finding.NOTHING_FOUND, FOUND.cells[::2]))
    assert [[len(field) for field in row] for _name, row in made.rows] == [[1, 0], [0, 1]]


def test_a_page_has_the_largest_first_and_not_all_of_them() -> None:
    small = Diagnosis(Finding.EVERYTHING, FOUND.cells[2:3])
    records = [looked(0, small), *(looked(number) for number in range(1, 9)), looked(9, None)]
    made = matrices({record.series: record for record in records})
    assert len(made) == MOST
    assert [one.record for one in made] == records[1 : MOST + 1]
    assert [one.record for one in matrices({records[0].series: records[0]})] == records[:1]
