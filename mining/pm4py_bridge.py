"""The only module that imports pm4py: variants in, discovered models, their quality and standard formats out.

pm4py gets safe ids (s1, s2 ...) in place of step names, since labels can break its writers; names are put back into
what is exported, escaped. Nothing here shells out to graphviz. The same input gives the same bytes: pm4py's BPMN
carries random ids in random order, so its XML is put into a canonical form (see `mining.bpmn`).
"""

from __future__ import annotations

import gzip
import logging
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")
sys._pm4py_welcome_shown = True  # type: ignore[attr-defined]

import pm4py  # noqa: E402
from pm4py.algo.conformance.alignments.petri_net.variants import dijkstra_less_memory as dijkstra  # noqa: E402
from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL  # noqa: E402
from pm4py.algo.discovery.inductive.variants.im import IMUVCL  # noqa: E402
from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL, IMFParameters  # noqa: E402
from pm4py.objects.bpmn.exporter.variants.etree import get_xml_string  # noqa: E402
from pm4py.objects.bpmn.importer.variants.lxml import import_from_string as bpmn_from_string  # noqa: E402
from pm4py.objects.log.importer.xes.variants import iterparse  # noqa: E402
from pm4py.objects.log.obj import Event, EventLog, Trace  # noqa: E402
from pm4py.objects.petri_net.obj import Marking, PetriNet  # noqa: E402
from pm4py.objects.petri_net.utils import petri_utils  # noqa: E402
from pm4py.objects.process_tree.obj import ProcessTree  # noqa: E402
from pm4py.objects.process_tree.utils import generic as tree_tools  # noqa: E402

from ingest.errors import DataGateError  # noqa: E402
from mining.automaton import Automaton  # noqa: E402
from mining.bpmn import canonical_bpmn, has_doctype  # noqa: E402
from mining.petri import Net, Transition  # noqa: E402

logging.getLogger("pm4py").setLevel(logging.ERROR)
Way = tuple[tuple[str, ...], int]
"""A variant: its steps and how many journeys took it."""


@dataclass(frozen=True)
class Quality:
    """How well a model fits. fitness = share of moves explained by token replay, precision = ETConformance, both 0..1.

    Measured on `n_variants` variants that stand for `n_journeys` journeys, `coverage` of all.
    """

    fitness: float
    precision: float
    n_variants: int
    n_journeys: int
    coverage: float

    @property
    def balance(self) -> float:
        """Harmonic mean of fitness and precision."""
        both = self.fitness + self.precision
        return 2 * self.fitness * self.precision / both if both else 0.0


@dataclass(frozen=True)
class Model:
    """A discovered process: pm4py's tree over safe ids, and the steps behind the ids."""

    tree: ProcessTree
    names: dict[str, str]


def safe_ids(steps: Sequence[str]) -> dict[str, str]:
    """step -> safe id, in the order given."""
    return {step: f"s{number}" for number, step in enumerate(steps, 1)}


def discover(ways: Sequence[Way], noise_threshold: float) -> Model:
    """The inductive miner on variants (IM; with a noise threshold above 0 IMf): a sound, block-structured model."""
    ids = safe_ids(sorted({step for steps, _ in ways for step in steps}))
    counter = Counter({tuple(ids[step] for step in steps): n for steps, n in sorted(ways)})
    structure = IMDataStructureUVCL(counter)
    if noise_threshold > 0:
        parameters = {IMFParameters.NOISE_THRESHOLD: noise_threshold}
        tree = IMFUVCL(parameters).apply(structure, parameters)
    else:
        tree = IMUVCL({}).apply(structure, {})
    tree = tree_tools.fold(tree)
    tree_tools.tree_sort(tree)
    return Model(tree, {safe: step for step, safe in ids.items()})


def tree_text(model: Model) -> str:
    """The process tree as indented text: one node a line, steps by name, `(nothing)` for a silent step."""
    words = {
        "SEQUENCE": "in order",
        "XOR": "one of",
        "PARALLEL": "in any order",
        "LOOP": "repeat",
        "OR": "one or more of",
        "INTERLEAVING": "one after the other, any order",
    }
    lines: list[str] = []

    def write(node: ProcessTree, depth: int) -> None:
        if node.operator is None:
            name = "(nothing)" if node.label is None else model.names[node.label]
            lines.append("  " * depth + " ".join(name.split()))
            return
        lines.append("  " * depth + words.get(node.operator.name, node.operator.name.lower()) + ":")
        for child in node.children:
            write(child, depth + 1)

    write(model.tree, 0)
    return "\n".join(lines) + "\n"


def bpmn(model: Model, labels: Mapping[str, str]) -> bytes:
    """The model as BPMN 2.0 XML, UTF-8, the same bytes for the same model. `labels`: step -> name shown."""
    diagram = pm4py.convert_to_bpmn(model.tree)
    xml = get_xml_string(diagram)
    return canonical_bpmn(xml, {safe: labels.get(step, step) for safe, step in model.names.items()})


def quality(model: Model, ways: Sequence[Way], total_journeys: int, traces_max: int) -> Quality:
    """Token-replay fitness and precision on a log in which variants stand in proportion to their journeys.

    At most `traces_max` traces: shares are kept by largest remainders, and variants too rare for one trace drop out;
    `coverage` says how many journeys the variants left stand for.
    """
    repeats = _proportional(ways, traces_max)
    safe = {step: name for name, step in model.names.items()}
    log = EventLog()
    for number, ((steps, _), times) in enumerate(zip(ways, repeats, strict=True)):
        for copy in range(times):
            trace = Trace([Event({"concept:name": safe[step]}) for step in steps])
            trace.attributes["concept:name"] = f"{number:06d}-{copy:06d}"
            log.append(trace)
    net, initial, final = pm4py.convert_to_petri_net(model.tree)
    fitness = pm4py.fitness_token_based_replay(log, net, initial, final)
    precision = pm4py.precision_token_based_replay(log, net, initial, final)
    used = [way for way, times in zip(ways, repeats, strict=True) if times]
    journeys = sum(n for _, n in used)
    return Quality(
        round(float(fitness["log_fitness"]), 6),
        round(float(precision), 6),
        len(used),
        journeys,
        round(journeys / total_journeys, 6) if total_journeys else 0.0,
    )


def _proportional(ways: Sequence[Way], traces_max: int) -> list[int]:
    """How many traces stand for each variant: all journeys where they fit, else largest remainders."""
    total = sum(n for _, n in ways)
    if total <= traces_max:
        return [n for _, n in ways]
    whole = [n * traces_max // total for _, n in ways]
    rest = sorted(range(len(ways)), key=lambda i: (-(ways[i][1] * traces_max % total), i))
    for i in rest[: traces_max - sum(whole)]:
        whole[i] += 1
    return whole


def read_xes(path: Path) -> list[dict[str, Any]]:
    """Events of an XES file (also .gz) in the file's order: {"case", "step", "occurred_at", "resource"}.

    Raises DataGateError on a DOCTYPE (entities) and when the file holds no event.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as stream:
        if has_doctype(stream):
            raise DataGateError(f"{path.name}: carries a DOCTYPE; expected plain XES without entities")
    log = iterparse.apply(str(path), parameters={iterparse.Parameters.SHOW_PROGRESS_BAR: False})
    events = [
        {
            "case": str(trace.attributes.get("concept:name", number)),
            "step": str(event["concept:name"]),
            "occurred_at": event["time:timestamp"],
            "resource": event.get("org:resource"),
        }
        for number, trace in enumerate(log)
        for event in trace
    ]
    if not events:
        raise DataGateError(f"{path.name}: no event in it; expected an XES log")
    return events


def net_of_bpmn(xml: bytes) -> Net:
    """The Petri net of a plain BPMN document (tasks, exclusive and parallel gateways, start and end events)."""
    diagram = bpmn_from_string(xml)
    net, initial, final = pm4py.convert_to_petri_net(diagram)
    names = sorted(place.name for place in net.places)
    number = {name: place for place, name in enumerate(names)}
    transitions = sorted(
        (
            transition.label or "",
            tuple(sorted(number[arc.source.name] for arc in transition.in_arcs for _ in range(arc.weight))),
            tuple(sorted(number[arc.target.name] for arc in transition.out_arcs for _ in range(arc.weight))),
        )
        for transition in net.transitions
    )
    (start,), (end,) = (tuple(marking) for marking in (initial, final))
    return Net(len(names), tuple(Transition(*one) for one in transitions), number[start.name], number[end.name])


def alignment_costs(automaton: Automaton, sequences: Sequence[Sequence[str]]) -> list[int]:
    """Costs of optimal alignments by pm4py's Dijkstra (less memory): the oracle of our own alignment, for tests.

    Every step costs 1. Results are paired by computing one variant at a time, never by position in a list.
    """
    ids = safe_ids(sorted(automaton.labels | {step for sequence in sequences for step in sequence}))
    net, initial, final = PetriNet("p"), Marking(), Marking()
    places = [PetriNet.Place(f"p{number}") for number in range(len(automaton.moves))]
    end = PetriNet.Place("end")
    net.places.update([*places, end])
    for state, edges in enumerate(automaton.moves):
        for step, target in sorted(edges.items()):
            _connect(net, f"t{state}-{target}-{ids[step]}", ids[step], places[state], places[target])
        if state in automaton.accepting:
            _connect(net, f"t{state}-end", None, places[state], end)
    initial[places[0]] = final[end] = 1
    costs = []
    for sequence in sequences:
        trace = Trace([Event({"concept:name": ids[step]}) for step in sequence])
        result = dijkstra.apply(trace, net, initial, final)
        costs.append(int(result["cost"]) // 10_000)
    return costs


def _connect(net: PetriNet, name: str, label: str | None, source: Any, target: Any) -> None:
    transition = PetriNet.Transition(name, label)
    net.transitions.add(transition)
    petri_utils.add_arc_from_to(source, transition, net)
    petri_utils.add_arc_from_to(transition, target, net)
