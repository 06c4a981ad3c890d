"""BPMN as the intended process: files as other tools write them are read, or refused with a reason."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest
from toy_site import INTENDED_TOML, STEPS

from ingest.errors import ConfigError
from mining import intended
from mining.automaton import Automaton
from mining.bpmn_process import parse

# ruff: noqa: E501 (BPMN as tools write it is not broken for width)
LABELS = {
    "order": "Places the order",
    "pay": "Pays",
    "mail": "Gets the confirmation",
    "ship": "Hears that it is on its way",
    "deliver": "Receives the parcel",
    "track": "Tracks it",
    "cancel": "Cancels",
}
NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def same(ours: Automaton, steps: list[object]) -> bool:
    """Whether an automaton allows what the sentence forms allow: both are minimal, so they are equal."""
    return ours == intended.parse({"process": "p", "steps": steps}).automaton


KINDS = {"s": "startEvent", "e": "endEvent", "x": "exclusiveGateway", "y": "exclusiveGateway", **{f"x{n}": "exclusiveGateway" for n in range(1, 5)},
         "both": "parallelGateway", "joined": "parallelGateway", "any": "inclusiveGateway"}  # fmt: skip


def drawing(chains: str, extra: str = "") -> bytes:
    """A process of chains such as "s>order>e order>pay": each name is drawn once, a task unless it is one of KINDS."""
    flows = [pair for chain in chains.split() for pair in itertools.pairwise(chain.split(">"))]
    names = dict.fromkeys(name for pair in flows for name in pair)
    body = "".join(
        f'<{kind} id="{name}" name="{LABELS.get(name, name)}"/>'
        for name, kind in ((name, KINDS.get(name, "task")) for name in names)
        if f'id="{name}"' not in extra and name != "ghost"
    )
    body += "".join(f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate(flows))
    return f'<definitions xmlns="{NAMESPACE}"><process id="p">{body}{extra}</process></definitions>'.encode()


# As Camunda Modeler and bpmn.io write: a prefix, an execution vocabulary of their own, diagram interchange, incoming and
# outgoing in each element, a default flow with a condition on the other.
CAMUNDA = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{NAMESPACE}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="Definitions_1" exporter="Camunda Modeler">
 <bpmn:process id="Process_1" name="From order to parcel" isExecutable="true">
  <bpmn:documentation>Drawn in the workshop of March.</bpmn:documentation>
  <bpmn:startEvent id="StartEvent_1" name="Wants it"><bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>
  <bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="Activity_1" />
  <bpmn:userTask id="Activity_1" name="Places the&#10;order"><bpmn:extensionElements><zeebe:userTask /></bpmn:extensionElements>
   <bpmn:incoming>Flow_1</bpmn:incoming><bpmn:outgoing>Flow_2</bpmn:outgoing></bpmn:userTask>
  <bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_1" targetRef="Gateway_1" />
  <bpmn:parallelGateway id="Gateway_1"><bpmn:incoming>Flow_2</bpmn:incoming></bpmn:parallelGateway>
  <bpmn:sequenceFlow id="Flow_3" sourceRef="Gateway_1" targetRef="Activity_2" />
  <bpmn:sequenceFlow id="Flow_4" sourceRef="Gateway_1" targetRef="Activity_3" />
  <bpmn:task id="Activity_2" name="pays" />
  <bpmn:sendTask id="Activity_3" name="Gets the confirmation" />
  <bpmn:sequenceFlow id="Flow_5" sourceRef="Activity_2" targetRef="Gateway_2" />
  <bpmn:sequenceFlow id="Flow_6" sourceRef="Activity_3" targetRef="Gateway_2" />
  <bpmn:parallelGateway id="Gateway_2" />
  <bpmn:sequenceFlow id="Flow_7" sourceRef="Gateway_2" targetRef="Event_1" />
  <bpmn:intermediateCatchEvent id="Event_1" name="Two days later"><bpmn:timerEventDefinition id="T1" />
  </bpmn:intermediateCatchEvent>
  <bpmn:sequenceFlow id="Flow_8" sourceRef="Event_1" targetRef="Gateway_3" />
  <bpmn:exclusiveGateway id="Gateway_3" default="Flow_9" />
  <bpmn:sequenceFlow id="Flow_9" sourceRef="Gateway_3" targetRef="Activity_4" />
  <bpmn:sequenceFlow id="Flow_10" name="changed mind" sourceRef="Gateway_3" targetRef="Event_2">
   <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=cancelled</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:callActivity id="Activity_4" name="ship" />
  <bpmn:sequenceFlow id="Flow_11" sourceRef="Activity_4" targetRef="Event_3" />
  <bpmn:endEvent id="Event_2" name="Cancels" />
  <bpmn:endEvent id="Event_3" name="Receives the parcel"><bpmn:messageEventDefinition id="M1" /></bpmn:endEvent>
  <bpmn:textAnnotation id="Text_1"><bpmn:text>[frontstage]
tolerance = 0.05
ignore = ["track"]
rules = ["ship within 2 business days of pay"]</bpmn:text></bpmn:textAnnotation>
  <bpmn:association id="A1" sourceRef="Activity_2" targetRef="Text_1" />
 </bpmn:process>
 <bpmndi:BPMNDiagram id="D1"><bpmndi:BPMNPlane id="P1" bpmnElement="Process_1">
  <bpmndi:BPMNShape id="S1" bpmnElement="Activity_2"><dc:Bounds x="1" y="1" width="100" height="80" /></bpmndi:BPMNShape>
 </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>""".encode()

# As Signavio writes: no prefix, a collaboration with an empty pool, lanes, extension elements, a subprocess, a loop.
SIGNAVIO = f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="{NAMESPACE}" xmlns:signavio="http://www.signavio.com" exporter="Signavio Process Editor" id="sid-0">
 <collaboration id="sid-c"><extensionElements/><participant id="sid-p1" name="Customer" processRef="sid-1"/>
  <participant id="sid-p2" name="Shop"/><messageFlow id="sid-m" sourceRef="sid-t1" targetRef="sid-p2"/></collaboration>
 <process id="sid-1" processType="None">
  <laneSet id="sid-l"><lane id="sid-l1" name="At home"><flowNodeRef>sid-t1</flowNodeRef></lane></laneSet>
  <startEvent id="sid-s"/><dataObject id="sid-d" name="Invoice"/>
  <task completionQuantity="1" id="sid-t1" name="Places the order"><extensionElements>
   <signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffcc"/></extensionElements></task>
  <subProcess id="sid-sub" name="Delivery"><startEvent id="sid-s"/><task id="sid-t2" name="Hears that it is on its way"/>
   <task id="sid-t3" name="Tracks it"><standardLoopCharacteristics id="sid-loop"/></task><endEvent id="sid-e"/>
   <sequenceFlow id="i1" sourceRef="sid-s" targetRef="sid-t2"/><sequenceFlow id="i2" sourceRef="sid-t2" targetRef="sid-t3"/>
   <sequenceFlow id="i3" sourceRef="sid-t3" targetRef="sid-e"/></subProcess>
  <subProcess id="sid-col" name="Receives the parcel"/>
  <endEvent id="sid-e"/>
  <sequenceFlow id="f1" sourceRef="sid-s" targetRef="sid-t1"/><sequenceFlow id="f2" sourceRef="sid-t1" targetRef="sid-sub"/>
  <sequenceFlow id="f3" sourceRef="sid-sub" targetRef="sid-col"/><sequenceFlow id="f4" sourceRef="sid-col" targetRef="sid-e"/>
 </process>
</definitions>""".encode()


def test_a_file_of_camunda_modeler_is_read() -> None:
    found = parse(CAMUNDA, LABELS)
    assert same(
        found.automaton, ["order", {"any_order": ["pay", "mail"]}, {"one_of": [["ship", "deliver"], ["cancel"]]}]
    )
    assert found.process == "From order to parcel" and found.order[0] == "order"
    assert set(found.order[1:3]) == {"pay", "mail"} and set(found.order[3:]) == {"ship", "deliver", "cancel"}
    assert (found.tolerance, found.ignore, found.rules[0].form) == (0.05, {"track"}, "within")


def test_a_file_of_signavio_is_read() -> None:
    found = parse(SIGNAVIO, LABELS, "intended")
    assert same(found.automaton, ["order", "ship", "track+", "deliver"])
    assert found.order == ("order", "ship", "track", "deliver") and found.process == "intended"


def test_what_we_export_is_read_again() -> None:
    from mining import pm4py_bridge

    ways = [(("order", "pay", "mail", "ship"), 5), (("order", "mail", "pay", "ship"), 4), (("order", "cancel"), 3)]
    found = parse(pm4py_bridge.bpmn(pm4py_bridge.discover(ways, 0.0), LABELS), LABELS)
    assert same(found.automaton, ["order", {"one_of": [[{"any_order": ["pay", "mail"]}, "ship"], ["cancel"]]}])


def test_flows_out_of_a_task_are_parallel_and_into_one_are_not() -> None:
    both = parse(drawing("s>order>pay>joined>e order>mail>joined"), LABELS)
    assert same(both.automaton, ["order", {"any_order": ["pay", "mail"]}])
    either = parse(drawing("s>x>pay>mail>e x>cancel>mail"), LABELS)
    assert same(either.automaton, [{"one_of": [["pay"], ["cancel"]]}, "mail"]) and either.order[-1] == "mail"


def event(kind: str, name: str, more: str = "") -> str:
    return f'<{kind} id="i" name="{name}"{more}/>'


REFUSED: dict[str, tuple[bytes, str]] = {
    "no xml": (b"steps: [a]", "not XML: line 1"),
    "doctype": (b'<!DOCTYPE x [<!ENTITY a "b">]><definitions/>', "document type"),
    "no bpmn": (
        b"<Package xmlns='http://www.wfmc.org/2009/XPDL2.2'/>",
        "its root is 'Package'; expected 'definitions'",
    ),
    "nothing in it": (drawing("s>e"), "no process with a task"),
    "two processes": (
        drawing("s>order>e", '</process><process id="q" name="Ours"><task id="t"/>'),
        "2 processes with tasks ('p', 'Ours'); expected one",
    ),
    "a name with a slip": (drawing("s>Pais>e"), "task 'Pais' is no declared step; did you mean 'pays'?"),
    "a name nobody knows": (drawing("s>Fulfil>e"), "expected the id or the name of a step"),
    "an event with a slip": (
        drawing("s>order>i>e", event("intermediateThrowEvent", "Canceled")),
        "intermediate throw event 'Canceled' is no declared step; did you mean 'cancel",
    ),
    "inclusive": (drawing("s>any>order>e"), "inclusive gateway 'any' can't be read; expected exclusive gateways"),
    "boundary": (
        drawing("s>order>e i>e", event("boundaryEvent", "too long", ' attachedToRef="order"')),
        "boundary event 'too long' can't be read; expected an exclusive gateway behind the task",
    ),
    "event subprocess": (
        drawing("s>order>e", event("subProcess", "On call", ' triggeredByEvent="true"')),
        "sub process 'On call' can't be read",
    ),
    "a link": (
        drawing("s>order>i", '<intermediateThrowEvent id="i"><linkEventDefinition name="A"/></intermediateThrowEvent>'),
        "intermediate throw event 'i' is a link",
    ),
    "no way on": (drawing("s>order>e order>pay"), "task 'Pays': no path leads from it to an end event"),
    "no way there": (drawing("s>order>e pay>e"), "task 'Pays': no path leads to it from a start event"),
    "no start": (drawing("order>e"), "no start event"),
    "a flow to nowhere": (drawing("s>order>e order>ghost"), "leads from or to nothing"),
    "not joined": (
        drawing("s>both>order>e both>pay>e"),
        "branches are still under way: they are not joined; see parallel gateway 'both'",
    ),
    "joined by a choice": (drawing("s>both>order>x both>pay>x>mail>e"), "not joined; see parallel gateway 'both'"),
    "stuck": (
        drawing("s>x>order>joined x>pay>joined>e"),
        "stuck before the end: a join waits for a branch that does not come; see parallel gateway 'joined'",
    ),
    "unbounded": (
        drawing("s>x>order>both>x both>pay>y>joined>e y>joined"),
        "branches pile up without end: more begin than are joined; see parallel gateway 'both', parallel gateway 'joined'",
    ),
    "too many states": (
        drawing(
            "s>both joined>e " + " ".join(f"both>t{a}0>t{a}1>t{a}2>joined" for a in range(7)),
            "".join(f'<task id="t{a}{b}" name="Pays"/>' for a in range(7) for b in range(3)),
        ),
        "more than 5000 states; expected fewer parallel branches; see parallel gateway 'both'",
    ),
    "options with a slip": (
        drawing("s>order>e", "<documentation>[frontstage]\ntolerence = 0.1</documentation>"),
        "frontstage.tolerence: unknown key; did you mean 'tolerance'?",
    ),
    "a table beside it": (
        drawing("s>order>e", "<documentation>[frontstage]\ntolerance = 0.1\n[weights]\npay = 3</documentation>"),
        "[weights] stands beside [frontstage]; expected it within: [frontstage.weights]",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_process_is_refused_with_a_reason(name: str) -> None:
    xml, message = REFUSED[name]
    with pytest.raises(ConfigError) as caught:
        parse(xml, LABELS)
    assert message in str(caught.value)


def test_both_files_are_an_error_and_the_bpmn_alone_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "intended.bpmn").write_bytes(CAMUNDA)
    loaded = intended.load(tmp_path, LABELS)
    assert loaded is not None and loaded.labels == {"order", "pay", "mail", "ship", "cancel", "deliver"}
    (tmp_path / "intended.toml").write_text('process = "p"\nsteps = ["pay"]\n')
    with pytest.raises(ConfigError, match="is there too; expected the intended process in one file of the two"):
        intended.load(tmp_path, LABELS)


def test_the_map_is_drawn_from_the_same_order_whichever_file_it_is() -> None:
    """The report draws the intended process by `order` and `successors`: the toy shop's, as text and as a drawing."""
    text = intended.parse(tomllib.loads(INTENDED_TOML))
    drawn = parse(
        drawing(
            "s>x>y>add_to_cart>x1>address>delivery_choice>pay>x2>order_placed>confirmation_mail>shipping_mail>deliver>x3>"
            "return_request>refund>x4>e x1>y x>call_order>x2 x3>x4"
        ),
        {step.step: step.label for step in STEPS},
    )
    assert drawn.automaton == text.automaton and drawn.successors == text.successors
    assert sorted(drawn.order) == sorted(text.order)
    assert [step for step in drawn.order if step != "call_order"] == [
        step for step in text.order if step != "call_order"
    ]
