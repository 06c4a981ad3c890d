"""What stands around a change: others of the same contacts, codes of one side only, departments that serve both."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.store import Store
from mining.changes.declared import Change
from mining.changes.groups import CONTROL, WATCHED
from mining.changes.series import Table

_TOUCHED = """select distinct one.change_no, other.change_no
    from change_member as one
    inner join change_member as other
        on one.contact_key = other.contact_key and one.change_no <> other.change_no and other.group_no >= 0
    where one.change_no < $watched and other.change_no < $watched
    order by all"""
_CODES = """with contact as (
        select contact_key, day >= $day as is_after from change_unit where change_no = $change_no and group_no >= 0
    ),
    size as (
        select count(*) filter (not is_after) as n_before, count(*) filter (is_after) as n_after from contact
    ),
    seen as (
        select event.raw_code as code, contact.is_after, count(distinct contact.contact_key) as n
        from contact
        inner join event on event.call_id = contact.contact_key
        inner join (select step::step_t as step, class::varchar as class from touch) as step using (step)
        where event.visible and (step.class = 'handoff' or (event.channel::varchar = 'ivr' and step.class <> 'contact'))
        group by all
    )
    select code from seen, size group by code, n_before, n_after
    having (count(*) filter (is_after) = 0 and sum(n) filter (not is_after) >= $share * n_before)
        or (count(*) filter (not is_after) = 0 and sum(n) filter (is_after) >= $share * n_after)
    order by code limit 5"""
_DEPARTMENTS = """select event.department::varchar as department
    from change_member as member inner join event on event.call_id = member.contact_key
    where member.change_no = $change_no and event.visible and event.department is not null
        and event.channel::varchar in ('agent', 'phone')
    group by department
    having count(*) filter (member.group_no = $control) >= 0.05 * count(*)
        and count(*) filter (member.group_no <> $control) >= 0.05 * count(*)
    order by count(*) desc, department limit 3"""


def touching(store: Store, changes: Sequence[Change]) -> list[list[Change]]:
    """Of each change the others that came to contacts of its groups, too."""
    found: list[list[Change]] = [[] for _ in changes]
    for one, other in store.rows(_TOUCHED, {"watched": WATCHED}):
        found[one].append(changes[other])
    return found


def codes_of_one_side(store: Store, change_no: int, change: Change, table: Table) -> list[str]:
    """Codes of menus and hand-overs that affected contacts have only before the change, or only after it."""
    if change.is_of_visits or change.random_share is not None:
        return []
    share = table.method.change_code_share
    params = {"change_no": change_no, "day": change.first_day, "share": share}
    return [str(row[0]) for row in store.rows(_CODES, params)]


def shared_departments(store: Store, change_no: int, change: Change) -> list[str]:
    """Departments whose people answer both groups: where load moves, waits move for both."""
    if change.control is None:
        return []
    return [str(row[0]) for row in store.rows(_DEPARTMENTS, {"change_no": change_no, "control": CONTROL})]
