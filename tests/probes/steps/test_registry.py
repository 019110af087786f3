"""What one server says of a name, and what a run concludes."""

from probes.clock import SystemClock
from probes.record import Kind
from probes.run import Run, World
from probes.steps.registry import TEXT, ask_each, forget_answers
from tests.lab.dns_servers import answer, closed_port, lying_resolver
from tests.lab.runs import attempt, direct


async def test_what_is_said_is_kept_short_and_answers_are_forgotten() -> None:
    run = Run(attempt("registry", "whatsapp.com"), direct(), World(SystemClock()))
    async with lying_resolver(answer("157.240.205.62")) as place:
        said = await ask_each(run, "whatsapp.com", "A", (f"tcp://{place}", f"tcp://{closed_port()}"))
        await ask_each(run, "a." * 100 + "example", "A", (f"tcp://{place}",) * 5)
    run.closing.close()
    assert said == [None, Kind.REFUSED]
    assert run.seen["extra"]["registry_says"].startswith(f"whatsapp.com/A: tcp://{place}=ok")
    assert len(run.seen["extra"]["registry_says"]) <= TEXT
    forget_answers(run)
    assert run.seen["answers"] == ()
