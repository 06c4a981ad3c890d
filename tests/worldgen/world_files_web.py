"""inbox/web: one nginx access log a day (or a week), combined format and the visitor cookie as one more quoted field.

log_format shop '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                '"$http_referer" "$http_user_agent" "$cookie_vid"';
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from world_catalog import AGENTS, BOTS, CATEGORIES, PROBES, PRODUCTS, Bot
from world_config import DAY_S, LOCAL_SUFFIX, SHOP_HOST, seconds_of_day
from world_dirt import Dirt
from world_io import write
from world_random import Draws
from world_record import Hit, World

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Row = tuple[int, int, int, str]  # epoch second, order, part, line
ASSETS = ("/static/app.9f2c1b.css", "/static/app.51ab07.js", "/static/logo.svg")
REDELIVERED_AT = 0.8  # of the days: a file that overlaps two others is delivered again


def write_web(world: World, out: Path, dirt: Dirt) -> None:
    """Write all access logs of a world below `out`/inbox/web."""
    days: list[list[bytes]] = []
    whole: list[bytes] = []
    every, held = world.config.days_a_file, b""
    overlap = int(world.config.days * REDELIVERED_AT)
    lost = range(world.config.days // 2, world.config.days // 2 + world.config.outage_days)
    for day in range(world.config.days):
        date = world.config.first_day + timedelta(days=day)
        stamp = f"{date.day:02d}/{_MONTHS[date.month - 1]}/{date.year}"
        rows = [] if day in lost else _customers(world, day, stamp) + _bots(world, day, stamp)
        rows.sort()
        lines = [row[3].encode() for row in rows]
        dirt.web_day(lines, stamp)
        text = b"".join(line + b"\n" for line in lines)
        if world.config.whole_files:
            whole.append(text)
            continue
        if lines and dirt.ends_early(0.03):
            text = text[:-40] + b"\n" * (every > 1)
            dirt.counts["web_truncated_line"] += 1
        held += text
        if day % every == every - 1 or day == world.config.days - 1:
            write(out / "inbox" / "web" / f"access.log-{date:%Y%m%d}.gz", held)
            held = b""
        days.append(lines if day in (overlap - 1, overlap) else [])
        if day == overlap and dirt.amount and overlap > 0:
            again = days[day - 1][-300:] + lines[:200]
            write(out / "inbox" / "web" / f"access.log-{date:%Y%m%d}.1.gz", b"".join(line + b"\n" for line in again))
            dirt.counts["web_redelivered_line"] += len(again)
    if whole:
        write(out / "inbox" / "web" / "access.log", b"".join(whole))


def _line(ip: str, login: str, stamp: str, at_s: int, request: str, status: int, size: int, tail: str) -> str:
    """One log line. `tail` holds the quoted fields after the size."""
    second = seconds_of_day(at_s)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f'{ip} - {login} [{stamp}:{clock} {LOCAL_SUFFIX}] "{request} HTTP/1.1" {status} {size} {tail}'


def _customers(world: World, day: int, stamp: str) -> list[Row]:
    """The requests of the customers, with a few of the files that their browsers fetch along."""
    draws = Draws(world.config.seed, "static", day)
    leak = 0.0004 if world.config.plants.dirt else 0.0
    rows: list[Row] = []
    for hit in world.hits[day]:
        context = world.contexts[hit.context]
        agent = f'"{AGENTS[context.agent]}" "{context.cookie}"'
        query = hit.query
        if draws.chance(leak) and not query and hit.method == "GET":
            query = f"?mail={world.people[context.person].email}"  # dirt: personal data in a link
        rows.append(
            (
                hit.at_s,
                hit.order,
                0,
                _line(
                    context.ip,
                    context.login,
                    stamp,
                    hit.at_s,
                    f"{hit.method} {hit.path}{query}",
                    hit.status,
                    hit.size,
                    f'"{hit.referrer}" {agent}',
                ),
            )
        )
        for part, path in enumerate(_assets(hit, draws), 1):
            referrer = f'"https://{SHOP_HOST}{hit.path}"'
            size = 1_200 + len(path) * 811 % 20_000
            line = _line(context.ip, context.login, stamp, hit.at_s, f"GET {path}", 200, size, f"{referrer} {agent}")
            rows.append((hit.at_s, hit.order, part, line))
    return rows


def _assets(hit: Hit, draws: Draws) -> list[str]:
    """Files fetched with a page; most come from a cache."""
    paths: list[str] = []
    if draws.chance(0.5) and hit.is_first:
        paths += ASSETS
    if draws.chance(0.3) and hit.path.startswith("/p/") and hit.status == 200:
        paths.append(f"/img/{hit.path.split('/')[2]}-1.jpg")
    return paths


def _bots(world: World, day: int, stamp: str) -> list[Row]:
    """The requests of robots."""
    draws = Draws(world.config.seed, "bots", day)
    start = world.start_s + day * DAY_S
    rows: list[Row] = []
    for number, bot in enumerate(BOTS):
        count = max(1, round(bot.per_day * world.config.customers / 2_000))
        for n in range(count):
            at = start + (n * DAY_S // count if bot.reads == "health" else draws.below(DAY_S))
            request, status = _bot_request(bot, n, draws)
            tail = f'"-" "{bot.agent}" "-"'
            line = _line(bot.ip, "-", stamp, at, request, status, 0 if request[0] == "H" else 5_200 + number, tail)
            rows.append((at, 1 << 60, number * 100_000 + n, line))
    return rows


def _bot_request(bot: Bot, n: int, draws: Draws) -> tuple[str, int]:
    """What a robot asks for, and the answer."""
    if bot.reads == "health":
        return "HEAD /", 200
    if bot.reads == "probe":
        return f"GET {PROBES[draws.below(len(PROBES))]}", 404
    if n == 0:
        return "GET /robots.txt", 200
    u = draws.u()
    if u < 0.7:
        return f"GET {PRODUCTS[draws.below(len(PRODUCTS))].path}", 200
    if u < 0.95:
        return f"GET /c/{CATEGORIES[draws.below(len(CATEGORIES))]}", 200
    return "GET /sitemap.xml", 200
