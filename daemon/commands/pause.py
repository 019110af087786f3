"""`reachd pause`: the running daemon measures nothing until it is told to go on; the skipped slots become gaps."""

from json import dumps
from pathlib import Path

from daemon.commands.running import ordered
from daemon.commands.terminal import out, write_lines

SAID = {
    "paused": "paused: nothing is measured until `reachd pause --resume`, and each skipped slot is written down",
    "running": "running: measuring goes on with the next slot",
}


def pause(journal: Path, *, resume: bool = False, json: bool = False) -> int:
    """Pause the daemon, or with `resume` let it go on; 0, or 2 if none runs."""
    reply = ordered(journal, "resume" if resume else "pause")
    if isinstance(reply, int):
        return reply
    if json:
        write_lines([dumps(dict(reply), ensure_ascii=False)])
        return 0
    state = str(reply.get("state"))
    out().print(SAID.get(state, state), soft_wrap=True)
    return 0
