"""`reachd init`: a commented reachd.toml to start from."""

from pathlib import Path

from config.document import starter
from daemon.commands.terminal import complain, out


def init(path: Path, *, force: bool) -> int:
    """Write the file; 2 if one is there and `force` is not given, or it cannot be written."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(starter())
    except FileExistsError:
        return complain(f"{path} is there already; choose another name, or replace it with --force")
    except OSError as fault:
        return complain(f"{path} cannot be written: {fault.strerror or fault}")
    steps = "\n".join(f"  reachd {command} --config {path}" for command in ("check", "plan", "run"))
    out().print(f"wrote {path}. Next:\n{steps}")
    return 0
