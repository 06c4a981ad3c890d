"""A BPMN file as other tools write it, reduced to what a process of steps is: tasks, choices, parallel branches.

Read: the one process (pool) that has tasks; lanes, data, notes and message flows are passed over. Any kind of task and
call activity; embedded subprocesses, whose contents take their place; loop and multi-instance markers (once or more);
exclusive, event-based and parallel gateways; several flows out of a task (parallel branches). An event is a step where
its name is one, else nothing. Refused with a reason: inclusive and complex gateways, boundary events, event and ad-hoc
subprocesses, conditions on flows out of a task, links, what no path leads to or from.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ingest.errors import ConfigError
from mining.bpmn import BPMN, has_doctype
from mining.names import did_you_mean

STEP, CHOICE, PARALLEL, START, END = "task", "exclusiveGateway", "parallelGateway", "startEvent", "endEvent"
_TASKS = {"task", "userTask", "manualTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "businessRuleTask",
          "callActivity"}  # fmt: skip
_SUBPROCESSES = {"subProcess", "transaction"}
_GATEWAYS = {"exclusiveGateway": CHOICE, "eventBasedGateway": CHOICE, "parallelGateway": PARALLEL}
_EVENTS = {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent"}
_REFUSED = {
    "inclusiveGateway": "expected exclusive gateways (one way) or parallel ones (all ways)",
    "complexGateway": "expected exclusive gateways (one way) or parallel ones (all ways)",
    "boundaryEvent": "expected an exclusive gateway behind the task for what may go otherwise",
    "adHocSubProcess": "expected a subprocess with flows, or its tasks one by one",
}
_LOOPS = {"standardLoopCharacteristics", "multiInstanceLoopCharacteristics"}


@dataclass(frozen=True)
class Node:
    """One element that is left. `told` = how messages name it; `step` only where it is one."""

    kind: str
    told: str
    step: str = ""


@dataclass
class Drawn:
    """A reduced diagram. `nodes` and `flows` in the file's order; `notes` = texts of documentation and annotations."""

    name: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def xml(self) -> bytes:
        """The diagram as the plainest BPMN: numbered elements of five kinds, each task named by its step."""
        number = {node: f"n{place}" for place, node in enumerate(self.nodes, 1)}
        root = etree.Element(f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN})
        process = etree.SubElement(root, f"{{{BPMN}}}process", {"id": "process"})
        for node_id, node in self.nodes.items():
            etree.SubElement(process, f"{{{BPMN}}}{node.kind}", {"id": number[node_id], "name": node.step})
        for place, (source, target) in enumerate(self.flows, 1):
            ends = {"id": f"f{place}", "sourceRef": number[source], "targetRef": number[target]}
            etree.SubElement(process, f"{{{BPMN}}}sequenceFlow", ends)
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def order(self) -> list[str]:
        """The steps from left to right: each before what it leads to, loops back aside (reverse post-order)."""
        after = _following(self.flows)
        seen: set[str] = set()
        out: list[str] = []
        starts = [node for node, one in self.nodes.items() if one.kind == START]
        stack: list[tuple[str, Iterator[str]]] = []
        for start in reversed(starts):
            stack.append((start, iter(reversed(after[start]))))
            seen.add(start)
            while stack:
                node, left = stack[-1]
                target = next((one for one in left if one not in seen), None)
                if target is None:
                    out.append(node)
                    stack.pop()
                else:
                    seen.add(target)
                    stack.append((target, iter(reversed(after[target]))))
        return list(dict.fromkeys(self.nodes[node].step for node in reversed(out) if self.nodes[node].step))

    def parallel(self) -> list[str]:
        """How messages name the parallel gateways."""
        return [node.told for node in self.nodes.values() if node.kind == PARALLEL]


def reduced(xml: bytes, labels: Mapping[str, str]) -> Drawn:
    """The process of a BPMN file. `labels` = declared steps with their names; empty: names become ids unchecked.

    Raises ConfigError that names the element, for all wrong names at once.
    """
    process = _process(_root(xml))
    drawn = Drawn(process.get("name") or "")
    reading = _Reading(drawn, labels)
    reading.scope(process, "", outer=True)
    if reading.wrong:
        raise ConfigError("; also ".join(reading.wrong))
    _check_paths(drawn)
    return drawn


def _root(xml: bytes) -> Any:
    try:
        if has_doctype(io.BytesIO(xml)):
            raise ConfigError("it declares a document type; expected plain BPMN 2.0 XML without one")
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"not XML: line {error.lineno}; expected BPMN 2.0 as a modelling tool exports it") from error
    if root.tag != f"{{{BPMN}}}definitions":
        raise ConfigError(f"its root is {etree.QName(root).localname!r}; expected 'definitions' of BPMN 2.0 ({BPMN})")
    return root


def _process(root: Any) -> Any:
    """The one process with tasks."""
    found = [
        process
        for process in root.findall(f"{{{BPMN}}}process")
        if any(_tag(part) in _TASKS for part in process.iter())
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError("it has no process with a task; expected the customer's process")
    names = ", ".join(repr(one.get("name") or one.get("id")) for one in found[:5])
    raise ConfigError(
        f"it has {len(found)} processes with tasks ({names}); expected one: leave the others' pools empty"
    )


class _Reading:
    """Walks one process; `wrong` collects names that are no steps."""

    def __init__(self, drawn: Drawn, labels: Mapping[str, str]) -> None:
        self.drawn = drawn
        self.wrong: list[str] = []
        self._labels = labels
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for step, label in labels.items():
            for name in dict.fromkeys((_plain(step), _plain(step.replace("_", " ")), _plain(label))):
                self._by_name[name].append(step)

    def scope(self, parent: Any, prefix: str, *, outer: bool) -> None:
        """Take in the elements of a process or subprocess; ids get `prefix`, which tells equal ids apart."""
        sources = defaultdict(list)
        for element in parent:
            if _tag(element) == "sequenceFlow":
                sources[element.get("sourceRef")].append(element)
        for element in parent:
            tag = _tag(element)
            if tag in ("documentation", "textAnnotation"):
                self.drawn.notes.append("".join(element.itertext()).strip())
            if tag in _REFUSED or element.get("triggeredByEvent") == "true":
                told = _told(element)
                raise ConfigError(
                    f"{told} can't be read; {_REFUSED.get(tag, 'expected no subprocess that an event starts')}"
                )
            if tag in _SUBPROCESSES and any(_tag(part) in _TASKS for part in element.iter()):
                self._subprocess(element, prefix)
            elif tag in _TASKS or tag in _SUBPROCESSES:
                self._task(element, prefix + element.get("id"), self._step(element, must=True))
            elif tag in _GATEWAYS:
                self._put(prefix + element.get("id"), Node(_GATEWAYS[tag], _told(element)))
            elif tag in _EVENTS:
                self._event(element, prefix + element.get("id"), outer)
            else:
                continue
            if tag not in _GATEWAYS:
                self._split(element, prefix + element.get("id"), sources[element.get("id")])
        for flow in parent.iterchildren(f"{{{BPMN}}}sequenceFlow"):
            self._flow(prefix + flow.get("sourceRef", ""), prefix + flow.get("targetRef", ""), _told(flow))

    def _put(self, node_id: str, node: Node) -> None:
        if node_id in self.drawn.nodes:
            raise ConfigError(f"{node.told}: its id is used twice; expected each once")
        self.drawn.nodes[node_id] = node

    def _flow(self, source: str, target: str, told: str) -> None:
        ends = source + ">out", target + ">in"
        source, target = (end if end in self.drawn.nodes else end[: end.rindex(">")] for end in ends)
        for end in (source, target):
            if end not in self.drawn.nodes:
                raise ConfigError(f"{told} leads from or to nothing that is read; expected a task, gateway or event")
        self.drawn.flows.append((source, target))

    def _task(self, element: Any, node_id: str, step: str) -> None:
        node = Node(STEP, _told(element), step)
        if not any(_tag(part) in _LOOPS for part in element):
            self._put(node_id, node)
            return
        for end in (">in", ">out"):
            self._put(node_id + end, Node(CHOICE, node.told))
        self._put(node_id, node)
        self.drawn.flows += [
            (node_id + ">in", node_id),
            (node_id, node_id + ">out"),
            (node_id + ">out", node_id + ">in"),
        ]

    def _event(self, element: Any, node_id: str, outer: bool) -> None:
        """An event is a step where its name is one; at the border of the process it needs a node of its own too."""
        if element.find(f"{{{BPMN}}}linkEventDefinition") is not None:
            raise ConfigError(f"{_told(element)} is a link; expected a flow in its place")
        tag, told = _tag(element), _told(element)
        step = self._step(element, must=False)
        inner = Node(STEP, told, step) if step else Node(CHOICE, told)
        if not outer or tag not in (START, END):
            self._put(node_id, inner)
            return
        if not step:
            self._put(node_id, Node(tag, told))
            return
        border = node_id + ">border"
        self._put(border, Node(tag, told))
        self._put(node_id, inner)
        self.drawn.flows.append((border, node_id) if tag == START else (node_id, border))

    def _split(self, element: Any, node_id: str, flows: list[Any]) -> None:
        """Several flows out of a task or event are parallel branches."""
        if len(flows) < 2:
            return
        if any(flow.find(f"{{{BPMN}}}conditionExpression") is not None for flow in flows):
            raise ConfigError(f"{_told(element)} has conditions on its flows; expected an exclusive gateway behind it")
        out = node_id + ">out"
        before = out if out in self.drawn.nodes else node_id
        if before == out:
            raise ConfigError(f"{_told(element)} has several flows out; expected a gateway behind it")
        self._put(out, Node(PARALLEL, f"the parallel flows out of {_told(element)}"))
        self.drawn.flows.append((node_id, out))

    def _subprocess(self, element: Any, prefix: str) -> None:
        """Its contents in its place: a choice before its starts, one behind its ends."""
        if any(_tag(part) in _LOOPS for part in element):
            raise ConfigError(f"{_told(element)} is repeated as a whole; expected a gateway that leads back")
        node_id = prefix + element.get("id")
        inside = f"{node_id}/"
        self._put(node_id + ">in", Node(CHOICE, _told(element)))
        self.scope(element, inside, outer=False)
        self._put(node_id + ">out", Node(CHOICE, _told(element)))
        for event in element:
            if _tag(event) == START:
                self.drawn.flows.append((node_id + ">in", inside + event.get("id")))
            elif _tag(event) == END:
                self.drawn.flows.append((inside + event.get("id"), node_id + ">out"))

    def _step(self, element: Any, *, must: bool) -> str:
        """The step that an element's name is; empty where it needs none."""
        name = element.get("name") or ""
        fits = self._by_name.get(_plain(name), [])
        if len(fits) == 1 or (not self._labels and must and name):
            return fits[0] if fits else _slug(name)
        if len(fits) > 1:
            self.wrong.append(f"{_told(element)} is the name of {' and of '.join(fits)}; expected the step's id")
        elif name or must:
            close = did_you_mean(_plain(name), self._by_name, "")
            hint = close or "expected the id or the name of a step of process/steps.toml"
            if must or close:
                self.wrong.append(f"{_told(element)} is no declared step; {hint}")
        return ""


def _check_paths(drawn: Drawn) -> None:
    """Everything lies between a start and an end."""
    forward, backward = _following(drawn.flows), _following([(b, a) for a, b in drawn.flows])
    for kind, event, after, missing in (
        (START, "start event", forward, "no path leads to it from a start event"),
        (END, "end event", backward, "no path leads from it to an end event"),
    ):
        reached = [node for node, one in drawn.nodes.items() if one.kind == kind]
        if not reached:
            raise ConfigError(f"it has no {event}; expected one")
        seen = set(reached)
        while reached:
            for target in after[reached.pop()]:
                if target not in seen:
                    seen.add(target)
                    reached.append(target)
        for node, one in drawn.nodes.items():
            if node not in seen:
                raise ConfigError(f"{one.told}: {missing}; expected it on a way from start to end")


def _following(flows: list[tuple[str, str]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = defaultdict(list)
    for source, target in flows:
        out[source].append(target)
    return out


def _tag(element: Any) -> str:
    """The element's name where it is BPMN's own, else empty: extensions of tools are passed over."""
    tag = element.tag
    return tag.removeprefix(f"{{{BPMN}}}") if isinstance(tag, str) and tag.startswith(f"{{{BPMN}}}") else ""


def _told(element: Any) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in _tag(element))
    return f"{words} {' '.join((element.get('name') or element.get('id') or 'without a name').split())!r}"


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace('"', "").split())


def _slug(name: str) -> str:
    return "_".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower()).split()
    )
