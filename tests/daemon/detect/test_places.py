from daemon.detect.places import Line, Watch


def test_a_vantage_begins_unsuspected_unheard_and_with_one_line():
    watch = Watch()
    assert watch.lines == {"": Line(answered=0, suspect=False, clear=0)}
    assert (watch.life, watch.silent, watch.control) == (0, 0, None)
    assert Watch().lines is not watch.lines
