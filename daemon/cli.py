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
Json = Annotated[bool, typer.Option("--json", help="For programs: JSON lines on stdout and nothing else.")]
Since = Annotated[str | None, typer.Option(help="From this time on: 2026-02-11, 2026-02-11T20:00Z, or 3h, 2d ago.")]
Until = Annotated[str | None, typer.Option(help="Up to this time; written like --since.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"reachd {version('reachd')}")
        raise typer.Exit


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
) -> None:
    """Measure now, through the same code path, from all local vantages; writes no journal."""
    from daemon.commands.probe import probe as command

    raise typer.Exit(command(targets, config, probe_type=probe_type, vantage=vantage, json=json))


@app.command()
def doctor(config: Config = None, json: Json = False) -> None:
    """Look whether this machine is fit to measure, and say what to do where it is not."""
    from daemon.commands.doctor import doctor as command

    raise typer.Exit(command(config, json=json))


def main() -> None:
    """The script `reachd`."""
    app()
