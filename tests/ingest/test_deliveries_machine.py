"""What an operator, a server and logrotate do to an inbox, in any order, against a model in plain Python (G1, G4, G10).

The model of a source is a multiset: the union of its files, each the multiset of its lines. Files may grow, be
renamed, rotated, packed, copied, and deleted once they are loaded; a run may die; an older warehouse may be put back.
"""

from __future__ import annotations

import gzip
import itertools
import os
import shutil
from collections import Counter

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from ingest import faults
from ingest.errors import StorageError
from ingest.store import Store

CAMPAIGN = bool(os.environ.get("FRONTSTAGE_CAMPAIGN"))
LINES = st.lists(st.integers(0, 7), min_size=1, max_size=5)
FACTS = ("event", "customer", "journey", "journey_event")


def machine(new_lab, web_line) -> type[RuleBasedStateMachine]:
    """The machine over fresh labs; a line is a number, 7 is a line that no rule can read."""
    text = [web_line(60 * i, f"/p/{i}", cookie=f"c{i % 3}") for i in range(7)] + ["spoilt\n"]
    sources = {"web": {"adapter": "nginx_combined", "extra": ["cookie"]}}

    class Deliveries(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.lab = new_lab(sources)
            self.path = self.lab.root / "warehouse.duckdb"
            self.lab.store = Store.open(self.path, threads=1)
            self.files: dict[str, list[int]] = {}
            self.names = (f"{n}.log" for n in itertools.count())
            self.kept: Counter[int] = Counter()  # what the warehouse holds, as far as a whole run has told
            self.is_settled, self.saved = True, None
            self.clock = 0

        def write(self, name: str, lines: list[int]) -> None:
            data = "".join(text[i] for i in lines).encode()
            path = self.lab.root / "inbox/web" / name
            path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
            self.clock += 1
            os.utime(path, ns=(self.clock, self.clock))  # each change has its own time, as on a real disk
            self.files[name] = lines
            self.is_settled = False

        def name_of(self, number: int, *, plain: bool = False) -> str | None:
            known = [name for name in self.files if not (plain and name.endswith(".gz"))]
            return known[number % len(known)] if known else None

        @rule(lines=LINES, packed=st.booleans())
        def drop_a_file(self, lines: list[int], packed: bool) -> None:
            self.write(next(self.names) + (".gz" if packed else ""), lines)

        @rule(number=st.integers(0, 9), lines=LINES)
        def append(self, number: int, lines: list[int]) -> None:
            if name := self.name_of(number, plain=True):
                self.write(name, self.files[name] + lines)

        @rule(number=st.integers(0, 9), lines=LINES, truncates=st.booleans())
        def rotate(self, number: int, lines: list[int], truncates: bool) -> None:
            if name := self.name_of(number, plain=True):
                old = self.files[name]
                if truncates:
                    self.write(next(self.names), old)
                else:
                    self.move(name, next(self.names))
                self.write(name, lines)

        @rule(number=st.integers(0, 9))
        def pack(self, number: int) -> None:
            if name := self.name_of(number, plain=True):
                self.write(name + ".gz", self.files.pop(name))
                (self.lab.root / "inbox/web" / name).unlink()

        @rule(number=st.integers(0, 9))
        def duplicate(self, number: int) -> None:
            if name := self.name_of(number, plain=True):
                self.write("copy-" + next(self.names), self.files[name])

        @rule(number=st.integers(0, 9))
        def rename(self, number: int) -> None:
            if name := self.name_of(number):
                self.move(name, f"{next(self.names)}-{name}")

        def move(self, name: str, new: str) -> None:
            folder = self.lab.root / "inbox/web"
            (folder / name).rename(folder / new)
            self.files[new] = self.files.pop(name)
            self.is_settled = False

        @precondition(lambda self: self.is_settled)
        @rule(number=st.integers(0, 9))
        def delete_what_is_loaded(self, number: int) -> None:
            if name := self.name_of(number):
                (self.lab.root / "inbox/web" / name).unlink()
                del self.files[name]

        @rule(n=st.integers(1, 120))
        def a_run_dies(self, n: int) -> None:
            faults.arm(f"sql:{n}:eio")
            try:
                self.lab.load()
            except StorageError:
                self.is_settled = False
            finally:
                faults.arm(None)
            self.lab.store.__exit__()
            self.lab.store = Store.open(self.path, threads=1)

        @rule()
        def run(self) -> None:
            self.lab.load()
            for lines in self.files.values():
                self.kept |= Counter(lines)
            self.is_settled = True
            self.lab.check_identity()
            codes = Counter(event["code"] for event in self.lab.raw_events())
            assert codes == Counter({f"GET /p/{i}": n for i, n in self.kept.items() if i < 7})
            assert self.lab.rows("select count(*) from quarantine") == [(self.kept[7],)]

        @precondition(lambda self: self.is_settled)
        @rule()
        def save_the_warehouse(self) -> None:
            self.reopen(lambda: shutil.copy(self.path, self.path.with_suffix(".saved")))
            self.saved = self.kept.copy()

        @precondition(lambda self: self.saved is not None)
        @rule()
        def put_the_older_warehouse_back(self) -> None:
            self.reopen(lambda: shutil.copy(self.path.with_suffix(".saved"), self.path))
            self.kept, self.is_settled = self.saved.copy(), False

        def reopen(self, between) -> None:
            self.lab.store.checkpoint()
            self.lab.store.__exit__()
            between()
            self.lab.store = Store.open(self.path, threads=1)

        def teardown(self) -> None:
            """All that was ever kept, as one file in one night, gives the same derived tables."""
            if not hasattr(self, "lab"):
                return
            self.run()
            if any(i < 7 for i in self.kept):
                self.lab.derive()
                whole = new_lab(sources)
                whole.put("web", "whole.log", "".join(text[i] for i in sorted(self.kept.elements())))
                whole.night()
                ids = "select event_id from event order by all"
                assert self.lab.rows(ids) == whole.rows(ids)
                for table in FACTS:  # equal lines are equal events: which of them is called the first may differ
                    hidden = "exclude (event_id, source_file, source_line)" if table == "event" else ""
                    query = f"select * {hidden} from {table} order by all"
                    assert self.lab.rows(query) == whole.rows(query), table
                whole.close()
            self.lab.close()

    return Deliveries


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_inbox_in_any_hands_ends_in_the_union_of_its_files(new_lab, web_line):
    run_state_machine_as_test(
        machine(new_lab, web_line),
        settings=settings(
            max_examples=150 if CAMPAIGN else 5,
            stateful_step_count=40 if CAMPAIGN else 14,
            phases=[Phase.generate, Phase.shrink] if CAMPAIGN else [Phase.generate],
        ),
    )
