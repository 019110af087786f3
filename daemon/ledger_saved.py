"""The state of rollups as bytes and back: a few names and numbers, and the slots that came since the last time."""

import json
import struct
from array import array
from collections.abc import Iterable, Mapping

from daemon.ledger import Hour, Ledger, Track
from daemon.windows import HOUR, put
from probes.record import Series, series_parts

STATE, SERIES, SLOTS = "state", "series", "slots/"
"""Keys: `slots/<row>` holds the slots that came until that row since the one before."""
VERSION = 1
"""Of the saved form."""
_BLOCK = struct.Struct("<IqI")
"""Series number, hour, how many slots follow."""


def pack_state(ledger: Ledger, seq: int, slots: Iterable[str]) -> bytes:
    """What is true as of a row, but the slots themselves, which stand under the keys `slots`."""
    dirty = [[start, width, sorted(numbers)] for (start, width), numbers in sorted(ledger.dirty.items())]
    forgotten = [track.forgotten for track in ledger.tracks]
    values = [VERSION, seq, ledger.now, ledger.tick, ledger.ticks, ledger.given_up, forgotten, dirty, list(slots)]
    return json.dumps(values, separators=(",", ":")).encode()


def pack_series(ledger: Ledger) -> bytes:
    """The series in the order of their numbers, each with its patience."""
    series = [[*series_parts(track.series), track.patience] for track in ledger.tracks]
    return json.dumps(series, separators=(",", ":"), ensure_ascii=False).encode()


def pack_slots(fresh: Mapping[tuple[int, int], "array[int]"]) -> bytes:
    """Slots by series and hour."""
    return b"".join(_BLOCK.pack(*place, len(values)) + values.tobytes() for place, values in fresh.items())


def newest_hour(slots: bytes) -> int:
    """The number of the newest hour in packed slots."""
    return max((hour for _number, hour, _values in _blocks(slots)), default=0)


def slot_keys(saved: Mapping[str, bytes]) -> list[str]:
    """The keys of saved slots in the order of their rows."""
    return sorted((key for key in saved if key.startswith(SLOTS)), key=lambda key: int(key.removeprefix(SLOTS)))


def restore(saved: Mapping[str, bytes]) -> tuple[Ledger, int]:
    """The state and the number of the row as of which it is true: 0 and nothing known where nothing was saved.

    The same where a part is missing, as after the mending of a damaged journal: all is then made anew from its rows.
    Raises ValueError for the state of another version.
    """
    if STATE not in saved or SERIES not in saved:
        return Ledger(), 0
    version, *values = json.loads(saved[STATE])
    if version != VERSION:
        raise ValueError(f"the state of rollups has form {version}, this program reads form {VERSION}")
    seq, now, tick, ticks, given_up, forgotten, dirty, slots = values
    if not saved.keys() >= set(slots):
        return Ledger(), 0
    ledger = Ledger(now=now, tick=tick, ticks=ticks, given_up=given_up)
    ledger.dirty = {(start, width): set(numbers) for start, width, numbers in dirty}
    for (*parts, patience), before in zip(json.loads(saved[SERIES]), forgotten, strict=True):
        series = Series(*parts)
        ledger.numbers[series] = len(ledger.tracks)
        ledger.tracks.append(Track(series, patience, before))
    for key in slots:
        _take_slots(ledger, saved[key])
    return ledger, seq


def _take_slots(ledger: Ledger, slots: bytes) -> None:
    """Slots of hours that were let go of since they were saved are passed over."""
    for number, hour, values in _blocks(slots):
        track = ledger.tracks[number]
        if hour >= track.forgotten:
            held = track.hours.setdefault(hour, Hour(touched=ledger.ticks))
            for slot in values:
                put(held.values, hour * HOUR + (slot >> 32), slot & 0xFFFFFFFF)


def _blocks(slots: bytes) -> "list[tuple[int, int, array[int]]]":
    found, place = [], 0
    while place < len(slots):
        number, hour, count = _BLOCK.unpack_from(slots, place)
        place += _BLOCK.size
        values = array("Q")
        values.frombytes(slots[place : place + count * values.itemsize])
        place += count * values.itemsize
        found.append((number, hour, values))
    return found
