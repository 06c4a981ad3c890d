"""The intended process from process/intended.bpmn: pm4py reads the diagram, its Petri net becomes the automaton.

What BPMN has no sign for stands in a TOML table in the documentation of the process, or in a text annotation:

    [frontstage]
    tolerance = 0.01
    ignore = ["track"]
    rules = ["ship within 2 business days of pay"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.errors import ConfigError
from mining.bpmn_reading import Drawn, reduced
from mining.intended import OPTIONS, Intended, with_options
from mining.names import refuse_unknown_keys
from mining.petri import automaton_of

_TABLE = "[frontstage]"
_LARGEST = 10_000_000


def read_process(path: Path, labels: Mapping[str, str]) -> Intended:
    """The process of a BPMN file. `labels` = the declared steps with their names. Raises ConfigError with why not."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path}: larger than {_LARGEST // 1_000_000} MB; expected one process")
        xml = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({type(error).__name__}); expected a BPMN file") from error
    try:
        return parse(xml, labels, path.stem)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(xml: bytes, labels: Mapping[str, str], name: str = "process") -> Intended:
    """The process of a BPMN document; `name` is taken where the diagram has none."""
    from mining import pm4py_bridge  # takes seconds to import

    drawn = reduced(xml, labels)
    options = _options(drawn)
    automaton = automaton_of(pm4py_bridge.net_of_bpmn(drawn.xml()), drawn.parallel())
    process = options.get("process") or drawn.name or name
    source = {**options, "bpmn": drawn.xml().decode()}
    return with_options(str(process), automaton, drawn.order(), source, sorted(labels))


def _options(drawn: Drawn) -> dict[str, Any]:
    """The TOML table among the notes; empty without one."""
    texts = [note for note in drawn.notes if note.startswith(_TABLE)]
    if len(texts) > 1:
        raise ConfigError(f"{_TABLE} stands in {len(texts)} notes; expected it in one")
    if not texts:
        return {}
    try:
        data = tomllib.loads(texts[0])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the note that begins with {_TABLE} is not TOML: {error}") from error
    beside = [name for name in data if name in OPTIONS]
    if beside:
        raise ConfigError(f"[{beside[0]}] stands beside {_TABLE}; expected it within: [frontstage.{beside[0]}]")
    refuse_unknown_keys("", data, ("frontstage",))
    options = dict(data["frontstage"])
    refuse_unknown_keys("frontstage", options, OPTIONS)
    return options
