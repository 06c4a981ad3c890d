"""What a report costs after mining: reading, laying out and writing all pages; and how fast pages load and answer.

report_ours.py SITE     a site of tests/worldgen; its night is made beside it, once, and kept
report_ours.py --wide   the worst map: 60 steps, 200 paths

One night each; the fastest of three renderings. Loads are medians of five in Debian's Chromium, where it is installed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "reports"))

from ingest.site import Site  # noqa: E402  the folder of the tests comes first
from ingest.store import Store  # noqa: E402
from reports import stage  # noqa: E402
from reports.figures import Figures  # noqa: E402

CHROMIUM = Path("/usr/bin/chromium")
HIGHLIGHT = """() => new Promise(done => {
  const step = document.querySelector('.map a.n'), start = performance.now();
  step.focus();
  getComputedStyle(document.querySelector('.map .ed')).opacity;
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""


def night_of(world: Path) -> Site:
    """The world's night, in a copy that shares its raw files; made anew when it is not there."""
    root = world.with_name(f"report_{world.name}")
    if not (root / "var" / "warehouse.duckdb").exists():
        shutil.rmtree(root, ignore_errors=True)
        leave = shutil.ignore_patterns("var", "reports", "exports")
        shutil.copytree(world, root, ignore=leave, copy_function=os.link)
        command = [sys.executable, "-m", "ingest", "nightly", "--site", str(root), "--quiet"]
        subprocess.run(command, check=False, cwd=HERE.parents[1], stdout=sys.stderr)
    return Site(root)


def render(site: Site) -> dict[str, Any]:
    """Seconds to read and lay out, to write, and what was written."""
    with Store.open(site.warehouse, read_only=True) as store:
        night = dt.date.fromisoformat(str(store.value("select value from run_fact where name = 'as_of'")))
        n_events = int(store.value("select count(*) from event"))
        n_moments = int(store.value("select count(*) from journey_event"))
        best: dict[str, float] = {}
        for _ in range(3):
            started = time.perf_counter()
            model = stage.assemble(site, Figures(store, night, site.settings.privacy.min_cell))
            read = time.perf_counter()
            folder = stage.report(site, store, night)
            ended = time.perf_counter()
            del model
            found = {"read_s": read - started, "report_s": ended - read}
            best = min(best or found, found, key=lambda one: one["report_s"])
    pages = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    largest = max((size, name) for name, size in pages.items() if name.endswith(".html"))
    return best | {
        "folder": str(folder),
        "n_events": n_events,
        "n_moments": n_moments,
        "n_pages": len(pages),
        "night_kb": sum(pages.values()) / 1e3,
        "largest_kb": largest[0] / 1e3,
        "largest": largest[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def browse(folder: Path) -> dict[str, float]:
    """The slowest page's load and the map's answer to a step in focus, in seconds; empty without Chromium."""
    if not CHROMIUM.exists():
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})

        def load(path: Path) -> float:
            page.goto(path.as_uri())
            return float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")) / 1e3

        loads = {p.name: statistics.median(load(p) for _ in range(5)) for p in sorted(folder.glob("*.html"))}
        page.goto((folder / "map.html").as_uri())
        answers = [float(page.evaluate(HIGHLIGHT)) / 1e3 for _ in range(5)]
        browser.close()
    slowest = max(loads, key=lambda name: loads[name])
    return {"load_s": loads[slowest], "highlight_s": statistics.median(answers)}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        if sys.argv[1] == "--wide":
            from wide import make_wide_site

            site = Site(make_wide_site(Path(scratch) / "wide"))
        else:
            site = night_of(Path(sys.argv[1]))
        found = render(site)
        print(json.dumps(found | browse(Path(found["folder"]))))


if __name__ == "__main__":
    main()
