"""The command line: what each command is called and takes; what it does is in daemon/commands/, imported late."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="reachd",
    help="Measures from several places whether services can be reached, and says when one is blocked or down.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[
    Path | None, typer.Option("--config", metavar="F", help="Configuration file; without it the shipped example.")
]
Journal = Annotated[
    Path | None, typer.Option("--journal", metavar="PATH", help="The journal itself, not the one that --config names.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs: JSON lines on stdout and nothing else.")]
Since = Annotated[str | None, typer.Option(help="From this time on: 2026-02-11, 2026-02-11T20:00Z, or 3h, 2d ago.")]
Until = Annotated[str | None, typer.Option(help="Up to this time; written like --since.")]


alerts_app = typer.Typer(help="About the receivers of events.", no_args_is_help=True)
app.add_typer(alerts_app, name="alerts")
detector_app = typer.Typer(help="About the detector of events.", no_args_is_help=True)
app.add_typer(detector_app, name="detector")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"reachd {version('reachd')}")
        raise typer.Exit


def _journal(named: Path | None, config: Path | None) -> Path:
    """The journal that a command is about; with a mistake in the configuration the command ends here."""
    from config.document import load
    from config.faults import ConfigError
    from daemon.commands.terminal import complain

    if named is not None:
        return named
    try:
        return load(config).journal
    except ConfigError as error:
        raise typer.Exit(complain(error)) from None


@app.callback()
def _root(
    _asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    config: Config = None,
    log_format: Annotated[str, typer.Option(help="text or json, one line per change of state, on stderr.")] = "text",
) -> None:
    """Run the daemon until SIGTERM or SIGINT; SIGHUP reloads its configuration."""
    from daemon.commands.run import run as command

    raise typer.Exit(command(config, log_format))


@app.command()
def demo(json: Json = False) -> None:
    """Play the block of February 2026 on loopback: the same daemon, lying servers, one true event."""
    from daemon.commands.demo import demo as command

    raise typer.Exit(command(json=json))


@app.command()
def check(config: Config = None, json: Json = False) -> None:
    """Validate the configuration; every mistake at once, with file, line and remedy."""
    from daemon.commands.check import check as command

    raise typer.Exit(command(config, json=json))


@app.command()
def plan(config: Config = None, json: Json = False) -> None:
    """Show what would run, how often, and what it costs; refuse what breaks a limit."""
    from daemon.commands.plan import plan as command

    raise typer.Exit(command(config, json=json))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("reachd.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented reachd.toml that passes check."""
    from daemon.commands.init import init as command

    raise typer.Exit(command(path, force=force))


@app.command()
def probe(
    targets: Annotated[
        list[str], typer.Argument(metavar="SERVICE|TARGET...", help="A service, or host:port or a URL.")
    ],
    config: Config = None,
    probe_type: Annotated[str | None, typer.Option("--probe", help="Probe type for a target, as tls.")] = None,
    vantage: Annotated[str | None, typer.Option(help="Only from this vantage.")] = None,
    json: Json = False,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Where it fails, compare names, addresses, resolvers: what is it?")
    ] = False,
) -> None:
    """Measure now, through the same code path, from all local vantages; writes no journal."""
    from daemon.commands.probe import probe as command

    options = {"probe_type": probe_type, "vantage": vantage}
    raise typer.Exit(command(targets, config, **options, json=json, diagnosing=diagnose))


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journals or JSON lines; - is stdin.")],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="F", help="Gives the plan to records that come without one.")
    ] = None,
    json: Json = False,
    compare: Annotated[
        bool, typer.Option("--check", help="Exit 1 if the events differ from those that the files hold.")
    ] = False,
) -> None:
    """Run the same detection over old records, as fast as it goes."""
    from daemon.commands.replay import replay as command

    raise typer.Exit(command(files, config, json=json, check=compare))


@app.command()
def events(
    config: Config = None,
    journal: Journal = None,
    json: Json = False,
    latest: Annotated[bool, typer.Option("--latest", help="With --json, only the last revision of each.")] = False,
) -> None:
    """Show what is or was disrupted, where, since when, and by which mechanism."""
    from daemon.commands.events import events as command

    raise typer.Exit(command(_journal(journal, config), json=json, latest=latest))


@app.command()
def status(config: Config = None, journal: Journal = None, json: Json = False) -> None:
    """Show whether a daemon runs, how its vantages do, and how far behind its followers are."""
    from daemon.commands.status import status as command

    raise typer.Exit(command(_journal(journal, config), json=json))


@app.command()
def tail(config: Config = None, journal: Journal = None, json: Json = False) -> None:
    """Show results as they come, until Ctrl-C."""
    from daemon.commands.tail import tail as command

    raise typer.Exit(command(_journal(journal, config), json=json))


@app.command()
def export(  # noqa: PLR0913, PLR0917  one argument an option
    config: Config = None,
    journal: Journal = None,
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="PATH", help="Write a file instead of stdout.")
    ] = None,
    since: Since = None,
    until: Until = None,
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None,
    vantage: Annotated[str | None, typer.Option(help="Only from this vantage.")] = None,
    all_rows: Annotated[bool, typer.Option("--all-rows", help="Every row, not only plans and records.")] = False,
) -> None:
    """Write the records of a journal as JSON lines or CSV."""
    from daemon.commands.export import Choice
    from daemon.commands.export import export as command

    choice = Choice(since, until, service, vantage, all_rows)
    raise typer.Exit(command(_journal(journal, config), format=form, output=output, choice=choice))


@app.command()
def backup(
    target: Annotated[
        Path | None, typer.Argument(help="A file or a folder; without it beside the journal, named by the time.")
    ] = None,
    config: Config = None,
    journal: Journal = None,
) -> None:
    """Copy the whole journal of a running or stopped daemon."""
    from daemon.commands.backup import backup as command

    raise typer.Exit(command(_journal(journal, config), target))


@app.command()
def reload(config: Config = None, journal: Journal = None, json: Json = False) -> None:
    """Tell the running daemon to read its configuration again; it keeps the old one if there is a mistake."""
    from daemon.commands.reload import reload as command

    raise typer.Exit(command(_journal(journal, config), json=json))


@app.command()
def pause(
    config: Config = None,
    journal: Journal = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on measuring.")] = False,
    json: Json = False,
) -> None:
    """Tell the running daemon to measure nothing until `pause --resume`."""
    from daemon.commands.pause import pause as command

    raise typer.Exit(command(_journal(journal, config), resume=resume, json=json))


@app.command()
def doctor(
    config: Config = None,
    vantages: Annotated[
        bool, typer.Option("--vantages", help="Only the vantages: what each can do, and how a control is seen from it.")
    ] = False,
    json: Json = False,
) -> None:
    """Look whether this machine is fit to measure, and say what to do where it is not."""
    from daemon.commands.doctor import doctor as command

    raise typer.Exit(command(config, vantages=vantages, json=json))


@alerts_app.command("test")
def alerts_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in [alerts.NAME].")],
    config: Config = None,
) -> None:
    """Send a signed test message now, the way that events go, and show what the receiver answers."""
    from daemon.commands.alerts import send_test as command

    raise typer.Exit(command(config, name))


@detector_app.command("test")
def detector_test(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Stories; without one all that are shipped.")
    ] = None,
) -> None:
    """Run stories through the detector and say which of them end with the events that they must have."""
    from daemon.commands.detector import test as command

    raise typer.Exit(command(files or []))


def main() -> None:
    """The script `reachd`."""
    app()
