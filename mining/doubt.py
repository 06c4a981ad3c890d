"""What a doubt about who is who means for findings (method 2.4): they say so, and they are not confirmed.

Every finding that counts journeys is counted again over journeys of which strong evidence says whose each event is
(`robustness.strict_identity`). An analysis confirms nothing that turns round there beyond chance; where the direction
does not hold, or too few such journeys are left to tell, the finding says so. On a night with an over-merging alarm
nothing is confirmed.
"""

from __future__ import annotations

from dataclasses import replace

from ingest.language import mark, say
from ingest.store import Store
from mining.findings import Finding, holds
from mining.sentences import paragraph

ALARM = "over-merging alarm"
_ON_ALARM = mark("Not confirmed tonight: some customers look like several people taken for one, see the data page.")
_SIGN = mark("It does not show in the journeys of customers known without doubt, which are few.")
_UNKNOWN = mark("Whether it holds among customers known without doubt can't be told: too few such journeys.")


def with_doubts(store: Store, findings: list[Finding]) -> list[Finding]:
    """The findings, each with what a doubt about identities does to it."""
    alarmed = bool(
        store.value("select coalesce(sum(n), 0) > 0 from data_quality where measure = $measure", {"measure": ALARM})
    )
    return [_doubted(finding, alarmed) for finding in findings]


def _doubted(finding: Finding, alarmed: bool) -> Finding:
    if finding.status != "confirmed":
        return finding
    holds = holds_strictly(finding)
    doubts = [say(_ON_ALARM)] if alarmed else []
    if holds is False:
        doubts.append(say(_SIGN))
    elif holds is None and "strict_identity" in finding.robustness:
        doubts.append(say(_UNKNOWN))
    return replace(
        finding,
        status="candidate" if alarmed else "confirmed",
        text_caution=paragraph(finding.text_caution, *doubts),
    )


def holds_strictly(finding: Finding) -> bool | None:
    """Whether the effect keeps its direction with strong identity only; None when that was not counted."""
    value = finding.robustness.get("strict_identity", {}).get("value")
    if value is None or finding.effect.get("baseline") is None:
        return None
    return holds(finding.effect, value)
