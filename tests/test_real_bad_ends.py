"""Bad ends in real logs: each number that the README tells of them, counted again from the raw files by queries of
their own, and the findings that a night makes of them.

The logs stand beside the project (../shared/realdata); without them these tests skip.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from scipy import stats
from test_real_sites import REAL, ROOT, nightly

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real logs (../shared/realdata) are not here")
OLIST = REAL / "order/olist"


def told_in_readme(start: str, *numbers: str) -> None:
    """Each of the numbers stands in the README's row that begins so."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {re.escape(start)}.*$", readme, re.MULTILINE)
    assert row, f"README.md has no row {start!r}"
    for number in numbers:
        assert number in row.group(0), f"{number!r} is not in {row.group(0)!r}"


def wilson(hits: int, n: int) -> str:
    """'68.2 % [60.9 to 74.8]', by scipy."""
    ends = stats.binomtest(hits, n).proportion_ci(method="wilson")
    return f"{100 * hits / n:.1f} % [{100 * ends.low:.1f} to {100 * ends.high:.1f}]"


@pytest.fixture(scope="module")
def olist() -> duckdb.DuckDBPyConnection:
    """The marketplace's tables: `ordered` one row per order with its promise, `rated` one per review."""
    read = lambda name: f"read_csv('{OLIST}/olist_{name}_dataset.csv')"  # noqa: E731
    db = duckdb.connect()
    db.execute(f"""create table ordered as select o.*, c.customer_unique_id as person,
        order_estimated_delivery_date + interval '23:59:59' as due from {read("orders")} as o
        inner join {read("customers")} as c using (customer_id)""")
    db.execute(f"""create table rated as
        select o.person, o.order_id, r.review_score as stars, r.review_answer_timestamp as told_at
        from {read("order_reviews")} as r inner join ordered as o using (order_id)""")
    db.execute("create table first_day as select min(order_purchase_timestamp) as begins from ordered")
    return db


def bad_within_a_week(db: duckdb.DuckDBPyConnection, moment: str, which: str) -> tuple[int, int]:
    """(orders after whose moment their person gives one to three stars within seven days, all of them). Orders of the
    first week are left out: what came before the data begin is not known."""
    (row,) = db.execute(f"""select count(*) filter (exists(select 1 from rated as r where r.person = o.person
            and r.stars <= 3 and r.told_at > {moment} and r.told_at <= {moment} + interval 7 day)), count(*)
        from ordered as o where {which}
            and order_purchase_timestamp >= (select begins + interval 7 day from first_day)"""
    ).fetchall()  # fmt: skip
    return int(row[0]), int(row[1])


NOT_THERE = "(order_delivered_customer_date is null or order_delivered_customer_date > due)"
LIVE = "order_status not in ('canceled', 'unavailable')"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Step -> failure point of the shop's night."""
    site = nightly("real_shop", tmp_path_factory.mktemp("bad"))
    findings = json.loads((site / "exports/findings.json").read_text(encoding="utf-8"))
    return {one["where"]["step"]: one for one in findings if one["kind"] == "failure_point"}


def interval(finding: dict[str, Any]) -> str:
    return f"x {finding['effect']['value']:.1f} [{finding['ci']['low']:.1f} to {finding['ci']['high']:.1f}]"


def test_a_broken_promise_goes_with_bad_reviews(olist: duckdb.DuckDBPyConnection, found: dict[str, Any]) -> None:
    hits, n = bad_within_a_week(olist, "due", f"{LIVE} and {NOT_THERE}")
    overdue = found["overdue"]
    assert (overdue["n"]["hits_all"], overdue["n"]["exposed"]) == (hits, n)
    assert (overdue["status"], overdue["grade"]) == ("confirmed", "C")
    came = bad_within_a_week(olist, "due", f"{LIVE} and order_delivered_customer_date > due")
    never = bad_within_a_week(olist, "due", f"{LIVE} and order_delivered_customer_date is null")
    in_time = bad_within_a_week(olist, "order_delivered_customer_date", "order_delivered_customer_date <= due")
    assert came[0] + never[0] == hits and came[1] + never[1] == n
    told_in_readme(
        "a promise that is broken (Olist)",
        f"{hits:,} of {n:,}",
        *(f"{part[0]:,} of {part[1]:,}, {wilson(*part)}" for part in (came, never, in_time)),
        interval(overdue),
    )


def test_the_hand_over_is_merely_nearer_to_the_end(olist: duckdb.DuckDBPyConnection, found: dict[str, Any]) -> None:
    """What an own count says of it: within a week after it both good and bad reviews are more frequent."""
    finding = found["handed_over"]
    assert finding["status"] != "confirmed" and finding["grade"] == "D"
    rates = {}
    for name, moment in (("order", "order_purchase_timestamp"), ("hand-over", "order_delivered_carrier_date")):
        for stars in ("r.stars <= 3", "r.stars >= 4"):
            (row,) = olist.execute(f"""select avg(exists(select 1 from rated as r where r.person = o.person and {stars}
                and r.told_at > {moment} and r.told_at <= {moment} + interval 7 day)::int) from ordered as o
                where {moment} is not null""").fetchall()
            rates[name, stars] = row[0]
    assert rates["hand-over", "r.stars <= 3"] > 2 * rates["order", "r.stars <= 3"]
    assert rates["hand-over", "r.stars >= 4"] > 2 * rates["order", "r.stars >= 4"]
    good = next(one for one in finding["extra"]["neg_control"] if one["name"].startswith("good end"))
    assert good["low"] > 1
    told_in_readme("the hand-over to the carrier (Olist)", interval(finding), f"x {good['OR']:.1f}")


def test_pages_with_few_photos_or_words_can_not_be_told(found: dict[str, Any]) -> None:
    """In pandas: of orders that came in time, by whether a product's page lacks what most of its category have."""
    read = lambda name, **how: pd.read_csv(OLIST / f"olist_{name}_dataset.csv", **how)  # noqa: E731
    product = read("products")
    size = product.groupby("product_category_name")["product_id"].transform("size")
    peers = product["product_category_name"].where(size > 8, "all others")
    poor = pd.Series(False, index=product.index)
    for column in ("product_photos_qty", "product_description_lenght"):
        known = product[column].where(product[column] > 0)
        low, half = (peers.map(known.groupby(peers).quantile(q, interpolation="lower")) for q in (0.1, 0.5))
        poor |= known.isna() | ((known < low) & (known < half / 2))
    product = product.assign(is_poor=poor)
    sold = read("order_items").merge(product, on="product_id").groupby("order_id")["is_poor"].any()
    times = ["order_delivered_customer_date", "order_estimated_delivery_date"]
    order = read("orders", parse_dates=times).set_index("order_id").join(sold, how="inner")
    order = order.join(read("order_reviews").groupby("order_id")["review_score"].min(), how="inner")
    in_time = order[order[times[0]] < order[times[1]] + pd.Timedelta(days=1)]
    bad = in_time["review_score"] <= 3
    is_poor = in_time["is_poor"]
    few, others = ((int(bad[is_poor == value].sum()), int((is_poor == value).sum())) for value in (True, False))
    assert stats.fisher_exact([[few[0], few[1] - few[0]], [others[0], others[1] - others[0]]]).pvalue > 0.2
    told = found["overdue"]["extra"]["of_goods"]["poor=2"]
    assert told["low"] < 1 < told["high"]
    told_in_readme(
        "pages with few photos or words (Olist)",
        f"{few[0]:,} of {few[1]:,}, {wilson(*few)}",
        f"{others[0]:,} of {others[1]:,}, {wilson(*others)}",
        f"x {told['OR']:.2f} [{told['low']:.2f} to {told['high']:.2f}]",
    )


def test_cancellations_have_no_time(olist: duckdb.DuckDBPyConnection) -> None:
    (row,) = olist.execute("select count(*) filter (not (" + LIVE + ")), count(*) from ordered").fetchall()
    told_in_readme("cancellations (Olist)", f"{row[0]:,} of {row[1]:,}")


def test_returns_of_the_gift_shop() -> None:
    shop = duckdb.connect()
    shop.execute(f"""create table line as
        select *, strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S') as told_at, InvoiceNo[1] = 'C' as back
        from read_csv('{REAL}/order/uci_online_retail_2010-12_daily/*.csv.gz', all_varchar = true)
        where CustomerID is not null""")
    ((orders, returned),) = shop.execute("""
        with sold as (select distinct CustomerID, told_at from line
            where not back and told_at < (select max(told_at) from line) - interval 7 day)
        select count(*), count(*) filter (exists(select 1 from line as b where b.back and b.CustomerID = s.CustomerID
            and b.told_at > s.told_at and b.told_at <= s.told_at + interval 7 day)) from sold as s""").fetchall()
    ((n_back, not_goods, known),) = shop.execute("""
        select count(*), count(*) filter (regexp_full_match(StockCode, '[A-Za-z ]+')),
        count(*) filter (exists(select 1 from line as s where not s.back and s.CustomerID = b.CustomerID
            and s.StockCode = b.StockCode and s.told_at < b.told_at)) from line as b where back""").fetchall()
    told_in_readme(
        "returns (gift shop)",
        f"{returned:,} of {orders:,}, {wilson(returned, orders)}",
        f"{known:,} of {n_back:,}",
        f"{not_goods} ",
    )


def test_calls_and_complaints_of_the_bank() -> None:
    bank = duckdb.connect()
    folder = REAL / "process/retail_bank_crm"
    bank.execute(f"""create table call as
        select *, nullif(ltrim(regexp_replace(rand_client, '[^0-9]', '', 'g'), '0'), '') as who
        from read_csv('{folder}/CRMCallCenterLogs_original.csv', all_varchar = true)""")
    bank.execute(f"""create table complaint as select *, strptime(date_received, '%d-%m-%Y')::date as day
        from read_csv('{folder}/crm_events.csv', all_varchar = true)""")
    ((ended, hung_up, named),) = bank.execute("""
        select count(outcome), count(*) filter (outcome in ('HANG', 'PHANTOM')),
        count(*) filter (outcome in ('HANG', 'PHANTOM') and who is not null) from call""").fetchall()
    ((answered, is_it),) = bank.execute("""select count(*), count(*) filter (exists(select 1 from complaint as c
            where c.complaint_id = k.Complaint_ID and c.submitted_via = 'Phone' and c.day = k.Date_received::date))
        from call as k where outcome = 'AGENT'""").fetchall()
    assert named == 0, "whoever hung up is known by a telephone at most"
    told_in_readme("calls given up (bank)", f"{hung_up:,} of {ended:,}, {wilson(hung_up, ended)}")
    told_in_readme("calls that lead to a complaint (bank)", f"{is_it:,} of {answered:,}")


def test_calls_given_up_of_the_call_centre() -> None:
    lines = (REAL / "call/pbxware_queue_log_2018/queue_log.native_derived").read_text(encoding="utf-8").splitlines()
    verbs = [line.split("|")[4] for line in lines if line.count("|") >= 4]
    given_up = sum(verb in ("ABANDON", "EXITWITHTIMEOUT") for verb in verbs)
    told_in_readme("calls given up (call centre)", f"{given_up} of {verbs.count('ENTERQUEUE')}")


def test_a_night_claims_nothing_of_what_can_not_be_told(tmp_path: Path) -> None:
    """Returns and complaints are declared as bad ends there; none of them becomes a failure point."""
    for name in ("real_retail", "real_bank"):
        site = nightly(name, tmp_path)
        findings = json.loads((site / "exports/findings.json").read_text(encoding="utf-8"))
        assert not [one for one in findings if one["kind"] == "failure_point"], name
