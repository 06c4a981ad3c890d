"""What the sources' codes mean: matched to the step dictionary, which becomes touch, department and the ENUM types."""

from __future__ import annotations

import pyarrow as pa

from ingest.pseudonym import load_key, normalise, pseudonyms
from ingest.site import Site
from ingest.store import Store
from ingest.touch import Matcher, StepDictionary
from ingest.units import sql

MAX_UNDECLARED_STEPS = 500
_TYPES = ("step_t", "channel_t", "stage_t", "department_t", "class_t", "strength_t")


def match_codes(site: Site, store: Store, steps: StepDictionary, *, is_known: bool) -> None:
    """code_step: what each code means, and which identifier an order named in it is.

    What the dictionary says of a code stands in `code_match`; with `is_known` it holds on, and only codes that are not
    in it are matched.
    """
    if not is_known:
        store.run(sql("derive/code_match.sql"), name="derive/code_match.sql")
    _match(site, store, Matcher(steps))
    undeclared = {
        code_id: (source, code)
        for code_id, source, code in store.rows(
            """select c.code_id, s.name, c.code
            from code_match as m inner join code as c using (code_id) inner join source as s using (source_id)
            where m.step is null"""
        )
    }
    rare = _rare(store, undeclared)
    named = [f"undeclared:{f'{source} (rare codes)' if code_id in rare else code}"
             for code_id, (source, code) in undeclared.items()]  # fmt: skip
    store.put("unnamed", pa.table({"code_id": pa.array(undeclared, pa.uint32()), "step": pa.array(named, pa.string())}))
    store.run(sql("derive/code_step.sql"), name="derive/code_step.sql")
    store.drop("unnamed")


def _match(site: Site, store: Store, matcher: Matcher) -> None:
    """Add the codes that are new to `code_match`."""
    rows = store.rows(
        """select c.code_id, s.name, c.code
        from code as c inner join source as s using (source_id) anti join code_match as m using (code_id)
        order by s.rank, c.code"""
    )
    matches = matcher.match_all((source, code) for _, source, code in rows)
    orders = sorted({match.order for match in matches if match.order})
    key, country = load_key(site.var / "key"), site.settings.site.country
    forms = [(order, normalise("order_no", order, country)) for order in orders]
    known = {order: pseudonyms(key, "order_no", [form])[0] for order, form in forms if form}
    store.put(
        "matched",
        pa.table(
            {
                "code_id": pa.array([row[0] for row in rows], pa.uint32()),
                "step": pa.array([m.step for m in matches], pa.string()),
                "pattern": pa.array([m.pattern for m in matches], pa.string()),
                "product_id": pa.array([m.product for m in matches], pa.string()),
                "order_id": pa.array([m.order for m in matches], pa.string()),
                "call_id": pa.array([m.call for m in matches], pa.string()),
                "order_pseudonym": pa.array([known.get(m.order or "") for m in matches], pa.string()),
            }
        ),
    )
    store.run("insert into code_match select * from matched", name="code_match")
    store.drop("matched")


def _rare(store: Store, undeclared: dict[int, tuple[str, str]]) -> set[int]:
    """Of undeclared codes (code_id: source and code) those beyond the most frequent ones: they share one name, so that
    a scan of a site makes no million steps."""
    if len(undeclared) <= MAX_UNDECLARED_STEPS:
        return set()
    counts = dict(store.rows("select code_id, count(*) from live group by code_id"))
    ranked = sorted(undeclared, key=lambda code_id: (-counts.get(code_id, 0), undeclared[code_id]))
    return set(ranked[MAX_UNDECLARED_STEPS:])


def write_dictionary(store: Store, steps: StepDictionary) -> None:
    """touch and department, and the ENUM types of this night; a table of the night before carries its own types."""
    for table in ("touch", "department"):
        store.run(f"drop table if exists {table}", name=table)
    for name in _TYPES:
        store.run(f"drop type if exists {name}", name=name)
    declared = steps.step
    store.put(
        "declared",
        pa.table(
            {
                "step": [s.step for s in declared],
                "label": [s.label for s in declared],
                "stage": [s.stage for s in declared],
                "channel": [s.channel for s in declared],
                "department": pa.array([s.department for s in declared], pa.string()),
                "class": [s.kind for s in declared],
                "actor": [s.actor for s in declared],
                "visible": [s.visible for s in declared],
                "repeats": pa.array([None if s.repeats == "any" else s.repeats for s in declared], pa.int32()),
                "step_no": pa.array(range(1, len(declared) + 1), pa.uint16()),
                "asks": pa.array([s.asks for s in declared], pa.list_(pa.string())),
                "changes": pa.array([s.changes for s in declared], pa.list_(pa.string())),
                "mandatory": [s.mandatory for s in declared],
                "reactive": [s.reactive for s in declared],
                "bad": [s.bad for s in declared],
                "at_end": [s.at == "end" for s in declared],
                "typical_minutes": pa.array([s.typical_minutes for s in declared], pa.float64()),
                "purpose": pa.array([s.purpose for s in declared], pa.string()),
                "form": pa.array([s.form for s in declared], pa.string()),
            }
        ),
    )
    names = [d.name for d in steps.department]
    store.put(
        "lanes",
        pa.table(
            {
                "department_no": pa.array(range(1, len(names) + 1), pa.uint8()),
                "department": pa.array(names, pa.string()),
                "note": pa.array([d.note for d in steps.department], pa.string()),
            }
        ),
    )
    store.run("create table touch as select * from declared order by step_no", name="touch")
    store.run("create table department as select * from lanes order by department_no", name="department")
    store.run(sql("derive/types.sql"), name="derive/types.sql")
    store.drop("declared")
    store.drop("lanes")
