"""A small, lively site without ingest: `python tests/mining/toy_site.py FOLDER` writes it and mines it.

For whoever builds on the tables of mining: a warehouse by the contract (about 900 journeys), site.toml, process/*.toml,
and everything that `mine` leaves (aggregates, findings, exports).
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mining_log import Ev, Log, St, _table, build

from ingest.site import Site
from ingest.store import Store
from mining.stage import mine

START = dt.datetime(2026, 1, 5, 8)
DAYS = 56
NIGHT = dt.date(2026, 3, 16)
STEPS = [
    St("view_home", "Opens the home page", "research", "web", "Web shop", "browse", repeats=None),
    St("view_product", "Looks at a product", "research", "web", "Web shop", "browse", repeats=None),
    St("call_product", "Calls about a product", "research", "agent", "Call centre", "contact"),
    St("add_to_cart", "Puts it in the basket", "order", "web", "Web shop", "work", repeats=None),
    St("address", "Types in the address", "order", "web", "Web shop", "info_request"),
    St("delivery_choice", "Chooses the delivery", "order", "web", "Web shop", "info_request"),
    St("pay", "Pays", "order", "web", "Web shop", "work"),
    St("pay_failed", "Payment is refused", "order", "web", "Web shop", "work", "company"),
    St("call_order", "Orders by phone", "order", "agent", "Order desk", "contact"),
    St("order_placed", "Order is placed", "order", "order", "Order desk", "outcome", "company"),
    St("confirmation_mail", "Gets the confirmation", "order", "mail", "Order desk", "handoff", "company"),
    St("shipping_mail", "Hears that it is on its way", "receive", "mail", "Delivery", "handoff", "company"),
    St("track", "Looks where the parcel is", "receive", "web", "Delivery", "browse", repeats=None),
    St("phone_menu", "Goes through the phone menu", "help", "ivr", "Call centre", "contact"),
    St("call_status", "Calls to ask where it is", "help", "agent", "Call centre", "contact"),
    St("give_up", "Gives up waiting on the phone", "help", "ivr", "Call centre", "contact"),
    St("deliver", "Receives the parcel", "receive", "parcel", None, "outcome", "company"),
    St("return_request", "Asks to return it", "return", "web", "Returns", "work"),
    St("refund", "Gets the money back", "return", "mail", "Returns", "outcome", "company"),
]
SITE_TOML = """[site]
name = "Toy shop"
currency = "EUR"
timezone = "Europe/Berlin"
country = "DE"
as_of = "2026-03-16"

[[source]]
name = "web"
adapter = "nginx_combined"

[costs]
agent_hour = 38.0
"""
INTENDED_TOML = """process = "order_to_delivery"
version = 1
case = "order"
steps = [
  { one_of = [["add_to_cart+", "address", "delivery_choice", "pay"], ["call_order"]] },
  "order_placed", "confirmation_mail", "shipping_mail", "deliver",
  { optional = ["return_request", "refund"] },
]
rules = ["never call_status after deliver within 7 days"]
ignore = ["view_home", "view_product", "call_product", "track", "phone_menu", "call_status", "give_up", "pay_failed"]
other_steps = "deviation"
tolerance = 0.02

[weights]
pay = 3
deliver = 3
"""


def toy_log(n_journeys: int = 900, seed: int = 11) -> Log:
    """Orders by web and phone with planted trouble: refused payments, status calls when late, missing confirmations."""
    rng = random.Random(seed)
    log = Log([], STEPS, as_of=NIGHT, departments=["Web shop", "Call centre", "Order desk", "Delivery", "Returns"])
    for number in range(n_journeys):
        _journey(rng, log, number, f"c{rng.randrange(int(n_journeys * 0.7)):05d}")
    return log


def _journey(rng: random.Random, log: Log, number: int, customer: str) -> None:
    case, clock = f"j{number:05d}", START + dt.timedelta(seconds=rng.randrange(DAYS * 86400))
    call = 0

    def add(
        step: str, minutes: float, *, engaged: float = 1.0, wait: float | None = None, handle: float | None = None
    ) -> None:
        nonlocal clock, call
        clock += dt.timedelta(seconds=max(1, int(60 * minutes * rng.lognormvariate(0, 0.5))))
        length = max(1, int(60_000 * engaged * rng.lognormvariate(0, 0.4)))
        is_call = step in ("call_product", "call_order", "call_status", "phone_menu", "give_up")
        call += step in ("phone_menu", "call_product", "call_order")
        end = clock + dt.timedelta(milliseconds=length) if is_call else None
        log.events.append(
            Ev(
                case,
                step,
                clock,
                end,
                customer,
                None if wait is None else int(60_000 * wait * rng.lognormvariate(0, 0.6)),
                None if handle is None else int(60_000 * handle),
                length,
                order=len(log.events),
                call=f"{case}-{call}" if is_call else None,
            )
        )
        clock = end or clock

    if rng.random() < 0.12:  # looks and asks, does not order
        log.anchor[case] = "episode"
        add("view_home", 0)
        add("view_product", 2)
        if rng.random() < 0.5:
            add("call_product", 10, engaged=6, wait=2, handle=5)
        return
    if rng.random() < 0.25:
        add("call_order", 0, engaged=9, wait=3, handle=7)
    else:
        add("view_home", 0)
        for _ in range(rng.randrange(1, 3)):
            add("view_product", 2)
        if rng.random() < 0.1:
            add("call_product", 8, engaged=6, wait=2, handle=5)
        add("add_to_cart", 3)
        add("address", 2, engaged=2)
        if rng.random() > 0.02:
            add("delivery_choice", 1)
        while rng.random() < 0.18:
            add("pay_failed", 2, engaged=2)
        if rng.random() > 0.05:
            add("pay", 2, engaged=2)
    add("order_placed", 1, engaged=0.1)
    confirmed, shipped = rng.random() > 0.09, 900 * rng.lognormvariate(0, 0.4)
    if confirmed:
        add("confirmation_mail", 5, engaged=1)
    add("shipping_mail", shipped, engaged=0.5)
    if rng.random() < 0.3:
        add("track", 400)
    late = rng.random() < 0.22
    while late and rng.random() < 0.6:
        add("phone_menu", 500, engaged=1.5)
        if rng.random() < 0.25:
            add("give_up", 1, engaged=6, wait=6)
        else:
            add("call_status", 1, engaged=7, wait=4, handle=4)
    if number % 60 == 0:
        log.open_cases.add(case)
        return
    add("deliver", 2800 if late else 1400, engaged=0.1)
    if rng.random() < 0.09:
        add("return_request", 4000, engaged=4)
        add("refund", 6000, engaged=0.5)


def write_site(root: Path) -> Site:
    """site.toml and process/*.toml of the toy shop in `root`."""
    (root / "process").mkdir(parents=True, exist_ok=True)
    (root / "site.toml").write_text(SITE_TOML, encoding="utf-8")
    (root / "process" / "intended.toml").write_text(INTENDED_TOML, encoding="utf-8")
    site = Site(root)
    for folder in (site.var, site.exports, site.reports):
        folder.mkdir(exist_ok=True)
    return site


def toy_warehouse(root: Path, n_journeys: int = 900, seed: int = 11) -> Site:
    """Write the toy site, its warehouse (SITE/var/warehouse.duckdb) and mine it. Replaces what is there."""
    site = write_site(root)
    site.warehouse.unlink(missing_ok=True)
    with Store.open(site.warehouse) as store:
        store.run(
            "create table warehouse as select cast(2 as utinyint) as schema_version, cast(0 as ubigint) as generation"
        )
        build(store, toy_log(n_journeys, seed))
        _accounting(store)
        mine(site, store, NIGHT)
        store.checkpoint()
    return site


def _accounting(store: Store) -> None:
    """The tables of ingest that only reports read."""
    n = int(store.value("select count(*) from event"))
    columns = (
        "file_id uinteger, source_id utinyint, path varchar, sha256 varchar, n_bytes ubigint, n_lines ubigint, "
        "n_accepted ubigint, "
        "n_duplicate ubigint, n_quarantined ubigint, n_blank ubigint, n_dropped ubigint, n_raw_events ubigint, "
        "first_at timestamp, "
        "last_at timestamp, status varchar, reason varchar"
    )
    row = {
        "file_id": 1,
        "source_id": 1,
        "path": "web/access.log",
        "sha256": "ab" * 32,
        "n_bytes": 180 * n,
        "n_lines": n + 2600,
        "n_accepted": n + 2500,
        "n_duplicate": 60,
        "n_quarantined": 30,
        "n_blank": 10,
        "n_dropped": 2500,
        "n_raw_events": n,
        "first_at": START,
        "last_at": START + dt.timedelta(days=DAYS),
        "status": "loaded",
        "reason": None,
    }
    bad = {
        **dict.fromkeys(row),
        "file_id": 2,
        "source_id": 2,
        "path": "calls/queue_log.gz",
        "status": "refused",
        "reason": "gzip: CRC error",
        **dict.fromkeys(
            (
                "n_bytes",
                "n_lines",
                "n_accepted",
                "n_duplicate",
                "n_quarantined",
                "n_blank",
                "n_dropped",
                "n_raw_events",
            ),
            0,
        ),
    }
    _table(store, "ledger", [row, bad], columns)
    _table(
        store,
        "dropped",
        [{"file_id": 1, "reason": "static", "n_lines": 2100}, {"file_id": 1, "reason": "bot", "n_lines": 400}],
        "file_id uinteger, reason varchar, n_lines ubigint",
    )
    _table(
        store,
        "quarantine",
        [
            {
                "file_id": 1,
                "line_no": 100 + i,
                "byte_offset": 9000 + i,
                "field": "time" if i < 20 else "status",
                "value_masked": "xx",
                "expectation": "day/month/year:time zone" if i < 20 else "three digits",
                "raw": None,
                "rule_version": "1",
            }
            for i in range(30)
        ],
        "file_id uinteger, line_no ubigint, byte_offset ubigint, field varchar, value_masked varchar, expectation "
        "varchar, raw blob, rule_version varchar",
    )


if __name__ == "__main__":
    print(toy_warehouse(Path(sys.argv[1])).warehouse)
