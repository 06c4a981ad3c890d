"""Names that want to be SQL, patterns or paths: of files in the inbox, of tables, columns, events in site.toml."""

from __future__ import annotations

import csv
import io

NAMES = [
    "it's",
    "*",
    "[ab]",
    "?",
    "'; drop table ledger; --",
    'a"b',
    "${HOME}",
    "ümlaut",
    "-rf",
    "%s",
    "{0}",
    "a b",
    "$x",
    "\\n",
]


def test_a_files_name_is_only_a_name(new_lab, web_line):
    lab = new_lab()
    for number, name in enumerate(NAMES):
        lab.put("web", f"{name}.log", web_line(number, f"/{number}"))
    lab.load()
    lab.check_identity()
    assert [row["n_raw_events"] for row in lab.ledger()] == [1] * len(NAMES), "none stands for another"
    assert sorted(row["path"] for row in lab.ledger()) == sorted(f"{name}.log" for name in NAMES)


def test_configured_names_are_only_names(new_lab):
    tables = {
        name: {
            "files": f"{number}-*.csv",
            "events": {name: name, name + "2": name},
            "ends": {name: name},
            "time_formats": ["%Y-%m-%d %H:%M:%S", "' || getvariable('x') || '%d"],
            "identifiers": {"customer_no": name},
            "code": name, "product": name, "intent": name, "attributes": NAMES,
        }
        for number, name in enumerate(NAMES)
    }  # fmt: skip
    lab = new_lab({"src": {"adapter": "relational_orders", "tables": tables}})
    for number in range(len(NAMES)):
        out = io.StringIO()
        rows = [[f"2026-01-1{i} 08:{number:02d}:00"] * len(NAMES) for i in range(3)]
        csv.writer(out, lineterminator="\n").writerows([NAMES, *rows])
        lab.put("src", f"{number}-x.csv", out.getvalue())
    lab.load()
    lab.check_identity()
    assert {row["status"] for row in lab.ledger()} == {"loaded"}, [row["reason"] for row in lab.ledger()]
    assert len(lab.raw_events()) == 2 * 3 * len(NAMES)
    codes = {code for (code,) in lab.rows("select code from code")}
    assert {f"{name}.{name} 2026-01-10 08:{number:02d}:00" for number, name in enumerate(NAMES)} <= codes
