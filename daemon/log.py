"""What the daemon says on stderr: one line per change of state, as text for people or JSON for programs."""

import json
import logging
import sys
from datetime import UTC, datetime

FORMATS = ("text", "json")
QUIET = logging.WARNING
"""For a command that speaks for itself."""
FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every log record carries by itself; anything else was given as `extra`."""


def set_up(style: str, level: int = logging.INFO) -> None:
    """Log to stderr in a style of FORMATS."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines() if style == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[stream], force=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a missed beat is ours to tell, as a gap row
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class TextLines(logging.Formatter):
    """`2026-02-11T20:00:11Z WARNING influx: no answer …  key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay one record out."""
        extra = "".join(f" {key}={value}" for key, value in extras(record).items())
        name = record.name.removeprefix("reachd.")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        return f"{_stamp(record)} {level}{name}: {record.getMessage()}{extra}{_trace(self, record)}"


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, name, message, and what was given as extra."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay one record out."""
        line = {"at": _stamp(record), "level": record.levelname.lower(), "name": record.name}
        line |= {"message": record.getMessage()} | {key: str(value) for key, value in extras(record).items()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def extras(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in FIELDS}


def _stamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return "\n" + formatter.formatException(record.exc_info) if record.exc_info else ""
