"""inbox/calls: Asterisk queue_log, rotated every Monday. inbox/cdr: Asterisk Master.csv with 21 columns, local time,
rotated with it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from pathlib import Path

from world_config import DAY_S, Config, is_workday, local_datetime, local_midnight_s, weekday
from world_dirt import Dirt
from world_io import write
from world_queue import CLOSE_S, OPEN_S, QUEUES, SHIFT_S, agent_name, n_seats
from world_record import Call, World
from world_trade import CLOSE_S as TRADE_CLOSE_S
from world_trade import OPEN_S as TRADE_OPEN_S
from world_trade import agent_name as trade_agent
from world_trade import is_open_day

ROTATION_S = 10 * 3600 + 30 * 60  # Monday 10:30, in office hours: so that some calls straddle two files
RESTART_S = 3 * 3600  # Sunday night
BREAK_S = 900
Row = tuple[int, int, int, str]  # epoch second, call sequence, part, line


def write_calls(world: World, out: Path, dirt: Dirt) -> None:
    """Write queue_log and Master.csv below `out`/inbox, what was rotated compressed."""
    rows = [row for call in (*world.calls, *world.hotline) for row in _queue_rows(call)] + _agent_rows(world)
    rows.sort()
    edges = [] if world.config.whole_files else _rotations(world.config)
    pieces: list[list[bytes]] = [[] for _ in range(len(edges) + 1)]
    piece = 0
    for row in rows:
        while piece < len(edges) and row[0] >= edges[piece]:
            piece += 1
        if row[0] < world.end_s:
            pieces[piece].append(row[3].encode())
    for n, lines in enumerate(pieces):
        dirt.call_lines(lines)
        name = f"queue_log-{local_datetime(edges[n]):%Y%m%d}.gz" if n < len(edges) else "queue_log"
        text = b"".join(line + b"\n" for line in lines)
        if n == len(edges) and lines and dirt.amount:  # the newest log is being written to: its last line is half there
            text = text[:-15]
            dirt.counts["call_truncated_line"] += 1
        write(out / "inbox" / "calls" / name, text)
    _write_records(world, out, dirt)


def _write_records(world: World, out: Path, dirt: Dirt) -> None:
    edges = [] if world.config.whole_files else _rotations(world.config)
    pieces: list[list[bytes]] = [[] for _ in range(len(edges) + 1)]
    for call in sorted((*world.calls, *world.hotline), key=lambda call: (call.end_s, call.sequence)):
        pieces[bisect_right(edges, call.end_s)].append(_record(call).encode())
    for n, records in enumerate(pieces):
        dirt.record_rows(records, 0.2 if edges else 2.0)
        name = f"Master.csv-{local_datetime(edges[n]):%Y%m%d}.gz" if n < len(edges) else "Master.csv"
        write(out / "inbox" / "cdr" / name, b"".join(record + b"\n" for record in records))


def _rotations(config: Config) -> list[int]:
    """Epoch seconds at which the logs of calls are rotated."""
    days = (config.first_day + timedelta(days=n) for n in range(1, config.days))
    return [local_midnight_s(day) + ROTATION_S for day in days if day.weekday() == 0]


def _queue_rows(call: Call) -> list[Row]:
    """The lines of one call; none of a queue for callers who never reached one."""
    menu = [
        (at, call.sequence, n, f"{at}|{call.call_id}|NONE|NONE|MENU_{node}|") for n, (at, node) in enumerate(call.menu)
    ]
    if not call.enter_s:
        return menu
    menu += [(at, call.sequence, 50 + n, f"{at}|{call.call_id}|{text}") for n, (at, text) in enumerate(_extra(call))]
    entered: list[tuple[int, str, str]] = [(call.enter_s, "NONE", f"ENTERQUEUE||{call.caller}|{call.origpos}")]
    entered += [(at, agent, f"RINGNOANSWER|{rang_ms}") for at, agent, rang_ms in call.ringing]
    hold, waited = call.connect_s - call.enter_s, call.end_s - call.enter_s
    if call.outcome == "answered":
        bridged = f"{max(call.connect_s - 5, call.enter_s)}.{call.sequence + 1}"
        talk = call.end_s - call.connect_s
        ring = min(5, hold)
        entered.append((call.connect_s, call.agent, f"CONNECT|{hold}|{bridged}|{ring}"))
        entered.append((call.end_s, call.agent, f"{call.completed_by}|{hold}|{talk}|{call.origpos}"))
        entered.append((call.end_s + call.after_s, call.agent, f"ACW|{call.after_s}"))
    else:
        verb = "ABANDON" if call.outcome == "abandoned" else "EXITWITHTIMEOUT"
        entered.append((call.end_s, "NONE", f"{verb}|1|{call.origpos}|{waited}"))
    return menu + [
        (at, call.sequence, 100 + part, f"{at}|{call.call_id}|{call.queue}|{agent}|{text}")
        for part, (at, agent, text) in enumerate(entered)
    ]


def _extra(call: Call) -> list[tuple[int, str]]:
    """What only standard worlds have: desks that handed the caller on, and the agent's question."""
    lines: list[tuple[int, str]] = []
    for leg in call.legs:
        hold, talk = leg.connect_s - leg.enter_s, leg.end_s - leg.connect_s
        lines.append((leg.enter_s, f"{leg.queue}|NONE|ENTERQUEUE||{call.caller}|1"))
        lines.append((leg.connect_s, f"{leg.queue}|{leg.agent}|CONNECT|{hold}|{leg.enter_s}.{call.sequence + 1}|3"))
        lines.append((leg.end_s, f"{leg.queue}|{leg.agent}|BLINDTRANSFER|{leg.next_queue}|default|{hold}|{talk}|1"))
    if call.asked_s:
        lines.append((call.asked_s, f"{call.queue}|{call.agent}|ASKED|parcel_number"))
    return lines


def _agent_rows(world: World) -> list[Row]:
    """Shifts and breaks of the agents, and a restart each Sunday night."""
    busy = _busy(world.calls)
    rows: list[Row] = []
    sequence = 1 << 40
    for midnight in range(world.start_s, world.end_s, DAY_S):
        if weekday(midnight) == 6:
            at = midnight + RESTART_S
            rows.append((at, sequence, 0, f"{at}|NONE|NONE|NONE|QUEUESTART|"))
        if not is_workday(midnight):
            continue
        if world.config.trade and is_open_day(midnight):
            for seat in range(world.config.trade.agents):
                for at, verb in (
                    (midnight + TRADE_OPEN_S - 90, "ADDMEMBER"),
                    (midnight + TRADE_CLOSE_S + 600, "REMOVEMEMBER"),
                ):
                    sequence += 1
                    rows.append((at + seat, sequence, 0, f"{at + seat}|NONE|trade|{trade_agent(seat)}|{verb}|"))
        for queue in QUEUES:
            for seat in range(n_seats(world.config)):
                for begin, end in ((OPEN_S, SHIFT_S), (SHIFT_S, CLOSE_S)):
                    agent = agent_name(queue, seat, midnight + begin)
                    pause = _free(midnight + (begin + end) // 2 + 180 * seat % 1800, busy.get(agent, []))
                    for at, text in (
                        (midnight + begin - 90 + seat, "ADDMEMBER|"),
                        (pause, "PAUSE|break"),
                        (pause + BREAK_S, "UNPAUSE|break"),
                        (midnight + end + 600 + seat, "REMOVEMEMBER|"),
                    ):
                        sequence += 1
                        rows.append((at, sequence, 0, f"{at}|NONE|{queue}|{agent}|{text}"))
    return rows


def _busy(calls: list[Call]) -> dict[str, list[tuple[int, int]]]:
    """When each agent is rung or at work on a call: sorted (from, to) in epoch seconds."""
    busy: dict[str, list[tuple[int, int]]] = {}
    for call in calls:
        for at, agent, _ in call.ringing:
            busy.setdefault(agent, []).append((at - 20, at + 1))
        if call.agent:
            busy.setdefault(call.agent, []).append((call.connect_s - 10, call.end_s + call.after_s))
    return {agent: sorted(spans) for agent, spans in busy.items()}


def _free(at_s: int, spans: list[tuple[int, int]]) -> int:
    """The first time from `at_s` on at which a break fits between the calls."""
    first = max(bisect_left(spans, (at_s, 0)) - 3, 0)
    for begin, end in spans[first:]:
        if begin >= at_s + BREAK_S:
            break
        at_s = max(at_s, end + 5)
    return at_s


def _record(call: Call) -> str:
    """One row of Master.csv: text in quotes, numbers bare."""
    answered = call.start_s + 1
    application, data = {
        "menu": ("BackGround", "nordlicht/menu"),
        "closed": ("Playback", "nordlicht/closed"),
    }.get(call.outcome, ("Queue", f"{call.queue},tn,,,600"))
    if call.line and call.outcome == "menu":
        data = f"nordlicht/{call.line}"
    trunk = f"PJSIP/trunk-{call.sequence:08x}"
    partner = f"{call.agent}-{call.sequence + 1:08x}" if call.agent else ""
    context = f"{call.line}-line" if call.line else "from-pstn"
    shown = call.caller or "anonymous"
    text = [
        "", call.caller, "s", context, f'""{shown}"" <{shown}>', trunk, partner, application, data,
        *(f"{local_datetime(at):%Y-%m-%d %H:%M:%S}" for at in (call.start_s, answered, call.end_s)),
    ]  # fmt: skip
    quoted = ",".join(f'"{field}"' for field in text)
    tail = ",".join(f'"{field}"' for field in ("ANSWERED", "DOCUMENTATION", call.call_id, "", "", call.call_id))
    return f"{quoted},{call.end_s - call.start_s},{call.end_s - answered},{tail},{call.sequence}"
