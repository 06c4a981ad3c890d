"""Fault points: where a run can be made to die or to fail, so that tests can prove that the next night mends it.

    FRONTSTAGE_FAULT=17             the process dies before its 17th point, as by kill -9
    FRONTSTAGE_FAULT=rename:2       before its second rename
    FRONTSTAGE_FAULT=at:commit      before its first point of this name
    FRONTSTAGE_FAULT=17:enospc      its 17th point fails as on a full disk (`eio`: as on a broken one)
    FRONTSTAGE_FAULT=0              nothing happens; at debug level each point tells its number

A point is an SQL statement (ingest/store.py), and each write, fsync and rename of a file (ingest/durable.py). Without
the variable a point costs one comparison.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from dataclasses import dataclass

from ingest.errors import UsageError

FAULT_VARIABLE = "FRONTSTAGE_FAULT"
_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
_FAULT = re.compile(
    r"(?:at:(?P<what>[^:]+)|(?:(?P<kind>sql|write|fsync|rename):)?(?P<number>[0-9]+))(?::(?P<error>enospc|eio))?"
)
_FORM = "[sql:|write:|fsync:|rename:]n or at:NAME, then nothing, :enospc or :eio"
log = logging.getLogger("frontstage.faults")


@dataclass
class _Fault:
    """The point to fail at: the `number`-th of those of this kind and name; and how many have passed."""

    kind: str | None
    what: str | None
    number: int
    error: str | None
    n_passed: int = 0
    n_alike: int = 0


def point(kind: str, what: str) -> None:
    """Pass one point: `kind` is sql, write, fsync or rename. Raises OSError when it is this point that shall fail."""
    fault = _fault
    if fault is None:
        return
    fault.n_passed += 1
    log.debug("point %d: %s: %s", fault.n_passed, kind, what)
    if fault.kind not in (None, kind) or fault.what not in (None, what):
        return
    fault.n_alike += 1
    if fault.n_alike != fault.number:
        return
    if fault.error is None:
        os._exit(137)
    raise OSError(_ERRORS[fault.error], os.strerror(_ERRORS[fault.error]), what)


def arm(text: str | None) -> None:
    """Count from one, towards the fault that `text` names; None for no fault. Raises UsageError."""
    global _fault
    _fault = None
    if text:
        found = _FAULT.fullmatch(text)
        if not found:
            raise UsageError(f"{FAULT_VARIABLE}: got {text!r}, expected {_FORM}")
        _fault = _Fault(found["kind"], found["what"], int(found["number"] or 1), found["error"])


_fault: _Fault | None = None
arm(os.environ.get(FAULT_VARIABLE))
