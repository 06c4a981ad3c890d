"""`make bench`: how fast Frontstage is, as ratios measured in one run on one machine.

Aggregates (DFG with times, variants, rework, durations and the rest of mining/aggregates) against pandas + pm4py
doing DFG with times, variants, rework and durations from the same Parquet file, and against the floor: DuckDB's bare
scan and sort of the same rows. Ingest of combined-log lines against GoAccess and against DuckDB's bare CSV read of
the same file. Identity: links in a warehouse to customers. Alignments with the intended process against pm4py's. Reports: after mining, and
their pages in Chromium. Every contender runs in a process of its own, so that its peak memory is its own. Counts are asserted
equal; times are only printed.

    python tests/bench/run.py [SECTION ...] [--events 1000000 10000000] [--lines 5000000] [--scale 100] [--folder bench]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def contender(script: str, *arguments: str) -> dict[str, Any]:
    """Run one contender and return the JSON of its last line: seconds, counts, peak memory in MB."""
    command = [sys.executable, str(HERE / script), *arguments]
    root = HERE.parents[1]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def bench_aggregates(n_events: int, folder: Path) -> None:
    """One size: ours, the floor, pandas + pm4py."""
    log = folder / f"log_{n_events}.parquet"
    if not log.exists():
        contender("make_log.py", str(n_events), str(log))
    floor = contender("aggregates_floor.py", str(log))
    ours = contender("aggregates_ours.py", str(log))
    theirs = contender("aggregates_pm4py.py", str(log))
    for name in ("n_edges", "n_moves", "n_variants", "n_rework", "duration_sum_s"):
        assert ours[name] == theirs[name], f"{name}: ours {ours[name]}, pm4py {theirs[name]}"
    print(f"\n{n_events:,} events, {ours['n_variants']:,} variants (counts equal in both)")
    print(f"  floor: DuckDB scan + sort            {floor['sort_s']:8.2f} s   {floor['peak_mb']:6.0f} MB")
    print(f"  ours: load and sort                  {ours['sort_s']:8.2f} s")
    print(f"  ours: all aggregates                 {ours['aggregate_s']:8.2f} s   {ours['peak_mb']:6.0f} MB")
    for name, seconds in ours["each_s"].items():
        print(f"        {name:30s} {seconds:8.2f} s")
    print(f"  pandas + pm4py: load and format      {theirs['load_s']:8.2f} s")
    print(f"  pandas + pm4py: four aggregates      {theirs['aggregate_s']:8.2f} s   {theirs['peak_mb']:6.0f} MB")
    for name, seconds in theirs["each_s"].items():
        print(f"        {name:30s} {seconds:8.2f} s")
    same = ours["same_s"]
    whole = (theirs["load_s"] + theirs["aggregate_s"]) / (ours["sort_s"] + ours["aggregate_s"])
    print(f"  the same four aggregates: {theirs['aggregate_s'] / same:.1f} x as fast as pm4py ({same:.2f} s)")
    print(f"  from Parquet to all results: {whole:.1f} x as fast as pandas + pm4py")
    print(f"  all aggregates against the floor: {ours['aggregate_s'] / floor['sort_s']:.2f} x its time")


def bench_ingest(n_lines: int, folder: Path) -> None:
    """Combined-log lines: ours with accounting, GoAccess, DuckDB's CSV reader."""
    log = folder / f"access_{n_lines}.log"
    if not log.exists():
        contender("make_access_log.py", str(n_lines), str(log))
    ours = contender("ingest_ours.py", str(log))
    bare = contender("ingest_duckdb.py", str(log))
    assert ours["n_lines"] == ours["n_accounted"] == n_lines, "the accounting identity"
    print(f"\n{n_lines:,} access-log lines, {log.stat().st_size / 1e6:,.0f} MB; {ours['n_events']:,} become events")
    print(f"  ours: read, check, parse, account    {ours['load_s']:8.2f} s   {ours['peak_mb']:6.0f} MB")
    print(f"  DuckDB: bare CSV read                {bare['read_s']:8.2f} s   {bare['peak_mb']:6.0f} MB")
    print(f"  against DuckDB's bare CSV read: {ours['load_s'] / bare['read_s']:.1f} x its time")
    try:
        theirs = contender("ingest_goaccess.py", str(log))
    except subprocess.CalledProcessError:
        print("  GoAccess: not measured, see above")
        return
    assert theirs["n_lines"] == n_lines, f"GoAccess saw {theirs['n_lines']} lines"
    print(f"  GoAccess                             {theirs['read_s']:8.2f} s   {theirs['peak_mb']:6.0f} MB")
    print(f"  {theirs['read_s'] / ours['load_s']:.1f} x GoAccess's lines per second")


def bench_memory(sizes: list[int], folder: Path) -> None:
    """Peak memory of our load of one access log, size by size: it must not grow with the file."""
    for n_lines in sizes:
        log = folder / f"access_{n_lines}.log"
        if not log.exists():
            contender("make_access_log.py", str(n_lines), str(log))
        ours = contender("ingest_ours.py", str(log))
        assert ours["n_lines"] == ours["n_accounted"] == n_lines, "the accounting identity"
        print(f"{n_lines:12,} lines in one file {ours['load_s']:8.2f} s   {ours['peak_mb']:6.0f} MB")


def bench_identity(n_persons: int) -> None:
    """Links to customers: everybody alone, and the worst case, every phone and half the cookies shared by two."""
    for households in ([], ["households"]):
        ours = contender("identity_ours.py", str(n_persons), *households)
        assert ours["n_customers"] == n_persons, "every person is a customer"
        total = ours["links_s"] + ours["resolve_s"] + ours["parties_s"]
        print(f"\n{ours['n_identifiers']:,} identifiers, {ours['n_links']:,} links, {ours['n_conflicts']:,} shared")
        print(f"  ours: records to customers           {total:8.2f} s   {ours['peak_mb']:6.0f} MB")
        for name in ("links_s", "resolve_s", "parties_s"):
            print(f"        {name:30s} {ours[name]:8.2f} s")
        print(f"  the graph alone, in memory           {ours['graph_only_s']:8.2f} s")


def bench_alignments(n_variants: int) -> None:
    """Exact alignments of the same variants: ours against pm4py's default and against its fastest exact variant."""
    n_some = min(n_variants, 500)
    ours = contender("alignments_ours.py", str(n_variants), str(n_some))
    per_second = ours["n_variants"] / ours["align_s"]
    length = ours["n_events"] / ours["n_variants"]
    print(
        f"\n{n_variants:,} noisy variants of {length:.1f} events, {ours['n_states']} states; "
        "processor time (costs equal)"
    )
    print(f"  ours: exact, all optima counted      {per_second:8,.0f} /s  {ours['peak_mb']:6.0f} MB")
    for name, choice in (("pm4py: default (state equation A*)", ["default"]), ("pm4py: Dijkstra, less memory", [])):
        theirs = contender("alignments_pm4py.py", str(n_variants), str(n_some), *choice)
        assert theirs["cost_sum"] == ours["cost_sum"], f"{name}: costs differ"
        rate = theirs["n_variants"] / theirs["align_s"]
        print(f"  {name:36s} {rate:8,.0f} /s  {theirs['peak_mb']:6.0f} MB   ours is {per_second / rate:.0f} x as fast")


def world_of(scale: float, folder: Path, name: str = "world", options: tuple[str, ...] = ()) -> Path:
    """A world of the generator at a scale of its customers, kept between runs."""
    world = folder / f"{name}_{scale:g}"
    if not world.exists():
        making = [sys.executable, str(HERE.parent / "worldgen/build.py"), "--out", str(world), "--scale", str(scale)]
        subprocess.run([*making, *options], check=True, stdout=subprocess.DEVNULL)
    return world


DAILY = ("--days", "60", "--customers", "2000", "--days-a-file", "1")
"""Options of the world of `night`: files of one day each, as a night finds them; a day is 1.2 % of it."""


def bench_adapters(n_records: int, folder: Path, only: list[str]) -> None:
    """Each adapter, or those named, on one file of up to `n_records` records, beside DuckDB's bare read of it."""
    print("\nrecords a processor second of each adapter, beside DuckDB's bare read of the same file")
    for adapter in sorted(
        path.stem for path in (HERE.parents[1] / "ingest/adapters").glob("[!_]*.*") if path.is_file()
    ):
        if only and adapter not in only:
            continue
        ours = contender("adapters_ours.py", adapter, str(world_of(10, folder)), str(n_records))
        assert ours["n_lines"] == ours["n_accounted"], "the accounting identity"
        per_second = ours["n_lines"] / ours["load_s"]
        print(
            f"  {adapter:22s} {ours['n_lines']:10,} records, {ours['n_events']:10,} events {ours['load_s']:7.2f} s "
            f"{per_second:9,.0f} /s {ours['load_s'] / ours['bare_s']:6.1f} x the bare read {ours['peak_mb']:6.0f} MB"
        )


def bench_night(world: Path) -> None:
    """A night that adds a day to 60, against a rebuild."""
    ours = contender("increment_ours.py", str(world))
    assert not ours["differs"], f"the night ends in other tables than the rebuild: {ours['differs']}"
    share = ours["n_new"] / ours["n_events"]
    assert 0.005 < share < 0.02, f"the night adds {share:.1%} of the raw events; expected a day of 60, see DAILY"
    print(f"\n{ours['n_events']:,} raw events, of which the night adds {ours['n_new']:,} (tables equal)")
    for name in ("night", "rebuild"):
        parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in ours[name].items() if part not in ("all", "cpu"))
        print(f"  {name:10s} {ours[name]['all']:8.1f} s   ({parts}; processor {ours[name]['cpu']:.1f} s)")
    share, cpu_share = (ours["night"][kind] / ours["rebuild"][kind] for kind in ("all", "cpu"))
    print(f"  the night costs {share:.1%} of the rebuild ({cpu_share:.1%} of processor time), {ours['peak_mb']:.0f} MB")


FAILINGS = ("failure_points", "outcome_paths", "page_calls", "web_failings")
"""Analyses that have a limit of their own: they look at single events, not at variants."""


def bench_findings(world: Path) -> None:
    """All findings of a night, against the DFG and variants of the same events."""
    ours = contender("findings_ours.py", str(world))
    print(f"\n{ours['n_events']:,} events, {ours['n_moments']:,} on journeys; mining a night")
    print(f"  DFG with times, and variants         {ours['dfg_s']:8.2f} s")
    print(f"  all of mining                        {ours['night_s']:8.2f} s   {ours['peak_mb']:6.0f} MB")
    for name, seconds in sorted(ours["each_s"].items(), key=lambda item: -item[1]):
        print(f"        {name:30s} {seconds:8.2f} s")
    print(f"  a decision, every fourth Monday      {ours['decision_s']:8.2f} s more")
    failings_s = sum(ours["each_s"].get(name, 0.0) for name in FAILINGS)
    others = ("aggregates", "discovery", "effort")
    rest_s = sum(seconds for name, seconds in ours["each_s"].items() if name not in (*FAILINGS, *others))
    for name, seconds, wanted in (
        ("failure points, and what causes calls", failings_s, 5),
        ("all other findings", rest_s, 10),
    ):
        print(
            f"  {name}: {seconds / ours['dfg_s']:.1f} x the time of the DFG and variants (wanted: at most {wanted} x)"
        )


def bench_report(site: str, name: str) -> None:
    """What a report costs after mining, and how fast its pages load."""
    ours = contender("report_ours.py", site)
    print(f"\n{name}: {ours['n_events']:,} events, {ours['n_moments']:,} on journeys; the report after mining")
    print(f"  reading and laying out               {ours['read_s']:8.2f} s")
    print(f"  the whole report, written            {ours['report_s']:8.2f} s   {ours['peak_mb']:6.0f} MB")
    print(
        f"  {ours['n_pages']} files, {ours['night_kb']:,.0f} kB; the largest page is {ours['largest']}, "
        f"{ours['largest_kb']:.0f} kB"
    )
    if "load_s" in ours:
        print(f"  Chromium: slowest page loads         {ours['load_s']:8.2f} s   (wanted: under 0.5 s)")
        print(f"  Chromium: a step in focus is shown   {ours['highlight_s']:8.2f} s   (wanted: under 0.15 s)")
    else:
        print("  page loads: not measured, Chromium is not installed")


def bench_whatif(contacts: int) -> None:
    """Account executives reckoned through."""
    ours = contender("whatif_ours.py", str(contacts))
    print(f"\n{ours['contacts']:,.0f} contacts a year, {ours['agents']} agents: account executives as a scenario")
    print(
        f"  the engine, one process              {ours['cases_per_s']:8,.0f} cases/s, {ours['contacts_per_s']:,.0f} calls/s"
    )
    print(f"  calibrating, and drawing the needs   {ours['calibrate_s'] + ours['draw_s']:8.2f} s")
    print(
        f"  {ours['replications']} replications, ranges, picture       {ours['scenario_s']:8.1f} s, processor "
        f"{ours['scenario_cpu_s']:.1f} s   {ours['peak_mb']:.0f} MB a process   (wanted: at most 600 s)"
    )


SECTIONS = (
    "aggregates", "ingest", "adapters", "identity", "alignments", "report", "night", "findings", "memory", "whatif",
)  # fmt: skip
USUAL = SECTIONS[:6]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; by default {', '.join(USUAL)}")
    parser.add_argument("--events", type=int, nargs="*", default=[1_000_000, 10_000_000], help="aggregates")
    parser.add_argument("--lines", type=int, nargs="*", default=[5_000_000], help="ingest: of one access log")
    parser.add_argument("--persons", type=int, default=500_000, help="identity: with 10 identifiers, 21 links each")
    parser.add_argument("--variants", type=int, default=20_000, help="alignments: with the intended process")
    parser.add_argument("--records", type=int, default=1_000_000, help="adapters: for each")
    parser.add_argument("--adapters", nargs="*", default=[], help="adapters: only these")
    parser.add_argument("--contacts", type=int, default=500_000, help="whatif: a year")
    parser.add_argument("--scale", type=float, nargs="*", default=[10], help="report, night, findings: of a world")
    parser.add_argument("--folder", type=Path, default=Path("bench"), help="where generated logs are kept between runs")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; expected some of {', '.join(SECTIONS)}")
    options.folder.mkdir(exist_ok=True)
    print(f"Python {platform.python_version()}, {platform.machine()}, one run, each contender in its own process")
    for section in options.sections or USUAL:
        run(section, options, options.folder.resolve())


def run(section: str, options: argparse.Namespace, folder: Path) -> None:
    """One section, at all its sizes."""
    if section == "aggregates":
        for n_events in options.events:
            bench_aggregates(n_events, folder)
    elif section == "ingest":
        for n_lines in options.lines:
            bench_ingest(n_lines, folder)
    elif section == "memory":
        bench_memory(options.lines, folder)
    elif section == "whatif":
        bench_whatif(options.contacts)
    elif section == "adapters":
        bench_adapters(options.records, folder, options.adapters)
    elif section == "identity":
        bench_identity(options.persons)
    elif section == "alignments":
        bench_alignments(options.variants)
    else:
        for scale in options.scale:
            if section == "night":
                bench_night(world_of(scale, folder, "daily", DAILY))
                continue
            world = world_of(scale, folder)
            if section == "findings":
                bench_findings(world)
            else:
                bench_report(str(world), f"world at scale {scale:g}")
        if section == "report":
            bench_report("--wide", "the worst map, 60 steps and 200 paths")


if __name__ == "__main__":
    main()
