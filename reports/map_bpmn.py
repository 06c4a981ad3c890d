"""A drawn map as BPMN 2.0 with lanes and the layout of our drawing, for other tools.

One task a box, one sequence flow a path, one lane a band. A step with several ways out has a condition on each, its
share of the moves: without gateways that is BPMN's sign for a choice. Starts and ends of journeys are counts, not
events: most steps are both now and then.
"""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree

from ingest.language import say
from reports import formats
from reports.diagrams import Diagram
from reports.layout import PlacedEdge
from reports.svg import plain

_SPEC = "http://www.omg.org/spec/"
BPMN, DI = f"{_SPEC}BPMN/20100524/MODEL", f"{_SPEC}BPMN/20100524/DI"
DC, DD = f"{_SPEC}DD/20100524/DC", f"{_SPEC}DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_POOL_HEAD = 30
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def bpmn(diagram: Diagram, note: str) -> bytes:
    """The map as a BPMN document. `note` is the documentation of its process: what is drawn and what is not."""
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN, "bpmndi": DI, "dc": DC, "di": DD, "xsi": XSI})
    root.set("id", "definitions")
    root.set("targetNamespace", BPMN)
    pool = etree.SubElement(root, f"{{{BPMN}}}collaboration", {"id": "collaboration"})
    etree.SubElement(
        pool, f"{{{BPMN}}}participant", {"id": "pool", "name": _name(diagram.title), "processRef": "process"}
    )
    ids = {step.key: f"task_{number}" for number, step in enumerate(diagram.process.steps, 1)}
    flows = {f"flow_{number}": edge for number, edge in enumerate(diagram.layout.edges, 1)}
    _process(root, diagram, note, ids, flows)
    _drawing(root, diagram, ids, flows)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _process(
    root: etree._Element, diagram: Diagram, note: str, ids: dict[str, str], flows: dict[str, PlacedEdge]
) -> None:
    process = etree.SubElement(root, f"{{{BPMN}}}process", {"id": "process", "isExecutable": "false"})
    etree.SubElement(process, f"{{{BPMN}}}documentation").text = _name(note)
    lanes = etree.SubElement(process, f"{{{BPMN}}}laneSet", {"id": "lanes"})
    for number, lane in enumerate(diagram.process.lanes):
        element = etree.SubElement(lanes, f"{{{BPMN}}}lane", {"id": f"lane_{number}", "name": _name(lane.name)})
        for step in diagram.process.steps:
            if step.lane == number:
                etree.SubElement(element, f"{{{BPMN}}}flowNodeRef").text = ids[step.key]
    for step in diagram.process.steps:
        task = etree.SubElement(process, f"{{{BPMN}}}task", {"id": ids[step.key], "name": _name(step.label)})
        if step.marks.detail:
            etree.SubElement(task, f"{{{BPMN}}}documentation").text = _name(step.marks.detail)
            task.insert(0, task[-1])
        for flow, placed in flows.items():
            if placed.edge.target == step.key:
                etree.SubElement(task, f"{{{BPMN}}}incoming").text = flow
        for flow, placed in flows.items():
            if placed.edge.source == step.key:
                etree.SubElement(task, f"{{{BPMN}}}outgoing").text = flow
    out, n_out = Counter[str](), Counter[str]()
    for placed in flows.values():
        out[placed.edge.source] += 1
        n_out[placed.edge.source] += placed.edge.weight
    for flow, placed in flows.items():
        edge = placed.edge
        ends = {"sourceRef": ids[edge.source], "targetRef": ids[edge.target]}
        element = etree.SubElement(
            process, f"{{{BPMN}}}sequenceFlow", {"id": flow, "name": formats.count(edge.weight), **ends}
        )
        if out[edge.source] > 1:
            condition = etree.SubElement(
                element, f"{{{BPMN}}}conditionExpression", {f"{{{XSI}}}type": "bpmn:tFormalExpression"}
            )
            share = formats.ratio(edge.weight, n_out[edge.source])
            condition.text = say("{share} of the moves from here", share=share)


def _drawing(root: etree._Element, diagram: Diagram, ids: dict[str, str], flows: dict[str, PlacedEdge]) -> None:
    layout = diagram.layout
    figure = etree.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "diagram"})
    plane = etree.SubElement(figure, f"{{{DI}}}BPMNPlane", {"id": "plane", "bpmnElement": "collaboration"})
    top, bottom = layout.lanes[0].top, layout.lanes[-1].top + layout.lanes[-1].height
    _shape(plane, "pool", 0, top, layout.width, bottom - top, flat=True)
    for lane in layout.lanes:
        _shape(plane, f"lane_{lane.index}", _POOL_HEAD, lane.top, layout.width - _POOL_HEAD, lane.height, flat=True)
    for box in layout.boxes:
        _shape(plane, ids[box.key], box.x, box.y, box.width, box.height)
    for flow, placed in flows.items():
        edge = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{flow}_edge", "bpmnElement": flow})
        for x, y in placed.points:
            etree.SubElement(edge, f"{{{DD}}}waypoint", {"x": f"{x:.1f}", "y": f"{y:.1f}"})


def _shape(
    plane: etree._Element, element: str, x: float, y: float, width: float, height: float, *, flat: bool = False
) -> None:
    shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{element}_shape", "bpmnElement": element})
    if flat:
        shape.set("isHorizontal", "true")
    measures = {"x": x, "y": y, "width": width, "height": height}
    etree.SubElement(shape, f"{{{DC}}}Bounds", {name: f"{value:.1f}" for name, value in measures.items()})


def _name(value: str) -> str:
    return _NOT_XML.sub("\ufffd", plain(value, 2000))
