"""A small world of raw files of four sources, for tests that derive it again and again."""

from __future__ import annotations

import datetime as dt
import json
import random

ZERO = dt.datetime(2026, 1, 10)
SOURCES = {
    "web": {"adapter": "nginx_combined", "extra": ["cookie"]},
    "calls": "asterisk_queue_log",
    "cdr": {"adapter": "asterisk_cdr", "timezone": "Europe/Berlin"},
    "shop": "shopify_orders_json",
}
STEPS = [
    {
        "step": "product",
        "label": "Product",
        "stage": "research",
        "channel": "web",
        "department": "Shop",
        "class": "browse",
        "codes": {"web": ["GET /p/{product}"]},
    },
    {
        "step": "order_page",
        "label": "My order",
        "stage": "receive",
        "channel": "web",
        "department": "Shop",
        "codes": {"web": ["GET /orders/{order}"]},
    },
    {"step": "menu", "label": "Menu", "stage": "help", "channel": "ivr", "codes": {"cdr": ["*"]}, "at": "end"},
    {
        "step": "wait",
        "label": "Wait",
        "stage": "help",
        "channel": "ivr",
        "department": "Desk",
        "codes": {"calls": ["ENTERQUEUE *"]},
    },
    {
        "step": "talk",
        "label": "Talk",
        "stage": "help",
        "channel": "agent",
        "department": "Desk",
        "codes": {"calls": ["COMPLETE* *"]},
    },
    {
        "step": "ring",
        "label": "Ring",
        "stage": "help",
        "channel": "system",
        "visible": False,
        "codes": {"calls": ["CONNECT *"]},
    },
    {"step": "placed", "label": "Placed", "stage": "order", "channel": "order", "codes": {"shop": ["created *"]}},
    {"step": "paid", "label": "Paid", "stage": "order", "channel": "order", "codes": {"shop": ["transaction *"]}},
]


def write_world(lab, web_line, epoch: int, seed: int) -> list[tuple[str, str]]:
    """Some hundred lines of 30 people over 8 days: ties, shared phones, dirt, re-sent orders. A file holds three days,
    and is named by the first of them. Gives (source, file)."""
    rng = random.Random(seed)
    files: dict[tuple[str, str], list[str]] = {}
    orders: dict[int, dict] = {}
    for number in range(420):
        at, person = rng.randrange(8 * 48) * 1800 + rng.randrange(3), rng.randrange(30)
        day, phone = at // 86400 // 3 * 3, f"0170563{person // 2:04d}"
        kind = rng.random()
        if kind < 0.55:
            path = (
                f"/p/{rng.randrange(5)}"
                if rng.random() < 0.8 or not orders
                else f"/orders/{rng.choice(sorted(orders))}"
            )
            files.setdefault(("web", f"access.log-{day:02d}"), []).append(
                web_line(
                    at,
                    path,
                    cookie=f"c{person}" if rng.random() < 0.7 else "-",
                    ip=f"192.0.2.{person}",
                    login="-" if rng.random() < 0.9 else f"user{person}",
                )
            )
        elif kind < 0.85:
            call, start = f"{epoch + at}.{number}", epoch + at
            files.setdefault(("calls", f"queue_log-{day:02d}"), []).append(
                f"{start}|{call}|q{number % 2}|NONE|ENTERQUEUE||{phone}|1\n"
                f"{start + 5}|{call}|q|A|CONNECT|5|1.1|1\n{start + 65}|{call}|q|A|COMPLETEAGENT|5|60|1\n"
            )
            clock = ZERO + dt.timedelta(seconds=at, hours=1)
            end = clock + dt.timedelta(seconds=65)
            files.setdefault(("cdr", "Master.csv"), []).append(
                f'"","{phone}","s","in","","S","","Queue","q","{clock}","","{end}",65,60,"ANSWERED","D"'
                + (f',"{call}"' if number % 3 else "")
                + "\n"
            )
        else:
            moment = (ZERO + dt.timedelta(seconds=at)).isoformat() + "Z"
            order = orders.setdefault(
                1000 + number % 40,
                {
                    "id": number % 40 + 1,
                    "order_number": 1000 + number % 40,
                    "created_at": moment,
                    "source_name": "web",
                    "customer": {"id": person},
                    "phone": phone,
                    "line_items": [{"product_id": person % 5}],
                },
            )
            order["updated_at"] = moment
            order.setdefault("transactions", []).append(
                {"id": number, "kind": "sale", "status": "success", "created_at": moment}
            )
            files.setdefault(("shop", f"orders-{day:02d}.json"), []).append(json.dumps(order) + "\n")
    files["web", "access.log-00"].append(
        "spoilt line\n\n" + web_line(7, "/x.css", cookie="c1") + web_line(9, "/undeclared", cookie="c1")
    )
    for (source, name), lines in files.items():
        lab.put(source, name, "".join(lines))
    return sorted(files)
