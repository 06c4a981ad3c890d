"""Who is who: hub guard, conflict rule and time rule over arrays and from raw lines, and what the rules promise."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.identity import ALWAYS, FOREVER, Graph, Rules, over_merging, redundancy, resolve, sample, touched
from ingest.pseudonym import KINDS

RULES = Rules()
UNGUARDED = Rules(hub_persons=10**9, hub_records=10**9, conflict_rule=False)
DAY = 86_400_000_000
HOUR = DAY // 24


def graph(nodes: list[str], edges: list[tuple], used: dict[str, int] | None = None, rank=None) -> Graph:
    """A graph from names such as 'customer_no:1' and edges (a, b[, n_records[, first_at[, last_at]]])."""
    number = {name: i for i, name in enumerate(nodes)}
    kinds = np.array([KINDS.index(name.split(":")[0]) for name in nodes], dtype=np.uint8)
    full = [(*e, *(1, ALWAYS)[len(e) - 2 :]) if len(e) < 4 else e for e in edges]
    columns = [[number[e[0]] for e in full], [number[e[1]] for e in full], [e[2] for e in full], [e[3] for e in full]]
    columns.append([e[4] if len(e) > 4 else e[3] for e in full])
    used_at = np.array([(used or {}).get(name, FOREVER) for name in nodes], dtype=np.int64)
    return Graph(kinds, used_at, *(np.array(c, dtype=np.int64) for c in columns), rank=rank)


def groups(nodes: list[str], found, at: int = FOREVER - 1) -> set[frozenset[str]]:
    """The clusters at a moment, by default the end of time, as sets of names; a hub is alone."""
    members = defaultdict(set)
    now = (found.from_at <= at) & (at < found.until_at)
    for i, cluster in zip(found.identifier[now].tolist(), found.cluster[now].tolist(), strict=True):
        members[cluster if cluster >= 0 else -1 - i].add(nodes[i])
    return {frozenset(group) for group in members.values()}


def solve(edges: list[tuple], nodes: list[str] | None = None, at: int = FOREVER - 1, rules: Rules = RULES, **options):
    nodes = nodes or list(dict.fromkeys(itertools.chain.from_iterable((e[0], e[1]) for e in edges)))
    found = resolve(graph(nodes, edges, **options), rules)
    return groups(nodes, found, at), found


def owner(edges: list[tuple], name: str, at: int, **options) -> set[str]:
    """The customer numbers and logins that an identifier belongs to at a moment."""
    found, _ = solve(edges, at=at, **options)
    one = next(group for group in found if name in group)
    return {member for member in one if member.startswith(("customer_no", "login"))}


def test_no_identifiers_no_customers():
    found = resolve(graph([], []))
    assert len(found.cluster) == 0 and len(found.conflicts) == 0
    assert solve([], ["phone:1", "cookie:2"])[0] == {frozenset({"phone:1"}), frozenset({"cookie:2"})}


def test_a_link_between_two_of_a_kind_is_refused():
    with pytest.raises(ValueError, match="two identifiers of one kind"):
        graph(["phone:1", "phone:2"], [("phone:1", "phone:2")])


def test_a_household_phone_never_makes_one_customer_of_two():
    found, result = solve([("customer_no:1", "phone:h", 3), ("customer_no:2", "phone:h", 2)])
    assert found == {frozenset({"customer_no:1", "phone:h"}), frozenset({"customer_no:2"})}
    assert result.conflicts.tolist() in ([[2, 1]], [[0, 1]]) and len(result.reassigned) == 0


def test_of_two_signs_at_one_moment_the_better_supported_one_counts():
    for at in (ALWAYS, 5 * DAY):
        found, _ = solve([("customer_no:1", "phone:h", 2, at), ("customer_no:2", "phone:h", 5, at)])
        assert frozenset({"customer_no:2", "phone:h"}) in found


def test_calls_of_a_shared_phone_go_to_who_was_last_seen_with_it():
    calls = [(f"call_no:{i}", "phone:h", 1, i * DAY) for i in range(9)]
    found, result = solve([("customer_no:1", "phone:h", 1, 2 * DAY), ("customer_no:2", "phone:h", 1, 6 * DAY), *calls])
    assert sorted(len(members) for members in found) == [5, 7]
    assert next(g for g in found if "customer_no:2" in g) >= {"call_no:6", "call_no:7", "call_no:8"}
    assert len(result.conflicts) == 1


def test_different_logins_are_different_people_where_one_has_no_number():
    found, result = solve([("login:a", "cookie:c"), ("login:b", "cookie:c")])
    assert len(result.conflicts) == 1 and len(found) == 2
    found, result = solve([("customer_no:1", "login:a"), ("customer_no:1", "login:b")])
    assert len(result.conflicts) == 0 and len(found) == 1, "one customer may have two logins"


def test_a_switchboard_connects_nobody():
    edges = [(f"customer_no:{i}", "phone:s") for i in range(RULES.hub_persons + 1)] + [("call_no:1", "phone:s")]
    found, result = solve(edges)
    assert all(len(members) == 1 for members in found)
    assert result.hubs.sum() == 1 and len(result.conflicts) == 0
    nodes = list(dict.fromkeys(itertools.chain.from_iterable(edges)))
    assert result.cluster[nodes.index("phone:s")] == -1
    found, result = solve(edges[1:])
    assert result.hubs.sum() == 0, "exactly three customers are a big family"


@pytest.mark.parametrize("kind", ["email", "login", "order_no", "cookie"])
def test_any_identifier_with_too_many_customer_numbers_is_a_hub_but_a_customer_number_never(kind):
    found, result = solve([(f"customer_no:{i}", f"{kind}:s") for i in range(RULES.hub_persons + 1)])
    assert len(found) == RULES.hub_persons + 2 and result.hubs.sum() == 1
    found, result = solve([("customer_no:1", f"{kind}:{i}") for i in range(50)])
    assert len(found) == 1 and not result.hubs.any()


@pytest.mark.parametrize(("person", "shared"), [("login", "cookie"), ("email", "phone"), ("login", "email")])
def test_too_many_logins_or_mails_make_a_hub_too(person, shared):
    edges = [(f"{person}:{i}", f"{shared}:s", 1, i * DAY) for i in range(RULES.hub_persons + 1)]
    assert solve(edges)[1].hubs.sum() == 1
    assert not solve(edges[1:])[1].hubs.any()


@pytest.mark.parametrize("kind", ["phone", "email", "order_no"])
def test_a_hub_is_one_by_what_happens_within_a_year(kind):
    spread = [(f"customer_no:{i}", f"{kind}:s", 1, 200 * i * DAY) for i in range(12)]
    assert not solve(spread)[1].hubs.any(), "never more than two owners in a year"
    dense = [*spread, *((f"customer_no:{20 + i}", f"{kind}:s", 1, (600 + i) * DAY) for i in range(2))]
    assert solve(dense)[1].hubs.sum() == 1


def test_a_phone_of_many_records_and_two_customers_is_a_hub():
    many = RULES.hub_records + 1
    _, result = solve(
        [("customer_no:1", "phone:s", many - 1), ("customer_no:2", "phone:s", 1), ("call_no:1", "phone:s", 1)]
    )
    assert result.hubs.sum() == 1
    _, result = solve([("customer_no:1", "phone:s", 500), ("call_no:1", "phone:s", 500)])
    assert not result.hubs.any(), "one loyal customer is no switchboard"
    a_week = [(f"call_no:{i}", "phone:s", 1, 7 * i * DAY) for i in range(100)]
    both = [("customer_no:1", "phone:s", 1, 0), ("customer_no:2", "phone:s", 1, DAY)]
    assert not solve(a_week + both)[1].hubs.any(), "52 records a year"


def test_strong_links_join_before_weak_ones_are_judged():
    """The cookie's two logins belong to one customer number: no conflict."""
    found, result = solve(
        [("login:a", "cookie:c"), ("login:b", "cookie:c"), ("customer_no:1", "login:a"), ("customer_no:1", "login:b")]
    )
    assert len(found) == 1 and len(result.conflicts) == 0


def test_a_chain_of_weak_links_does_not_join_two_customers():
    edges = [
        ("customer_no:1", "phone:a"),
        ("phone:a", "call_no:1"),
        ("call_no:1", "phone:b"),
        ("phone:b", "customer_no:2"),
    ]
    found, result = solve(edges)
    one = next(members for members in found if "customer_no:1" in members)
    assert "customer_no:2" not in one and len(result.conflicts) == 1


# ---- the time rule ------------------------------------------------------------------------------------------------


def test_a_phone_that_is_given_to_somebody_else_after_months():
    edges = [("customer_no:1", "phone:p", 1, 0), ("customer_no:1", "phone:p", 1, 20 * DAY)]
    edges += [("customer_no:2", "phone:p", 1, 150 * DAY), ("customer_no:2", "phone:p", 1, 170 * DAY)]
    edges += [(f"call_no:{day}", "phone:p", 1, day * DAY) for day in (-400, 10, 149, 151, 900)]
    found, result = solve(edges)
    one, two = (next(g for g in found if f"customer_no:{i}" in g) for i in (1, 2))
    assert one == {"customer_no:1", "call_no:-400", "call_no:10", "call_no:149"}, "until the next owner's first sign"
    assert two == {"customer_no:2", "phone:p", "call_no:151", "call_no:900"}
    assert len(result.reassigned) == 1 and len(result.conflicts) == 0
    again = [*edges, ("customer_no:1", "phone:p", 1, 300 * DAY)]
    _, result = solve(again)
    assert len(result.reassigned) == 0 and len(result.conflicts) == 1, "who comes back shares it"


def test_a_familys_computer_changes_hands_with_each_login():
    edges = [(f"login:{'ab'[i % 2]}", "cookie:c", 1, i * DAY, i * DAY + HOUR // 4) for i in range(6)]
    for day in range(6):
        assert owner(edges, "cookie:c", day * DAY + HOUR) == {f"login:{'ab'[day % 2]}"}
        before = day * DAY - HOUR // 4  # the visit before the login; the very first one has no other owner
        assert owner(edges, "cookie:c", before) == {f"login:{'ab'[day % 2]}"}
        if day:
            assert owner(edges, "cookie:c", day * DAY - HOUR) == {f"login:{'ba'[day % 2]}"}
    assert len(solve(edges)[1].conflicts) == 1


def test_a_login_does_not_speak_for_what_another_did_before_it_in_the_same_half_hour():
    edges = [("login:a", "cookie:c", 1, 0, 10), ("login:b", "cookie:c", 1, 1000, 1010)]
    assert owner(edges, "cookie:c", 10) == {"login:a"}
    assert owner(edges, "cookie:c", 11) == {"login:b"}


def test_a_shops_tablet_connects_nobody():
    _, result = solve([(f"login:{i}", "cookie:t", 1, i * HOUR) for i in range(20)])
    assert result.hubs.sum() == 1 and len(result.conflicts) == 0


def test_a_cookie_counts_back_thirty_days_before_its_first_login_and_a_phone_for_ever():
    edges, used = [("login:a", "cookie:c", 1, 100 * DAY), ("login:a", "phone:p", 1, 100 * DAY)], {"cookie:c": 0}
    for at, owned in ((69, set()), (71, {"login:a"}), (500, {"login:a"})):
        assert owner(edges, "cookie:c", at * DAY, used=used) == owned
        assert owner(edges, "phone:p", at * DAY, used=used) == {"login:a"}
    young = {"cookie:c": 80 * DAY}
    assert len(solve(edges, used=young)[1].identifier) == 3, "no span that nothing happened in"


SIGNS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(1, 3)), min_size=1, max_size=8)


@settings(max_examples=100)
@given(SIGNS, st.integers(-5, 50))
def test_a_phone_is_whose_who_was_seen_with_it_last(signs, day):
    """Against the rule said in one line."""
    seen = sorted({(at, n, who) for who, at, n in signs})
    edges = [(f"customer_no:{who}", "phone:p", n, at * DAY) for at, n, who in seen]
    number = {name: i for i, name in enumerate(dict.fromkeys(e[0] for e in edges))}
    order = sorted(seen, key=lambda sign: (sign[0], sign[1], min(number[f"customer_no:{sign[2]}"], 99)))
    past = [who for at, _, who in order if at <= day]
    expected = past[-1] if past else order[0][2]
    assert owner(edges, "phone:p", day * DAY) == {f"customer_no:{expected}"}


# ---- promises -----------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw, max_nodes=14, anchors=True):
    """A small random graph: (nodes, dated edges between identifiers of different kinds, first uses)."""
    kinds = ["customer_no", "login", "email", "order_no", "call_no", "phone", "cookie"][0 if anchors else 2 :]
    n = draw(st.integers(2, max_nodes))
    nodes = [f"{draw(st.sampled_from(kinds))}:{i}" for i in range(n)]
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=2 * n, unique=True))
    edges = []
    for a, b in pairs:
        if nodes[a].split(":")[0] != nodes[b].split(":")[0]:
            day = draw(st.sampled_from([ALWAYS // DAY, 0, 1, 50, 100, 600]))
            edges.append((nodes[a], nodes[b], draw(st.integers(1, 70)), max(day * DAY, ALWAYS)))
    return nodes, edges, {name: 0 for name in nodes if name.startswith("cookie")}


def union_find(nodes: list[str], edges: list[tuple]) -> set[frozenset[str]]:
    """Components, the slow way."""
    parts = [{name} for name in nodes]
    for a, b, *_ in edges:
        left, right = (next(p for p in parts if x in p) for x in (a, b))
        if left is not right:
            left |= right
            parts.remove(right)
    return {frozenset(part) for part in parts}


def spans(nodes: list[str], found, keep=None) -> tuple:
    """All that a resolution says, without its numbers: spans by cluster, hubs, conflicts; of some nodes only."""
    clusters = defaultdict(set)
    for i, start, end, cluster in zip(
        *(c.tolist() for c in (found.identifier, found.from_at, found.until_at, found.cluster)), strict=True
    ):
        if keep is None or nodes[i] in keep:
            clusters[cluster if cluster >= 0 else -1 - i].add((nodes[i], start, end))
    named = [
        {frozenset((nodes[a], nodes[b])) for a, b in pairs.tolist() if keep is None or nodes[a] in keep}
        for pairs in (found.conflicts, found.reassigned)
    ]
    hubs = {nodes[i] for i in np.flatnonzero(found.hubs)} & set(nodes if keep is None else keep)
    return {frozenset(c) for c in clusters.values()}, hubs, *named


@settings(max_examples=60)
@given(worlds(anchors=False))
def test_without_customer_numbers_logins_and_hubs_clusters_are_components(world):
    nodes, edges, _ = world
    found, result = solve(edges, nodes)
    if not result.hubs.any():
        assert found == union_find(nodes, edges)
    assert len(result.conflicts) == 0


@settings(max_examples=150)
@given(worlds())
def test_a_guard_never_joins_and_no_loose_link_joins_two_customers(world):
    nodes, edges, used = world
    found, result = solve(edges, nodes, used=used)
    whole = union_find(nodes, edges)
    assert all(any(members <= part for part in whole) for members in found)
    hubs = {nodes[i] for i in np.flatnonzero(result.hubs)}
    assert not any(name.startswith("customer_no") for name in hubs)
    strong = [e for e in edges if not {e[0], e[1]} & hubs and not any(x.startswith(("phone", "cookie")) for x in e[:2])]
    by_strong = union_find(nodes, strong)
    for members in found:
        for anchor in ("customer_no", "login"):
            holding = [part for part in by_strong if part <= members and any(m.startswith(anchor) for m in part)]
            assert len(holding) <= 1, "a phone or cookie joined two customers"


@settings(max_examples=100)
@given(worlds())
def test_spans_cover_all_time_once(world):
    nodes, edges, used = world
    result = resolve(graph(nodes, edges, used))
    for i in range(len(nodes)):
        rows = result.identifier == i
        assert result.from_at[rows][0] == -FOREVER and result.until_at[rows][-1] == FOREVER
        assert (result.from_at[rows][1:] == result.until_at[rows][:-1]).all()


@settings(max_examples=150)
@given(worlds(), st.randoms(use_true_random=False))
def test_numbers_of_nodes_and_order_and_direction_of_edges_do_not_matter(world, random):
    nodes, edges, used = world
    turned = [(e[1], e[0], *e[2:]) if random.random() < 0.5 else e for e in edges]
    random.shuffle(turned)
    shuffled = random.sample(nodes, len(nodes))
    rank = np.array([nodes.index(name) for name in shuffled])
    first = resolve(graph(nodes, edges, used))
    second = resolve(graph(shuffled, turned, used, rank=rank))
    assert spans(nodes, first) == spans(shuffled, second)


@settings(max_examples=150)
@given(worlds(), st.lists(st.integers(0, 13), min_size=1, max_size=2))
def test_what_a_link_can_touch_is_resolved_alone_as_in_the_whole(world, seeds):
    nodes, edges, used = world
    everything = graph(nodes, edges, used)
    reach = touched(everything, np.array([seed % len(nodes) for seed in seeds]))
    part = [name for name, is_in in zip(nodes, reach, strict=True) if is_in]
    assert all((e[0] in part) == (e[1] in part) for e in edges), "no link leads out"
    alone = resolve(graph(part, [e for e in edges if e[0] in part], used))
    assert spans(part, alone) == spans(nodes, resolve(everything), set(part))


def test_a_sample_holds_whole_components():
    nodes, edges, _ = shared_number_world(500, 1)
    everything = graph(nodes, edges)
    assert sample(everything, len(edges), 1) is everything
    some = sample(everything, 300, 1)
    assert 50 < len(some.a) < len(edges) // 2
    reached = touched(everything, some.a)
    assert len(some.a) == int(reached[everything.a].sum()), "all links of what is drawn"


# ---- a world with shared numbers ----------------------------------------------------------------------------------


def shared_number_world(n_persons: int, seed: int) -> tuple[list[str], list[tuple], dict[str, int]]:
    """The world of method 2.4 [R12], small: persons with 5 identifiers; 6 shared numbers; 0.2 % wrong links."""
    rng = np.random.default_rng(seed)
    edges: Counter[tuple[str, str, int]] = Counter()
    owner: dict[str, int] = {}
    shared = [f"phone:shared{i}" for i in range(6)]
    for person in range(n_persons):
        own = [f"customer_no:{person}", f"email:{person}", f"phone:{person}", f"cookie:{person}a", f"cookie:{person}b"]
        owner |= dict.fromkeys(own, person)
        for record in range(5):
            at = int(rng.integers(360)) * DAY
            other = own[1 + int(rng.integers(4))]
            if other.startswith("phone") and rng.random() < 0.1:
                other = shared[int(rng.integers(6))]
            if rng.random() < 0.002:
                other = f"cookie:{int(rng.integers(n_persons))}a"
            hub = own[0] if rng.random() < 0.6 or other == own[1] else own[1]
            if rng.random() < 0.3:  # a call, known by its number and phone only
                call = f"call_no:{person}-{record}"
                owner[call] = person
                edges[call, other if other.startswith("phone") else own[2], at] += 1
            else:
                edges[hub, other, at] += 1
    owner |= {name: -1 - i for i, name in enumerate(shared)}
    nodes = sorted(owner)
    return nodes, [(a, b, n, at) for (a, b, at), n in sorted(edges.items())], owner


def pair_precision(found: set[frozenset[str]], owner: dict[str, int]) -> tuple[float, int]:
    """Share of pairs in one cluster that are one person, and the largest cluster."""
    same = total = 0
    for members in found:
        counts = Counter(owner[m] for m in members)
        total += len(members) * (len(members) - 1) // 2
        same += sum(n * (n - 1) // 2 for person, n in counts.items() if person >= 0)
    return same / total, max(len(members) for members in found)


def test_in_a_world_with_shared_numbers_precision_holds_and_clusters_stay_small():
    nodes, edges, owner = shared_number_world(4000, 12)
    precision, largest = pair_precision(solve(edges, nodes)[0], owner)
    assert precision >= 0.98 and largest <= 20, (precision, largest)
    unguarded, _ = solve(edges, nodes, rules=UNGUARDED)
    assert pair_precision(unguarded, owner)[0] < 0.2, "the guards are what holds it"


def test_hidden_links_are_found_again_where_others_say_the_same():
    nodes = [f"{kind}:{i}" for i in range(400) for kind in ("customer_no", "email", "phone")]
    ring = [(f"customer_no:{i}", f"email:{i}") for i in range(400)]
    loose = [(f"{kind}:{i}", f"phone:{i}") for i in range(400) for kind in ("customer_no", "email")]
    told_twice, told_once = graph(nodes, ring + loose), graph(nodes, ring)
    twice, once = (redundancy(g, resolve(g), 1) for g in (told_twice, told_once))
    assert 20 <= twice.n_hidden == once.n_hidden <= 60
    assert (twice.n_found, once.n_found) == (twice.n_hidden, 0)
    assert twice == redundancy(told_twice, resolve(told_twice), 1), "one seed, one draw"


# ---- from raw lines -----------------------------------------------------------------------------------------------

STEPS = [
    {
        "step": "page",
        "label": "Page",
        "stage": "research",
        "channel": "web",
        "codes": {"web": ["GET /orders/{order}", "GET *", "POST *"]},
    },
    {"step": "call", "label": "Call", "stage": "help", "channel": "agent", "codes": {"calls": ["*"]}},
    {"step": "order", "label": "Order", "stage": "order", "channel": "order", "codes": {"shop": ["*"]}},
]
SOURCES = {
    "web": {"adapter": "nginx_combined", "extra": ["cookie"]},
    "calls": "asterisk_queue_log",
    "shop": "shopify_orders_json",
}


def order(
    number: int,
    customer: int | None,
    phone: str | None = None,
    email: str | None = None,
    at: str = "2026-01-10T10:00:00Z",
) -> dict:
    return {
        "id": number,
        "order_number": number,
        "created_at": at,
        "updated_at": at,
        "source_name": "web",
        "phone": phone,
        "email": email,
        "customer": {"id": customer} if customer else None,
    }


def queue(at: int, call: str, phone: str) -> str:
    return f"{at}|{call}|q|NONE|ENTERQUEUE||{phone}|1\n{at + 9}|{call}|q|A|CONNECT|9|{at}.99|1\n"


def customers(lab) -> dict[str, set]:
    """raw code or call id -> customers"""
    found = defaultdict(set)
    for code, call, number, customer in lab.rows("select raw_code, call_id, order_id, customer_id from event"):
        found[call or number or code].add(customer)
    return found


def test_two_customers_behind_one_household_phone(new_lab, epoch):
    lab = new_lab(SOURCES, STEPS)
    lab.put("shop", "a.json", json.dumps({"orders": [order(1, 11, "030 1234567"), order(2, 12, "+49301234567")]}))
    lab.put("calls", "queue_log", queue(epoch, f"{epoch}.1", "030/1234567"))
    lab.night()
    found = customers(lab)
    assert found["1"] != found["2"] and len(found["1"]) == len(found["2"]) == 1
    assert found[f"{epoch}.1"] in (found["1"], found["2"]), "the call is one of the two's"
    assert lab.rows("select n from data_quality where measure = 'links not applied'") == [(1,)]


def test_a_switchboards_calls_stay_unlinked_and_their_events_are_kept(new_lab, epoch):
    lab = new_lab(SOURCES, STEPS)
    lab.put("shop", "a.json", json.dumps({"orders": [order(i, 10 + i, "030 7654321") for i in range(1, 6)]}))
    lab.put(
        "calls",
        "queue_log",
        queue(epoch, f"{epoch}.1", "0307654321") + queue(epoch + 100, f"{epoch + 100}.2", "0307654321"),
    )
    lab.night()
    found = customers(lab)
    assert len(set.union(*(found[str(i)] for i in range(1, 6)))) == 5
    calls = [found[f"{epoch}.1"], found[f"{epoch + 100}.2"]]
    assert all(len(c) == 1 for c in calls), "a call's own lines stay together"
    assert not set.union(*calls) & set.union(*(found[str(i)] for i in range(1, 6)))
    assert lab.rows("select n from data_quality where measure = 'identifiers that connect nobody'") == [(1,)]
    assert lab.rows("select count(*) from event") == [(9,)]


def test_an_order_number_in_an_address_links_the_browser_with_the_customer(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lab.put("shop", "a.json", json.dumps({"orders": [order(1001, 7, email="mia@example.net")]}))
    lab.put(
        "web",
        "a.log",
        web_line(0, "/p/1", cookie="c1")
        + web_line(60, "/orders/1001", cookie="c1")
        + web_line(90, "/p/2", cookie="c2"),
    )
    lab.night()
    found = customers(lab)
    assert found["GET /p/1"] == found["1001"] and len(found["1001"]) == 1
    assert found["GET /p/2"] != found["1001"]
    assert lab.rows(
        "select distinct identity_strength from event where order_id = '1001' and raw_code like 'created%'"
    ) == [("strong",)]


def test_a_login_links_what_the_cookie_did_before(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lab.put(
        "web",
        "a.log",
        web_line(0, "/p/1", cookie="c1")
        + web_line(60, "/account", cookie="c1", login="mia")
        + web_line(10**6, "/p/3", cookie="c9", login="MIA"),
    )
    lab.night()
    assert lab.rows("select count(distinct customer_id) from event") == [(1,)]
    assert lab.rows("select identity_strength, count(*) from event group by all order by all") == [
        ("weak", 1),
        ("strong", 2),
    ]


def test_nobody_without_a_cookie_is_his_own_customer_per_session(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lab.put(
        "web",
        "a.log",
        web_line(0, "/a", cookie="-") + web_line(1700, "/b", cookie="-") + web_line(3501, "/c", cookie="-"),
    )
    lab.night()
    found = customers(lab)
    assert found["GET /a"] == found["GET /b"] != found["GET /c"]
    assert lab.rows("select distinct identity_strength from event") == [("none",)]


def test_withheld_numbers_join_nobody(new_lab, epoch):
    lab = new_lab(SOURCES, STEPS)
    lab.put(
        "calls",
        "queue_log",
        "".join(
            queue(epoch + 100 * i, f"{epoch + 100 * i}.{i}", number)
            for i, number in enumerate(["anonymous", "anonymous", "0000", "", "0"])
        ),
    )
    lab.night()
    assert lab.rows("select count(distinct customer_id), count(*) from event") == [(5, 10)]


def test_customer_keys_do_not_depend_on_when_files_came(new_lab, web_line, epoch):
    parts = [
        ("shop", "a.json", json.dumps({"orders": [order(1, 11, "030 1234567"), order(2, 12, "+49301234567")]})),
        ("calls", "q", queue(epoch, f"{epoch}.1", "030/1234567")),
        ("web", "w", web_line(60, "/orders/1", cookie="c1")),
    ]
    answers = set()
    for permutation in itertools.permutations(parts):
        lab = new_lab(SOURCES, STEPS)
        for source, name, content in permutation:
            lab.put(source, name, content)
            lab.load()
        lab.derive()
        answers.add(
            repr(
                lab.rows(
                    """select customer_key, raw_code, occurred_at, e.identity_strength
                    from event as e inner join customer using (customer_id) order by all"""
                )
            )
        )
        lab.close()
    assert len(answers) == 1


def test_no_plain_identifier_is_stored(new_lab, web_line, epoch, tmp_path):
    from ingest.store import Store

    lab = new_lab(SOURCES, STEPS)
    lab.store.__exit__()
    lab.store = Store.open(tmp_path / "warehouse.duckdb", threads=1)
    lab.put("shop", "a.json", json.dumps({"orders": [order(1, 700011, "030 1234567", "mia.wolf@example.net")]}))
    lab.put("calls", "queue_log", queue(epoch, f"{epoch}.1", "0301234567"))
    lab.put(
        "web",
        "a.log",
        web_line(0, "/p/1?mail=mia.wolf@example.net", cookie="c0ffee00c0ffee01", login="miawolf", ip="198.51.100.77"),
    )
    lab.night()
    lab.store.checkpoint()
    lab.store.__exit__()
    data = (tmp_path / "warehouse.duckdb").read_bytes()
    for plain in ("mia.wolf", "301234567", "c0ffee00c0ffee01", "miawolf", "198.51.100.77", "700011"):
        assert plain.encode() not in data, plain
    lab.store = Store.open(None)


def day(at: int) -> int:
    """Seconds of a day after the tests' zero."""
    return at * 86_400


def test_a_phone_that_went_over_to_another_customer_months_later(new_lab, epoch):
    lab = new_lab(SOURCES, STEPS)
    first = order(1, 11, "030 1234567", at="2026-01-10T10:00:00Z")
    second = order(2, 12, "030 1234567", at="2026-07-01T10:00:00Z")
    lab.put("shop", "a.json", json.dumps({"orders": [first, second]}))
    at = {name: epoch + day(n) for name, n in (("before", 20), ("after", 200))}
    lab.put("calls", "queue_log", "".join(queue(t, f"{t}.1", "030/1234567") for t in at.values()))
    lab.night()
    found = customers(lab)
    assert found[f"{at['before']}.1"] == found["1"] != found["2"] == found[f"{at['after']}.1"]
    told = dict(lab.rows("select measure, n from data_quality where measure like 'links %'"))
    assert told == {"links not applied": 0, "links that ended": 1}


def test_a_familys_computer_is_whose_who_logged_in_last(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lines = []
    for n, login in enumerate(("mia", "leo", "mia")):
        start = day(n)
        lines += [
            web_line(start, f"/before/{n}", cookie="c"),
            web_line(start + 60, "/account", cookie="c", login=login),
        ]
        lines.append(web_line(start + 7200, f"/after/{n}", cookie="c"))
    lab.put("web", "a.log", "".join(lines))
    lab.night()
    found = customers(lab)
    mia, leo = found["GET /before/0"], found["GET /before/1"]
    assert len(mia) == len(leo) == 1 and mia != leo
    assert [found[f"GET /before/{n}"] for n in range(3)] == [mia, leo, mia]
    assert [found[f"GET /after/{n}"] for n in range(3)] == [mia, leo, mia]
    assert lab.rows("select n from data_quality where measure = 'links not applied'") == [(1,)]


def test_a_shops_tablet_stays_with_nobody(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lines = []
    for n in range(5):
        lines.append(web_line(day(n), "/account", cookie="t", login=f"guest{n}"))
        lines.append(web_line(day(n) + 7200, f"/look/{n}", cookie="t"))
    lab.put("web", "a.log", "".join(lines))
    lab.night()
    named = lab.rows("select count(distinct customer_id) from event where raw_code = 'GET /account'")
    assert named == [(5,)], "who logs in is known"
    strays = lab.rows("select count(distinct customer_id) from event where raw_code like 'GET /look%'")
    assert strays == [(5,)], "each visit without a login is its own"
    both = (
        "select count(*) from (select customer_id from event group by customer_id having count(distinct raw_code) > 1)"
    )
    assert lab.rows(both) == [(0,)]


def test_pages_long_before_the_first_login_are_nobodys(new_lab, web_line):
    lab = new_lab(SOURCES, STEPS)
    lines = [web_line(day(n), f"/day/{n}", cookie="c") for n in (0, 9, 11)]
    lab.put("web", "a.log", "".join(lines) + web_line(day(40), "/account", cookie="c", login="mia"))
    lab.night()
    found = customers(lab)
    assert found["GET /day/0"] == found["GET /day/9"] != found["GET /day/11"] == found["GET /account"]
    assert lab.rows("select distinct identity_strength from event where raw_code = 'GET /day/11'") == [("weak",)]


def test_each_source_says_how_it_writes_phone_numbers(new_lab, epoch):
    trunk = {"adapter": "asterisk_queue_log", "phone_format": "e164_noplus"}
    orders = json.dumps({"orders": [order(1, 11, "0151 12345678"), order(2, 12, "+49491511234567")]})
    for sources, owner_of_call in ((SOURCES | {"calls": trunk}, "1"), (SOURCES, "2")):
        lab = new_lab(sources, STEPS)
        lab.put("shop", "a.json", orders)
        number = "4915112345678" if owner_of_call == "1" else "491511234567"
        lab.put("calls", "queue_log", queue(epoch + day(1), "c.1", number))
        lab.night()
        found = customers(lab)
        assert found["c.1"] == found[owner_of_call], "read as the source writes it"


def test_a_number_on_the_sites_list_connects_nobody(new_lab, epoch):
    lab = new_lab(SOURCES, STEPS, identity={"shared": {"phone": ["030 1234567"]}})
    lab.put("shop", "a.json", json.dumps({"orders": [order(1, 11, "+49 30 1234567")]}))
    lab.put("calls", "queue_log", queue(epoch + day(1), "c.1", "0301234567"))
    lab.night()
    found = customers(lab)
    assert found["c.1"] != found["1"]


def test_two_logins_of_one_customer_in_one_minute_are_counted_as_impossible(new_lab, web_line):
    """Both looked at the same order: taken for one, though they can't be."""
    lab = new_lab(SOURCES, STEPS)
    lab.put("shop", "a.json", json.dumps({"orders": [order(1, 11)]}))
    lines = [web_line(0, "/orders/1", cookie="c", login="mia"), web_line(30, "/orders/1", cookie="d", login="leo")]
    lab.put("web", "a.log", "".join(lines))
    lab.night()
    assert lab.rows("select n from data_quality where measure = 'customers logged in twice in one minute'") == [(1,)]


# ---- figures without truth ----------------------------------------------------------------------------------------


def test_the_alarm_fires_when_the_guards_are_off_and_not_when_they_are_on():
    nodes, edges, _ = shared_number_world(4000, 12)
    world = graph(nodes, edges)
    guarded, unguarded = resolve(world), resolve(world, UNGUARDED)
    assert over_merging(world, guarded, world, 360 * DAY).n_too_large == 0
    assert over_merging(world, unguarded, world, 360 * DAY, UNGUARDED).n_too_large >= 1


def test_who_calls_and_orders_much_is_not_too_large():
    calls = [(f"phone:{i // 300}", f"call_no:{i}", 1, 0) for i in range(1200)]
    orders = [("email:0", f"order_no:{i}", 1, 0) for i in range(400)]
    world = graph(list(dict.fromkeys(itertools.chain.from_iterable(e[:2] for e in calls + orders))), calls + orders)
    found = resolve(world)
    assert np.bincount(found.cluster[found.cluster >= 0]).max() >= 300, "one customer holds them all"
    alarm = over_merging(world, found, world, 100 * DAY)
    assert (alarm.n_too_large, alarm.has_doubled) == (0, False)


def test_customers_that_double_within_a_month_raise_the_alarm():
    edges = [(f"email:{i}", f"order_no:{i}", 1, 0) for i in range(1500)]
    late = [(f"email:{i}", f"reference:{i // 9}", 1, 90 * DAY) for i in range(90)]
    joined = graph(list(dict.fromkeys(itertools.chain.from_iterable(e[:2] for e in edges + late))), edges + late)
    alarm = over_merging(joined, resolve(joined), joined, 100 * DAY)
    assert (alarm.p999_before, alarm.p999, alarm.has_doubled) == (1, 10, True), "nine mails, a reference; no orders"
    assert not over_merging(joined, resolve(joined), joined, 200 * DAY).has_doubled, "known for more than a month"
    assert over_merging(graph([], []), resolve(graph([], [])), graph([], []), 0).p999 is None
