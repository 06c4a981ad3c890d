"""The map beside the pages: an SVG that stands alone, a BPMN that other tools open."""

from __future__ import annotations

import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from logs import planted, random_log
from lxml import etree

from reports.diagrams import Diagram, draw
from reports.map_bpmn import BPMN, DC, DD, DI, bpmn
from reports.maps import fold_steps, reduce_edges

STRUCTURE = Path(__file__).parent / "bpmn_subset.rng"


def diagram(seed: int | None = None) -> Diagram:
    full = planted().map() if seed is None else random_log(seed).map()
    return draw(reduce_edges(fold_steps(full, 20), 5)[0], title="How <customers> & we meet", k=5, fill=1390)


@pytest.mark.parametrize("seed", [None, 5, 8])
def test_the_bpmn_file_is_valid_and_drawn_throughout(seed: int | None) -> None:
    """Valid by the part of BPMN 2.0 that is used; every reference leads somewhere; every node and flow is drawn."""
    drawn = diagram(seed)
    root = etree.fromstring(bpmn(drawn, "Shown: all of it."))
    structure = etree.RelaxNG(etree.parse(STRUCTURE))
    assert structure.validate(root), structure.error_log
    ids = Counter(root.xpath("//@id"))
    assert max(ids.values()) == 1
    references = root.xpath("//@sourceRef | //@targetRef | //@bpmnElement | //@processRef")
    references += [
        element.text for tag in ("flowNodeRef", "incoming", "outgoing") for element in root.iter(f"{{{BPMN}}}{tag}")
    ]
    assert set(references) <= set(ids)
    shapes = {shape.get("bpmnElement"): shape for shape in root.iter(f"{{{DI}}}BPMNShape")}
    edges = {edge.get("bpmnElement"): edge for edge in root.iter(f"{{{DI}}}BPMNEdge")}
    nodes = [element.get("id") for tag in ("task", "lane", "participant") for element in root.iter(f"{{{BPMN}}}{tag}")]
    assert set(shapes) == set(nodes)
    assert set(edges) == {flow.get("id") for flow in root.iter(f"{{{BPMN}}}sequenceFlow")}
    assert len(list(root.iter(f"{{{BPMN}}}task"))) == len(drawn.layout.boxes)
    assert len(edges) == len(drawn.layout.edges)

    def bounds(key: str) -> tuple[float, float, float, float]:
        found = shapes[key].find(f"{{{DC}}}Bounds")
        x, y, width, height = (float(found.get(name)) for name in ("x", "y", "width", "height"))
        return x, y, x + width, y + height

    for lane in root.iter(f"{{{BPMN}}}lane"):
        outer = bounds(lane.get("id"))
        for member in lane:
            inner = bounds(member.text)
            assert outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
    for flow in root.iter(f"{{{BPMN}}}sequenceFlow"):
        points = [(float(p.get("x")), float(p.get("y"))) for p in edges[flow.get("id")].iter(f"{{{DD}}}waypoint")]
        for (x, y), end in ((points[0], flow.get("sourceRef")), (points[-1], flow.get("targetRef"))):
            left, top, right, bottom = bounds(end)
            assert left - 0.1 <= x <= right + 0.1 and top - 0.1 <= y <= bottom + 0.1


def test_pm4py_reads_as_many_tasks_and_flows(tmp_path: Path) -> None:
    pm4py = pytest.importorskip("pm4py")
    model_of = pytest.importorskip("pm4py.objects.bpmn.obj").BPMN

    for seed in (None, 5):
        drawn = diagram(seed)
        path = tmp_path / "map.bpmn"
        path.write_bytes(bpmn(drawn, ""))
        model = pm4py.read_bpmn(str(path))
        tasks = [node for node in model.get_nodes() if isinstance(node, model_of.Task)]
        assert sorted(task.get_name() for task in tasks) == sorted(step.label for step in drawn.process.steps)
        flows = Counter((flow.get_source().get_name(), flow.get_target().get_name()) for flow in model.get_flows())
        label = {step.key: step.label for step in drawn.process.steps}
        assert flows == Counter((label[e.edge.source], label[e.edge.target]) for e in drawn.layout.edges)


def test_a_night_leaves_the_files_and_the_page_leads_to_them(night: Path) -> None:
    html = (night / "map.html").read_text("utf-8")
    for name in ("map.svg", "map-blueprint.svg", "map.bpmn"):
        assert f'href="{name}"' in html
        etree.parse(BytesIO((night / name).read_bytes()))
    etree.RelaxNG(etree.parse(STRUCTURE)).assertValid(etree.parse(night / "map.bpmn"))


def test_the_svg_file_stands_alone(night: Path) -> None:
    page = (night / "map.html").read_text("utf-8")
    on_page = re.search(r'<div class="view department">.*?(<svg class="map-body".*?</svg>)', page, re.S)
    assert on_page
    for name, line in (("map.svg", "line of visibility"), ("map-blueprint.svg", "line of interaction")):
        source = (night / name).read_text("utf-8")
        root = etree.fromstring(source.encode())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in source and "href" not in source and "url(" not in source and "@import" not in source
        assert source.replace("http://www.w3.org/2000/svg", "").count("http") == 0
        assert line in source
        for count in (r'class="box"', r'data-n="', r'class="disc"'):
            assert len(re.findall(count, source)) == len(re.findall(count, on_page[1]))
