"""`/api/v1/`: what the pages show, as JSON, read only."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from daemon.moments import micros_of
from daemon.web import looks, ranges, receivers, views
from daemon.web.sight import SIGHT, Sight
from daemon.wire import object_of


def routes(app: web.Application) -> None:
    """The API."""
    app.router.add_get("/api/v1/services", services)
    app.router.add_get("/api/v1/vantages", vantages)
    app.router.add_get("/api/v1/series", series)
    app.router.add_get("/api/v1/series/{key}/rollups", rollups)
    app.router.add_get("/api/v1/records", records)
    app.router.add_get("/api/v1/events", events)
    app.router.add_get("/api/v1/events/{id}", event)


def answer(what: Mapping[str, Any]) -> web.Response:
    """A value as JSON."""
    return web.json_response(what, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def refuse(status: type[web.HTTPException], words: str) -> web.HTTPException:
    """A mistake of the asker, in JSON."""
    return status(text=json.dumps({"error": words}), content_type="application/json")


def _sight(request: web.Request) -> Sight:
    return request.app[SIGHT]


async def services(request: web.Request) -> web.Response:
    """Each service with its state at each vantage."""
    sight = _sight(request)
    return answer({"services": views.services(sight.live, sight.titles(), sight.clock.wall())})


async def vantages(request: web.Request) -> web.Response:
    """Each vantage with its last sign of life."""
    sight = _sight(request)
    return answer({"vantages": views.vantages(sight.live, sight.clock.wall())})


async def series(request: web.Request) -> web.Response:
    """The series, with `?service=` and `?vantage=` those of one."""
    live = _sight(request).live
    return answer({"series": views.series(live, request.query.get("service", ""), request.query.get("vantage", ""))})


async def rollups(request: web.Request) -> web.Response:
    """The rollups of a series, oldest first: `?range=24h` in windows of 5 minutes, `30d` in windows of an hour."""
    sight = _sight(request)
    one = sight.live.keys.get(request.match_info["key"])
    if one is None:
        raise refuse(web.HTTPNotFound, "there is no such series in the plan, /api/v1/series lists them")
    wanted = ranges.RANGES.get(request.query.get("range", "24h"))
    if wanted is None:
        raise refuse(web.HTTPBadRequest, f"range must be one of {', '.join(ranges.RANGES)}")
    now, count = sight.clock.wall(), len(sight.live.keys)
    found = await sight.read(lambda reader: ranges.look(reader, one, wanted, now, count))
    return answer({"rollups": [object_of(rollup, rollup.start) for rollup in found.rollups]})


async def records(request: web.Request) -> web.Response:
    """The last records of `?series=KEY`, newest first; `?limit=`, and `?before=` a time."""
    sight, query = _sight(request), request.query
    one = sight.live.keys.get(query.get("series", ""))
    if one is None:
        raise refuse(web.HTTPNotFound, "series: name one by its key, /api/v1/series lists them")
    try:
        limit = _limit(query.get("limit", "100"))
        before = micros_of(query["before"]) if "before" in query else None
    except ValueError as fault:
        raise refuse(web.HTTPBadRequest, str(fault)) from None
    found = await sight.read(lambda reader: looks.records(reader, one, limit, before))
    return answer({"records": [object_of(record, record.began + round(record.seconds * 1e6)) for record in found]})


def _limit(text: str) -> int:
    """How many are asked for. Raises ValueError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= looks.MOST):
        raise ValueError(f"limit must be 1 to {looks.MOST}, not {text[:20]!r}")
    return int(text)


async def events(request: web.Request) -> web.Response:
    """The newest events as they were told last; with `?open=1` those that are not over."""
    sight = _sight(request)
    if request.query.get("open"):
        return answer({"events": views.events(sight.live.open_events())})
    return answer({"events": views.events(await sight.read(looks.latest_events))})


async def event(request: web.Request) -> web.Response:
    """All revisions of an event, oldest first, and the receivers that were told of them, newest first."""
    name = request.match_info["id"]
    found = await _sight(request).read(lambda reader: looks.revisions(reader, name))
    if not found:
        raise refuse(web.HTTPNotFound, f"there is no event {name}")
    told = await _sight(request).read(lambda reader: receivers.of_event(reader, name))
    return answer({"revisions": views.events(found), "deliveries": [object_of(body, at) for at, body in told]})
