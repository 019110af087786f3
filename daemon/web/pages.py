"""The pages: each is made anew from memory and the journal, whole, and works without a script."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from daemon.diagnose_words import sentence
from daemon.moments import SECOND, micros_of, text_of
from daemon.rows import Event
from daemon.web import axis, draw, looks, matrix, overview, ranges, receivers, views, words
from daemon.web.live import key_of
from daemon.web.sight import SIGHT, Sight
from probes.record import Phase, Purpose, Record

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "stamp": words.stamp,
    "span": words.span,
    "shape": words.shape,
    "ms": words.milliseconds,
    "failure": words.failure,
    "sure": words.sureness,
    "micros": words.micros,
    "moment": text_of,
    "size": words.size,
    "strip": draw.strip,
    "key": key_of,
}
ENVIRONMENT.globals |= {"kinds": words.KINDS, "legend": draw.legend, "phases": tuple(Phase)}
LISTED = 60
"""Records of a series that are listed one by one."""


def routes(app: web.Application) -> None:
    """The pages and what a watchdog asks."""
    for path, page in (
        ("/", home),
        ("/events", event_list),
        ("/events/{id}", event),
        ("/services/{name}", service),
        ("/series/{key}", series),
        ("/vantages", vantage_list),
        ("/vantages/{name}", vantage),
        ("/daemon", daemon),
        ("/-/healthy", healthy),
        ("/-/ready", ready),
    ):
        app.router.add_get(path, page)


def render(request: web.Request, template: str, code: int = 200, **values: object) -> web.Response:
    """A page."""
    sight = request.app[SIGHT]
    now = sight.clock.wall()
    text = ENVIRONMENT.get_template(template).render(now=now, now_text=text_of(now), path=request.path, **values)
    return web.Response(text=text, content_type="text/html", status=code)


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page for what is not there; the API says so in its own way."""
    try:
        return await handler(request)
    except web.HTTPNotFound as fault:
        if request.path.startswith(("/api/", "/static/")):
            raise
        return render(request, "missing.html", 404, words=fault.text if fault.text != "404: Not Found" else "")


async def home(request: web.Request) -> web.Response:
    """What is disrupted, where and since when."""
    sight = request.app[SIGHT]
    now = sight.clock.wall()
    return render(
        request,
        "overview.html",
        table=overview.table(sight.live, sight.titles(), now),
        events=[shown(event, sight, now) for event in sight.live.open_events()],
        over=[shown(event, sight, now) for event in overview.lately_over(sight.live, now)],
    )


def shown(event: Event, sight: Sight, now: int) -> Mapping[str, Any]:
    """An event as lists and pages show it."""
    return {
        "event": event,
        "sentence": words.sentence(event, sight.titles()),
        "spoken": words.spoken(event, sight.titles()),
        "lasted": words.span((event.ended or now) - event.onset[1]),
    }


async def event_list(request: web.Request) -> web.Response:
    """All events that the journal tells of, newest first."""
    sight = request.app[SIGHT]
    now = sight.clock.wall()
    found = await sight.read(looks.latest_events)
    return render(request, "events.html", events=[shown(event, sight, now) for event in found])


async def event(request: web.Request) -> web.Response:
    """One event: its time axis, where, since when, how, why we think so and what speaks against it."""
    sight, name = request.app[SIGHT], request.match_info["id"]
    now = sight.clock.wall()
    revisions = await sight.read(lambda reader: looks.revisions(reader, name))
    if not revisions:
        raise web.HTTPNotFound(text=f"There is no event {name}.")
    last = revisions[-1]
    window = axis.window(last, now)
    around = await sight.read(lambda reader: looks.around(reader, last, list(sight.live.keys.values()), window))
    return render(
        request,
        "event.html",
        **shown(last, sight, now),
        revisions=revisions,
        lanes=axis.order(around.lanes),
        axis=axis.draw(last, revisions, around.lanes, window),
        matrices=matrix.matrices(around.closer),
        evidence=_in_time([(id_, around.evidence.get(id_)) for id_ in last.evidence]),
        deliveries=await sight.read(lambda reader: receivers.of_event(reader, name)),
        say=lambda one: words.spoken(one, sight.titles()),
        reason=reason,
        titles=sight.titles(),
        services=sight.live.plan.services if sight.live.plan else {},
        places=sight.live.plan.vantages if sight.live.plan else {},
    )


def _in_time(evidence: list[tuple[str, Record | None]]) -> list[tuple[str, Record | None]]:
    """What is not found any more stands at the end."""
    return sorted(evidence, key=lambda one: (one[1] is None, one[1].began if one[1] else 0))


def reason(record: Record) -> str:
    """How an attempt went, in words."""
    return words.failure(f"{record.failure.phase}: {record.failure.kind}") if record.failure else "answered"


async def service(request: web.Request) -> web.Response:
    """One service: its state, day and series at each vantage."""
    sight, name = request.app[SIGHT], request.match_info["name"]
    now = sight.clock.wall()
    found = next((one for one in views.services(sight.live, sight.titles(), now) if one["service"] == name), None)
    if found is None:
        raise web.HTTPNotFound(text=f"There is no service {name} in the plan.")
    rows = [
        (place, views.day(sight.live, name, place["vantage"], now), views.series(sight.live, name, place["vantage"]))
        for place in found["vantages"]
    ]
    return render(request, "service.html", service=found, rows=rows)


async def series(request: web.Request) -> web.Response:
    """One series: latency by phase, failures by kind, the last records; with `?at=` those before that moment."""
    sight = request.app[SIGHT]
    one = sight.live.keys.get(request.match_info["key"])
    if one is None:
        raise web.HTTPNotFound(text="There is no such series in the plan.")
    try:
        at = micros_of(request.query["at"]) if "at" in request.query else None
    except ValueError as fault:
        raise web.HTTPBadRequest(text=f"{fault}\n") from None
    before = None if at is None else at + 600 * SECOND
    records = await sight.read(lambda reader: looks.records(reader, one, before=before))
    long = (
        []
        if at
        else await sight.read(lambda reader: ranges.both(reader, one, sight.clock.wall(), len(sight.live.keys)))
    )
    slots = [record for record in records if record.purpose is Purpose.SLOT]
    failed = Counter(f"{record.failure.phase}: {record.failure.kind}" for record in slots if record.failure)
    longest = max((record.seconds for record in records[:LISTED]), default=0.0)
    return render(
        request,
        "series.html",
        series=one,
        records=[(record, draw.bars(record, longest)) for record in records[:LISTED]],
        chart=draw.latency(slots[::-1]),
        used=[phase for phase in Phase if any(timing.phase is phase for record in slots for timing in record.timings)],
        failed=failed.most_common(),
        ranges=[(windows, ranges.draw(windows)) for windows in long],
        slots=slots,
        at=at,
        reason=reason,
        facts=_facts,
    )


def _facts(record: Record) -> list[tuple[str, object]]:
    """What was seen on the way."""
    facts = views.facts(record)
    if record.facts.diagnosis is not None:
        facts["diagnosis"] = sentence(record.facts.diagnosis)
    return [(name.replace("_", " "), value) for name, value in facts.items()]


async def vantage_list(request: web.Request) -> web.Response:
    """All vantages."""
    sight = request.app[SIGHT]
    return render(request, "vantages.html", vantages=views.vantages(sight.live, sight.clock.wall()))


async def vantage(request: web.Request) -> web.Response:
    """One vantage: is it alive, do its controls answer, what does it see."""
    sight, name = request.app[SIGHT], request.match_info["name"]
    now = sight.clock.wall()
    found = next((one for one in views.vantages(sight.live, now) if one["vantage"] == name), None)
    if found is None:
        raise web.HTTPNotFound(text=f"There is no vantage {name} in the plan.")
    rows = [
        (one, place, views.day(sight.live, one["service"], name, now))
        for one in views.services(sight.live, sight.titles(), now)
        for place in one["vantages"]
        if place["vantage"] == name
    ]
    controls = [one for one in views.series(sight.live, vantage=name) if overview.side(sight.live, one) == "control"]
    return render(request, "vantage.html", vantage=found, rows=rows, controls=controls)


async def daemon(request: web.Request) -> web.Response:
    """How the daemon itself does: lag, backlog, what is held back, gaps."""
    sight = request.app[SIGHT]
    status = dict(sight.status())
    figures = status.get("figures") or (dict(sight.live.health[1].figures) if sight.live.health else {})
    told = await sight.read(receivers.deliveries)
    gaps = list(sight.live.gaps)[::-1][:30]
    alerts = receivers.receivers(status | {"figures": figures}, told)
    return render(request, "daemon.html", status=status, figures=figures, gaps=gaps, alerts=alerts)


async def healthy(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """200 once the page knows what the journal says and the journal is in order, 503 before and otherwise."""
    sight = request.app[SIGHT]
    condition = sight.status().get("journal", {}).get("condition", "ok")
    if not sight.live.ready:
        return web.Response(status=503, text="starting: reads what the last day left\n")
    return web.Response(status=200 if condition == "ok" else 503, text=f"{condition}\n")
