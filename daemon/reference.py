"""docs/reference.md, made from the code: `python -m daemon.reference > docs/reference.md`; a test finds it stale."""

import pkgutil
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from daemon.classes import FailureClass
from daemon.explain import Entry, entries, headline, type_words
from daemon.schema import file_of
from daemon.sinks.codes import EVENT_KINDS, EVENT_STATES, PHASES, RESULTS
from daemon.sinks.fields import TABLE
from daemon.spreadsheet import COLUMNS
from daemon.wire_shapes import SHAPES
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.plugin import PROBES, VANTAGES, Options, Plugin, ProbeOptions
from probes.record import Answer, Facts, Kind, Phase, Purpose, TcpInfo

EXIT_CODES = {
    0: "Done. `run`: stopped by SIGTERM or SIGINT. `probe`: everything answered.",
    1: "`probe`: something failed. `replay --check`: the events differ. `reload`: refused, the old plan goes on. "
    "`alerts test`: the receiver did not take it.",
    2: "The configuration, an option or a file is wrong; nothing was started or changed.",
    3: "`probe`: nothing was measured, or only faults of this machine.",
    130: "Ended by Ctrl-C.",
}

CODES = {"result_code": RESULTS, "phase_code": PHASES, "state_code": EVENT_STATES, "kind_code": EVENT_KINDS}
FORMS = (
    "Durations are texts such as `10s`, `5m`, `1h`; sizes are texts such as `20 GB`; "
    'a secret is `{ env = "NAME" }` or `{ file = "PATH" }`.'
)
HEAD = "Made from the code by `python -m daemon.reference > docs/reference.md`. Change the code and not this page."


def page() -> str:
    """The whole page."""
    parts = (
        "# Reference",
        HEAD,
        *_commands(),
        *_table("## Exit codes", ("code", "means"), EXIT_CODES.items()),
        *_configuration(),
        *_plugins("## Probe types", PROBES, "An endpoint of a service names one by `probe`; its other keys are these."),
        *_plugins(
            "## Vantage types", VANTAGES, "A vantage names one by `type`; beside the keys that every vantage has."
        ),
        *_words("## Phases", Phase),
        *_words("## Failure kinds", Kind),
        *_words("## Failure classes", FailureClass),
        *_words("## Purposes", Purpose),
        *_words("## Arms of a diagnosis", Arm),
        *_words("## Findings of a diagnosis", Finding),
        *_lines(),
        *_facts(),
        *_table("## CSV columns", ("column", "means"), ((name, meaning) for name, meaning, _value in COLUMNS)),
        *_measurements(),
        *_metrics(),
    )
    return "\n\n".join(parts) + "\n"


def _commands() -> Iterator[str]:
    from daemon.cli import app  # noqa: PLC0415  brings typer, which nothing else here needs

    yield "## Commands"
    yield from _each_command(app, "reachd")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _each_command(group.typer_instance, f"reachd {group.name}")


def _each_command(app: Any, before: str) -> Iterator[str]:  # noqa: ANN401  typer's
    for command in app.registered_commands:
        callback = command.callback
        if callback is None or command.hidden:
            continue
        yield f"### {before} {command.name or callback.__name__.replace('_', '-')}"
        yield headline(callback)
        yield from _options(callback)


def _options(callback: Any) -> Iterator[str]:  # noqa: ANN401  any function
    """The arguments and options of a command, from what typer reads."""
    hints = get_type_hints(callback, include_extras=True)
    rows = []
    for name, parameter in signature(callback).parameters.items():
        kind, info = _annotated(hints[name])
        default = "" if parameter.default in {None, False, ""} else f"`{parameter.default}`"
        if parameter.default is parameter.empty:
            default = "required"
        takes = "" if kind is bool else type_words(kind)
        rows.append((f"`{_spelling(name, info)}`", takes, default, getattr(info, "help", "") or ""))
    if rows:
        yield from _table("", ("option", "takes", "default", "means"), rows)


def _spelling(name: str, info: object) -> str:
    """How an option is written; typer keeps the first spelling of an annotated one where a default would stand."""
    if type(info).__name__ == "ArgumentInfo":
        return getattr(info, "metavar", None) or name.upper()
    spellings = (getattr(info, "default", None), *(getattr(info, "param_decls", None) or ()))
    written = [text for text in spellings if isinstance(text, str) and text.startswith("-")]
    return " ".join(written) or f"--{name.replace('_', '-')}"


def _annotated(hint: object) -> tuple[object, object]:
    """The type and what typer knows of it."""
    if get_origin(hint) is Annotated:
        kind, info, *_rest = get_args(hint)
        return kind, info
    return hint, None


def _configuration() -> Iterator[str]:
    yield "## Configuration"
    yield FORMS
    for keys in _models("config"):
        place, _colon, said = headline(keys).rpartition("`: ")
        yield f"### {place}`" if place else f"### {keys.__name__}"
        yield said[:1].upper() + said[1:]
        yield from _entries(entries(keys))


def _models(package: str) -> Iterator[type[Options]]:
    """The models that a configuration is read into, in the order of their modules and of their places there."""
    for module in pkgutil.iter_modules(import_module(package).__path__):
        for thing in vars(import_module(f"{package}.{module.name}")).values():
            if (
                isinstance(thing, type)
                and issubclass(thing, Options)
                and thing.__module__ == f"{package}.{module.name}"
            ):
                yield thing


def _plugins(title: str, plugins: Iterable[Plugin], what: str) -> Iterator[str]:
    yield title
    yield what
    for plugin in plugins:
        yield f"### {plugin.name}"
        yield headline(import_module(plugin.function.__module__))
        yield headline(plugin.function)
        if issubclass(plugin.options, ProbeOptions):
            needs = ", ".join(sorted(plugin.options.needs))
            cost = f"about {plugin.options.traffic:,} bytes a run"
            yield f"Needs {needs}; {cost}; records say `{plugin.name}/{plugin.options.version}`."
        yield from _entries(entries(plugin.options))


def _words(title: str, kind: type) -> Iterator[str]:
    yield title
    yield headline(kind)
    yield from _table("", ("word", "means"), ((f"`{entry.name}`", entry.meaning) for entry in entries(kind)))


def _lines() -> Iterator[str]:
    yield "## Rows, one JSON line each"
    yield "Times are RFC 3339 in UTC. `export --all-rows` writes all kinds; `docs/schema/` has the JSON Schema of each."
    for word, shape in SHAPES.items():
        yield f"### {word}"
        yield f"{headline(shape)} Schema: [{file_of(word)}](schema/{file_of(word)})."
        yield from _entries([entry for entry in entries(shape) if entry.name != "reachd"])


def _facts() -> Iterator[str]:
    for title, kind in (
        ("## Facts of a record", Facts),
        ("### Answer", Answer),
        ("### TcpInfo", TcpInfo),
        ("### Diagnosis", Diagnosis),
        ("### Cell", Cell),
    ):
        yield title
        yield headline(kind)
        yield from _entries(entries(kind))


def _measurements() -> Iterator[str]:
    yield "## InfluxDB measurements"
    for one in TABLE:
        yield f"### {one.name}"
        yield f"{one.meaning} Tags: {', '.join(f'`{tag}`' for tag in one.tags)}."
        rows = ((f"`{field.name}`", field.type, field.unit, field.meaning) for field in one.fields)
        yield from _table("", ("field", "type", "unit", "means"), rows)
    yield "### Numbers that stand for words"
    yield "Every string field that a chart may need has a twin field with a number. A number never changes."
    for field, numbers in CODES.items():
        yield from _table(
            "", (f"`{field}`", "stands for"), ((number, word or "(none)") for word, number in numbers.items())
        )


def _metrics() -> Iterator[str]:
    from daemon.web.metrics import names  # noqa: PLC0415  brings the web server, which nothing else here needs

    yield "## Metrics"
    yield "What `/metrics` tells Prometheus, beside the `process_*` of its client library. Counters begin at the start."
    rows = ((f"`{name}`", kind, labels, meaning) for name, kind, labels, meaning in names())
    yield from _table("", ("name", "type", "labels", "means"), rows)


def _entries(found: list[Entry]) -> Iterator[str]:
    rows = [(f"`{entry.name}`", entry.type, entry.default, entry.meaning) for entry in found]
    if rows:
        yield from _table("", ("key", "takes", "default", "means"), rows)


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A table under its title."""
    if title:
        yield title
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    yield "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
