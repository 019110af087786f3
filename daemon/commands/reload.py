"""`reachd reload`: the running daemon reads its configuration again."""

from json import dumps
from pathlib import Path

from daemon.commands.running import ordered
from daemon.commands.terminal import out, write_lines


def reload(journal: Path, *, json: bool = False) -> int:
    """Tell the daemon to read its configuration again; 0 and what changed, 1 if it keeps the old, 2 if none runs."""
    reply = ordered(journal, "reload")
    if isinstance(reply, int):
        return reply
    if json:
        write_lines([dumps(dict(reply), ensure_ascii=False)])
        return 0
    for change in reply.get("changed") or ["nothing changed"]:
        out().print(str(change), soft_wrap=True)
    return 0
