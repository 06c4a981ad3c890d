"""The synthetic world: same bytes every time, real formats, every code declared, and the truth it claims."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import math
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
WORLDGEN = ROOT / "tests" / "worldgen"
LINE = re.compile(
    rb"^[0-9a-f.:]+ - (-|[a-z0-9]+) \[\d\d/[A-Z][a-z]{2}/\d{4}:[0-2]\d:[0-5]\d:[0-5]\d \+0100\] "
    rb'"(GET|POST|HEAD) (/\S*) HTTP/1\.1" (\d{3}) \d+ "([^"]*)" "([^"]+)" "(-|[0-9a-f]{16})"$'
)
CALL = re.compile(r"^\d{10}\|(NONE|\d{10}\.\d+)\|(NONE|[a-z]+)\|(NONE|PJSIP/\d+)\|([A-Z]+(?:_LEVEL[1-6])?)(\|[^|]*)+$")


def load(name: str) -> ModuleType:
    """A module of the generator, which lives outside the packages."""
    if str(WORLDGEN) not in sys.path:
        sys.path.insert(0, str(WORLDGEN))
    return importlib.import_module(name)


def build(out: Path, **settings: Any) -> Path:
    """A small world."""
    config = load("world_config").Config(**({"customers": 100, "days": 30} | settings))
    load("world_build").build(out, config)
    return out


def content(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def files(site: Path) -> dict[str, Path]:
    return {str(path.relative_to(site)): path for path in sorted(site.rglob("*")) if path.is_file()}


def committed() -> dict[str, Path]:
    """The files of the sample that are in the repository: not what a run leaves there."""
    ours = ("site.toml", "truth.json.gz", "inbox/", "process/")
    return {name: path for name, path in files(SAMPLE).items() if name.startswith(ours)}


def truth(site: Path) -> dict[str, Any]:
    return dict(json.loads(content(site / "truth.json.gz")))


def web_lines(site: Path) -> Iterator[bytes]:
    for path in sorted((site / "inbox" / "web").iterdir()):
        if not path.name.endswith(".1.gz"):  # the overlapping file that is delivered again
            yield from content(path).splitlines()


def orders(site: Path) -> dict[int, dict[str, Any]]:
    """The last state of each order."""
    last: dict[int, dict[str, Any]] = {}
    for path in sorted((site / "inbox" / "orders").iterdir()):
        for order in json.loads(content(path))["orders"]:
            known = last.get(order["order_number"])
            if known is None or known["updated_at"] <= order["updated_at"]:
                last[order["order_number"]] = order
    return last


def queue_lines(site: Path) -> list[str]:
    paths = sorted((site / "inbox" / "calls").iterdir(), key=lambda path: (path.name == "queue_log", path.name))
    return [line for path in paths for line in content(path).decode().splitlines()]


def records(site: Path) -> list[list[str]]:
    paths = sorted((site / "inbox" / "cdr").iterdir(), key=lambda path: (path.name == "Master.csv", path.name))
    text = b"".join(content(path) for path in paths).decode(errors="replace")
    return [row for row in csv.reader(io.StringIO(text)) if row]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("world") / "site")


@pytest.fixture(scope="module")
def null(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plants = load("world_config").Plants.none()
    return build(tmp_path_factory.mktemp("null") / "site", customers=600, plants=plants)


def test_the_same_world_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again")
    assert files(small).keys() == files(again).keys()
    for name, path in files(small).items():
        assert path.read_bytes() == (again / name).read_bytes(), name


def test_another_seed_gives_another_world(small: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "other", seed=7)
    assert truth(other)["people"]["customer_id"] != truth(small)["people"]["customer_id"]


def test_the_committed_sample_is_what_the_generator_makes(tmp_path: Path) -> None:
    """Compared unpacked: another zlib may pack the same bytes otherwise."""
    load("world_build").build(tmp_path, load("world_config").sample())
    fresh = files(tmp_path)
    kept = committed()
    assert kept.keys() == fresh.keys(), "run make sample"
    for name, path in fresh.items():
        assert content(path) == content(kept[name]), f"{name} is stale: run make sample"


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in committed().values()) < 5_000_000


def test_web_lines_are_combined_format_but_for_the_dirt() -> None:
    lines = list(web_lines(SAMPLE))
    bad = [line for line in lines if not LINE.match(line)]
    dirt = {row["kind"]: row["n_affected"] for row in truth(SAMPLE)["plants"] if row["kind"].startswith("dirt.web")}
    planted = sum(
        dirt[f"dirt.web_{kind}"] for kind in ("blank_line", "tls_garbage", "wrong_timestamp", "truncated_line")
    )
    assert 0.9 * planted <= len(bad) <= planted  # a piece of dirt can hit another
    assert 60_000 < len(lines) < 90_000


def test_queue_log_and_call_records_parse_and_agree() -> None:
    lines = queue_lines(SAMPLE)
    bad = [line for line in lines if not CALL.match(line)]
    dirt = {row["kind"]: row["n_affected"] for row in truth(SAMPLE)["plants"] if row["kind"].startswith("dirt.call")}
    assert len(bad) <= dirt["dirt.call_blank_line"] + dirt["dirt.call_truncated_line"]
    rows = records(SAMPLE)
    assert {len(row) for row in rows} == {21}
    answered = {line.split("|")[1] for line in lines if "|COMPLETE" in line}
    in_queue = {row[16] for row in rows if row[7] == "Queue"}
    assert answered <= in_queue
    known = truth(SAMPLE)
    assert {row[16] for row in rows} == {*known["calls"]["call_id"], *known["hotlines"]["call_id"]}


def test_phone_orders_name_a_call_that_was_answered() -> None:
    answered = {line.split("|")[1] for line in queue_lines(SAMPLE) if "|order|" in line and "|COMPLETE" in line}
    named = [
        order["note_attributes"][0]["value"] for order in orders(SAMPLE).values() if order["source_name"] == "phone"
    ]
    assert len(named) > 100
    assert set(named) <= answered


def steps() -> list[dict[str, Any]]:
    """The step dictionary of the sample."""
    return list(tomllib.loads((SAMPLE / "process" / "steps.toml").read_text(encoding="utf-8"))["step"])


def codes(site: Path) -> Counter[tuple[str, str]]:
    """(source, code) of everything in the raw files, by a parser of our own; bots and static files left out."""
    seen: Counter[tuple[str, str]] = Counter()
    for line in web_lines(site):
        match = LINE.match(line)
        if match and not re.search(rb"(?i)bot|zgrab", match[6]) and not re.search(rb"\.(css|js|svg|jpg)\b", match[3]):
            path = match[3].split(b"?")[0].decode()
            refusal = f" -> {match[4][:1].decode()}xx" if match[4] >= b"400" else ""
            seen["web", f"{match[2].decode()} {path}{refusal}"] += 1
    for entry in queue_lines(site):
        field = entry.split("|")
        if CALL.match(entry):
            seen["calls", f"{field[4]} {field[2]}"] += 1
    for record in records(site):
        seen["cdr", f"{record[3]} {record[7]} {record[14]}"] += 1
    for order in orders(site).values():
        found = [f"created {order['source_name']}"]
        found += [f"transaction {row['kind']} {row['status']}" for row in order["transactions"]]
        found += [f"fulfillment {row['status']}" for row in order["fulfillments"]]
        found += [f"fulfillment_event {row['status']}" for parcel in order["fulfillments"] for row in parcel["events"]]
        found += ["refund"] * len(order["refunds"]) + [f"event {row['verb']}" for row in order["events"]]
        found += ["cancelled"] * bool(order["cancelled_at"]) + ["closed"] * bool(order["closed_at"])
        seen.update(("orders", code) for code in found)
    return seen


def test_every_code_is_declared_and_every_declared_step_occurs() -> None:
    dictionary = steps()
    patterns = [
        (
            source,
            re.sub(r"\\\{(product|order|call)\\\}", "[^/ ]+", re.escape(pattern).replace(r"\*", ".*")),
            row["step"],
        )
        for row in dictionary
        for source, list_ in row["codes"].items()
        for pattern in list_
    ]
    used: Counter[str] = Counter()
    for (source, code), n in codes(SAMPLE).items():
        step = next((step for of, pattern, step in patterns if of == source and re.fullmatch(pattern, code)), None)
        assert step is not None, f"{source}: {code}"
        used[step] += n
    assert {row["step"] for row in dictionary} - set(used) <= {"technical_request"}


def test_the_intended_process_names_only_declared_steps() -> None:
    known = {row["step"] for row in steps()}
    text = (SAMPLE / "process" / "intended.toml").read_text(encoding="utf-8")
    intended = tomllib.loads(text)
    named = {re.sub(r"[+*?]$|\{.*\}$", "", name) for name in _names(intended["steps"])} | set(intended["ignore"])
    assert named | set(intended["weights"]) <= known


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _names(part)
    else:
        for part in value:
            yield from _names(part)


def test_planted_rates_are_realised() -> None:
    for row in truth(SAMPLE)["plants"]:
        if row["n_eligible"] and 0 < (rate := row["rate"]) < 1:
            realised = row["n_affected"] / row["n_eligible"]
            tolerance = 4 * math.sqrt(rate * (1 - rate) / row["n_eligible"])
            assert abs(realised - rate) <= tolerance, row


def test_skips_and_swaps_are_in_the_files_as_often_as_the_truth_says() -> None:
    counts = {row["name"]: row["n_affected"] for row in truth(SAMPLE)["plants"]}
    state = orders(SAMPLE)
    swapped = shipped_without_mail = 0
    for order in state.values():
        verbs = {row["verb"] for row in order["events"]}
        scans = {row["status"]: row["happened_at"] for parcel in order["fulfillments"] for row in parcel["events"]}
        late_enough = "in_transit" in scans
        shipped_without_mail += late_enough and "shipping_mail_sent" not in verbs
        swapped += "delivered" in scans and scans.get("out_for_delivery", "") > scans["delivered"]
    assert swapped == counts["swapped_scans"]
    assert shipped_without_mail == counts["skipped_shipping_mail"]
    seen = {match[1].decode() for line in web_lines(SAMPLE) if (match := re.search(rb"/orders/(\d+)/thank-you", line))}
    unseen = sum(order["source_name"] == "web" and str(number) not in seen for number, order in state.items())
    assert abs(unseen - counts["skipped_confirmation"]) <= 3  # a line lost to dirt


def test_refused_payments_are_in_the_web_log_as_often_as_the_truth_says() -> None:
    loop = next(row for row in truth(SAMPLE)["plants"] if row["name"] == "payment_loop")
    lines = set(web_lines(SAMPLE))
    refused = sum(b'"POST /checkout/pay HTTP/1.1" 402' in line for line in lines)
    assert abs(refused - loop["n_refusals"]) <= 3


def test_truth_joins_to_the_web_log() -> None:
    """Each customer's page line has exactly the person and need that the truth names; nothing is left over."""
    known = truth(SAMPLE)
    web, at = known["web"], 0
    expected: Counter[tuple[str, int, str]] = Counter()
    for visitor, step, path in zip(web["visitor"], web["at"], web["path"], strict=True):
        at += step
        expected[web["visitors"][visitor], at, web["paths"][path]] += 1
    found: set[tuple[str, int, str]] = set()
    for line in web_lines(SAMPLE):
        match = LINE.match(line)
        if match and not re.search(rb"(?i)bot|zgrab", match[6]):
            cookie = match[7].decode()
            stamp = line[line.index(b"[") + 1 : line.index(b"]")].decode()
            visitor_key = cookie if cookie != "-" else f"{line.split(b' ')[0].decode()} {match[6].decode()}"
            found.add((visitor_key, _epoch(stamp), match[3].split(b"?")[0].decode()))
    lost = [key for key in expected if key not in found]
    assert len(lost) <= 20, lost[:3]  # cut off or with a wrong time
    assert len(expected) > 35_000


def _epoch(stamp: str) -> int:
    return int(datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z").timestamp())


def test_truth_names_the_person_of_every_order_and_login() -> None:
    known = truth(SAMPLE)
    people, listed = known["people"], known["orders"]
    for number, billed_to in zip(listed["order_number"], listed["billed_to"], strict=True):
        order = orders_of_sample().get(number)
        if order is not None:
            assert order["customer"]["id"] == people["customer_id"][billed_to]
    logins = {match[1].decode() for line in web_lines(SAMPLE) if (match := LINE.match(line)) and match[1] != b"-"}
    assert logins <= set(people["login"])


_ORDERS: dict[int, dict[str, Any]] = {}


def orders_of_sample() -> dict[int, dict[str, Any]]:
    if not _ORDERS:
        _ORDERS.update(orders(SAMPLE))
    return _ORDERS


def test_the_null_world_plants_nothing(null: Path) -> None:
    assert truth(null)["plants"] == []
    assert all(LINE.match(line) for line in web_lines(null))
    assert all(CALL.match(line) for line in queue_lines(null))
    assert not any(line.split(b'"')[2].startswith(b" 402") for line in web_lines(null))
    for order in orders(null).values():
        scans = [row["status"] for parcel in order["fulfillments"] for row in parcel["events"]]
        assert "delivered" not in scans or scans[-1] == "delivered"
    assert all(len(owner) == 1 for owner in truth(null)["people"]["cookie"]["person"])


def test_one_plant_does_not_reshuffle_the_rest(null: Path, tmp_path: Path) -> None:
    plants = load("world_config").Plants.only("skipped")
    site = build(tmp_path / "skipped", customers=600, plants=plants)
    assert {row["name"] for row in truth(site)["plants"]} == {"skipped_confirmation", "skipped_shipping_mail"}
    assert truth(site)["calls"] == truth(null)["calls"]


def test_a_plant_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no plant called 'x'; choose from payment_loop"):
        load("world_config").Plants.only("x")


def test_the_command_line_writes_logs_only(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("worldgen_command", WORLDGEN / "build.py")
    assert spec is not None and spec.loader is not None
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    arguments = ["--out", str(tmp_path), "--customers", "20", "--scale", "2", "--days", "7", "--only-logs"]
    assert command.main(arguments) == 0
    assert truth(tmp_path)["world"]["customers"] == 40
    assert not (tmp_path / "site.toml").exists()
    with pytest.raises(SystemExit) as stop:
        command.main(["--out", str(tmp_path), "--days", "400"])
    assert stop.value.code == 2
