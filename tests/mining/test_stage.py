"""The stage from the toy warehouse to the exports, twice; pm4py's part; hostile names."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from lxml import etree
from mining_log import Log, build
from toy_site import NIGHT, STEPS, toy_log, toy_warehouse, write_site

from ingest.errors import StateError
from ingest.store import Store
from mining import aggregate, register
from mining.bpmn import BPMN
from mining.stage import mine

EXPORTS = ("findings.json", "process.bpmn", "process_tree.txt", "dfg.csv")
ANEW = ("finding_variant", "journey_effort", "effort_driver", "night_figure")
HOSTILE = ["<IMG SRC=x>", "a\\", 'b"c', "nul\x00", "line\nbreak", "&amp;", "x" * 20_000, "s1", "tau"]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("toy")
    toy_warehouse(root, 500)
    return root


def state(root: Path) -> tuple[list[bytes], list[object]]:
    with Store.open(root / "var" / "warehouse.duckdb", read_only=True) as store:
        kept = [unit.stem for unit in aggregate.units() if aggregate.is_kept(unit)]
        tables = [
            store.rows(f"from {name} order by all")
            for name in (*kept, "finding", "finding_history", "finding_register", "model_quality", *ANEW)
        ]
    return [(root / "exports" / name).read_bytes() for name in EXPORTS], list(tables)


def test_twice_gives_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    """A second site from the same events in another process with another hash seed; and the first one mined again."""
    script = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]; from pathlib import Path; "
        f"from toy_site import toy_warehouse; toy_warehouse(Path({str(tmp_path)!r}), 500)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": str(root)},
    )
    assert done.stdout == done.stderr == "", "no banner, no progress bar"
    first = state(toy)
    assert first == state(tmp_path)
    site = write_site(toy)
    with Store.open(site.warehouse) as store:
        mine(site, store, NIGHT)
    assert state(toy) == first


def test_findings_of_the_toy(toy: Path) -> None:
    with Store.open(toy / "var" / "warehouse.duckdb", read_only=True) as store:
        findings = register.read(store)
        assert {f["kind"] for f in findings} >= {"loop.pingpong", "deviation.skipped", "merge"}
        assert [f["rank_no"] for f in findings] == list(range(1, len(findings) + 1))
        for f in findings:
            assert len(store.rows(f["evidence"]["sql"])) == f["n"]["journeys"]
    assert json.loads((toy / "exports" / "findings.json").read_text()) == json.loads(json.dumps(findings, default=str))


def test_model_and_bpmn(toy: Path) -> None:
    import pm4py
    from pm4py.algo.analysis.woflan import algorithm as woflan

    root = etree.parse(toy / "exports" / "process.bpmn").getroot()
    names = {task.get("name") for task in root.iter(f"{{{BPMN}}}task")}
    assert names <= {s.label for s in STEPS} and len(names) > 10
    diagram = pm4py.read_bpmn(str(toy / "exports" / "process.bpmn"))
    assert len([n for n in diagram.get_nodes() if type(n).__name__ == "Task"]) == len(names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pm4py's soundness check uses numpy.matrix
        options = {woflan.Parameters.RETURN_ASAP_WHEN_NOT_SOUND: True, woflan.Parameters.PRINT_DIAGNOSTICS: False}
        assert woflan.apply(*pm4py.convert_to_petri_net(diagram), parameters=options), "the model is sound"
    with Store.open(toy / "var" / "warehouse.duckdb", read_only=True) as store:
        ((model, fitness, precision, n_variants, n_journeys, coverage, note),) = store.rows("from model_quality")
        whole = "select count(*) from journey where is_complete and not is_truncated and anchor = 'order'"
        assert n_journeys == store.value(whole) and coverage == 1 and n_variants > 10 and "with an order" in note
    assert 0.9 < fitness <= 1 and 0.3 < precision <= 1 and "infrequent" in model
    assert "order_placed" in (toy / "exports" / "process_tree.txt").read_text()


def test_hostile_names_survive_discovery() -> None:
    from mining import pm4py_bridge as bridge

    ways = [(tuple(HOSTILE), 30), ((HOSTILE[0], HOSTILE[2], HOSTILE[1]), 20), ((HOSTILE[3],), 9)]
    made = [bridge.bpmn(bridge.discover(ways, 0.0), {}) for _ in range(3)]
    assert made[0] == made[1] == made[2]
    names = [task.get("name") for task in etree.fromstring(made[0]).iter(f"{{{BPMN}}}task")]
    assert sorted(names) == sorted(name.replace("\x00", "\ufffd") for name in HOSTILE) or {
        n.replace("\n", " ") for n in names
    } == {n.replace("\x00", "\ufffd").replace("\n", " ") for n in HOSTILE}
    model = bridge.discover(ways, 0.0)
    quality = bridge.quality(model, ways, 59, 1000)
    assert quality.fitness > 0.99 and quality.n_journeys == 59
    assert len(bridge.tree_text(model).splitlines()) >= len(HOSTILE)


def test_a_capped_log_says_what_it_covers() -> None:
    from mining import pm4py_bridge as bridge

    ways = [(("a", "b"), 900), (("a", "c"), 90), (("b",), 10)]
    quality = bridge.quality(bridge.discover(ways, 0.2), ways, 1200, 10)
    assert (quality.n_variants, quality.n_journeys, quality.coverage) == (2, 990, 0.825)


def test_an_empty_warehouse_is_a_clear_error(tmp_path: Path, store: Store) -> None:
    site = write_site(tmp_path)
    build(store, Log([], STEPS))
    store.run("delete from run_fact where name = 'data_from'")
    with pytest.raises(StateError, match="run ingest first"):
        mine(site, store, NIGHT)


def test_the_command(toy: Path, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mining", *arguments], capture_output=True, text=True, cwd=root, check=False
        )

    assert call("--site", str(toy), "--as-of", "2026-03-16").returncode == 0
    assert call("--site", str(tmp_path / "none")).returncode == 2
    write_site(tmp_path)
    missing = call("--site", str(tmp_path))
    assert missing.returncode == 4 and "ingest" in missing.stderr and "Traceback" not in missing.stderr


def test_the_toy_log_is_seeded() -> None:
    assert toy_log(50).events == toy_log(50).events
