"""BPMN XML in a canonical form: ids that follow from the diagram, sorted elements, escaped names, a plain layout.

pm4py writes random ids in random order. Here nodes are told apart by colour refinement (Weisfeiler and Leman 1968) on
type, name and flows; where nodes still look alike one is singled out and the refinement goes on. In the
block-structured diagrams of a process tree such nodes are interchangeable, so the choice leaves no trace in the bytes.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NODES = ("startEvent", "task", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "endEvent")
_SIZE = {"task": (150, 60)}


@dataclass(frozen=True)
class _Node:
    tag: str
    name: str
    diverges: str


def has_doctype(stream: Any) -> bool:
    """Whether an XML document (a binary file) declares a document type, in whatever place and encoding.

    It is read up to its first element, and no entity of it is resolved.
    """
    parsed = etree.iterparse(stream, events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    return any(element.getroottree().docinfo.doctype != "" for _, element in itertools.islice(parsed, 1))


def canonical_bpmn(xml: bytes, names: Mapping[str, str]) -> bytes:
    """pm4py's BPMN in canonical form; a task's name is looked up in `names`."""
    nodes, flows = _read(xml)
    order = _order(nodes, flows)
    ids = {old: f"n{number}" for number, old in enumerate(order, 1)}
    numbered = {ids[old]: nodes[old] for old in order}
    edges = sorted(((ids[a], ids[b]) for a, b in flows), key=lambda edge: (int(edge[0][1:]), int(edge[1][1:])))
    return _write(numbered, edges, names)


def _read(xml: bytes) -> tuple[dict[str, _Node], list[tuple[str, str]]]:
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    nodes, flows = {}, []
    for element in root.iter():
        if not isinstance(element.tag, str) or not element.tag.startswith(f"{{{BPMN}}}"):
            continue
        tag = etree.QName(element).localname
        if tag == "sequenceFlow":
            flows.append((element.get("sourceRef"), element.get("targetRef")))
        elif tag in _NODES:
            nodes[element.get("id")] = _Node(
                tag, element.get("name") or "" if tag == "task" else "", element.get("gatewayDirection") or ""
            )
    return nodes, flows


def _order(nodes: dict[str, _Node], flows: list[tuple[str, str]]) -> list[str]:
    """Old ids in an order that does not depend on them: by distance from the start, then by colour."""
    into: dict[str, list[str]] = {node: [] for node in nodes}
    out: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in flows:
        out[source].append(target)
        into[target].append(source)
    colour = {node: _hash(repr(kind)) for node, kind in nodes.items()}
    while True:
        colour = _refine(colour, into, out)
        classes = Counter(colour.values())
        alike = sorted(value for value, n in classes.items() if n > 1)
        if not alike:
            break
        chosen = next(node for node in nodes if colour[node] == alike[0])
        colour[chosen] = _hash(colour[chosen] + "!")
    depth = _depths(nodes, out)
    return sorted(nodes, key=lambda node: (depth[node], colour[node]))


def _refine(colour: dict[str, str], into: dict[str, list[str]], out: dict[str, list[str]]) -> dict[str, str]:
    for _ in range(len(colour)):
        finer = {
            node: _hash(
                "|".join(
                    (
                        own,
                        ",".join(sorted(colour[x] for x in into[node])),
                        ",".join(sorted(colour[x] for x in out[node])),
                    )
                )
            )
            for node, own in colour.items()
        }
        if len(set(finer.values())) == len(set(colour.values())):
            return finer
        colour = finer
    return colour


def _depths(nodes: dict[str, _Node], out: dict[str, list[str]]) -> dict[str, int]:
    """Fewest flows from the start event."""
    frontier = [node for node, kind in nodes.items() if kind.tag == "startEvent"]
    depth = dict.fromkeys(frontier, 0)
    while frontier:
        reached = []
        for node in frontier:
            for target in out[node]:
                if target not in depth:
                    depth[target] = depth[node] + 1
                    reached.append(target)
        frontier = reached
    return {node: depth.get(node, len(nodes)) for node in nodes}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(nodes: dict[str, _Node], edges: list[tuple[str, str]], names: Mapping[str, str]) -> bytes:
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN, "bpmndi": DI, "omgdc": DC, "omgdi": DD})
    root.set("id", "definitions")
    root.set("targetNamespace", "http://www.omg.org/spec/BPMN/20100524/MODEL")
    process = etree.SubElement(root, f"{{{BPMN}}}process", {"id": "process", "isExecutable": "false"})
    for node_id, node in nodes.items():
        element = etree.SubElement(process, f"{{{BPMN}}}{node.tag}", {"id": node_id})
        if node.tag == "task":
            element.set("name", _ILLEGAL.sub("\ufffd", names.get(node.name, node.name)))
        elif node.tag.endswith("Gateway"):
            element.set("gatewayDirection", node.diverges or "Unspecified")
        for number, (_, target) in enumerate(edges, 1):
            if target == node_id:
                etree.SubElement(element, f"{{{BPMN}}}incoming").text = f"f{number}"
        for number, (source, _) in enumerate(edges, 1):
            if source == node_id:
                etree.SubElement(element, f"{{{BPMN}}}outgoing").text = f"f{number}"
    for number, (source, target) in enumerate(edges, 1):
        etree.SubElement(
            process, f"{{{BPMN}}}sequenceFlow", {"id": f"f{number}", "sourceRef": source, "targetRef": target}
        )
    _draw(root, nodes, edges)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _draw(root: etree._Element, nodes: dict[str, _Node], edges: list[tuple[str, str]]) -> None:
    """A plain layout, one column per distance from the start: enough for an editor to open and re-arrange."""
    out: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        out[source].append(target)
    depth = _depths(nodes, out)
    diagram = etree.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "diagram"})
    plane = etree.SubElement(diagram, f"{{{DI}}}BPMNPlane", {"id": "plane", "bpmnElement": "process"})
    centre: dict[str, tuple[int, int]] = {}
    rows: Counter[int] = Counter()
    for node_id, node in nodes.items():
        width, height = _SIZE.get(node.tag, (40, 40))
        x, y = 100 + 200 * depth[node_id], 100 + 100 * rows[depth[node_id]]
        rows[depth[node_id]] += 1
        centre[node_id] = (x, y)
        shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{node_id}_shape", "bpmnElement": node_id})
        etree.SubElement(
            shape,
            f"{{{DC}}}Bounds",
            {"x": str(x - width // 2), "y": str(y - height // 2), "width": str(width), "height": str(height)},
        )
    for number, (source, target) in enumerate(edges, 1):
        edge = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"f{number}_edge", "bpmnElement": f"f{number}"})
        for x, y in (centre[source], centre[target]):
            etree.SubElement(edge, f"{{{DD}}}waypoint", {"x": str(x), "y": str(y)})
