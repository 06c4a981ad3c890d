"""What is declared, hidden or undeclared in the step dictionary, and what that does to the tables."""

from __future__ import annotations

import datetime as dt

import pytest

from ingest.derive import undeclared
from ingest.derive.codes import MAX_UNDECLARED_STEPS
from ingest.errors import ConfigError
from ingest.settings import validate
from ingest.stage import ingest
from ingest.touch import StepDictionary

STEPS = [
    {
        "step": "home",
        "label": "Home",
        "stage": "research",
        "channel": "web",
        "department": "Shop",
        "class": "browse",
        "repeats": "any",
        "codes": {"web": ["GET /"]},
    },
    {
        "step": "product",
        "label": "Product",
        "stage": "research",
        "channel": "web",
        "codes": {"web": ["GET /p/{product}", "GET /p/{product}/*"]},
    },
    {
        "step": "order_page",
        "label": "Order",
        "stage": "receive",
        "channel": "web",
        "codes": {"web": ["GET /orders/{order}"]},
    },
    {
        "step": "ping",
        "label": "Ping",
        "stage": "help",
        "channel": "system",
        "visible": False,
        "actor": "company",
        "codes": {"web": ["GET /ping"]},
    },
]


def test_steps_carry_what_the_dictionary_says(new_lab, web_line):
    lab = new_lab(None, STEPS)
    lab.put(
        "web",
        "a.log",
        web_line(0, "/") + web_line(60, "/p/17") + web_line(120, "/p/18/lamp?x=1") + web_line(180, "/orders/1001"),
    )
    lab.night()
    rows = lab.rows(
        "select step, stage, channel, department, actor, visible, product_id, order_id from event order by event_no"
    )
    assert rows == [
        ("home", "research", "web", "Shop", "customer", True, None, None),
        ("product", "research", "web", None, "customer", True, "17", None),
        ("product", "research", "web", None, "customer", True, "18", None),
        ("order_page", "receive", "web", None, "customer", True, None, "1001"),
    ]
    assert lab.rows("select step, repeats, step_no, class from touch order by step_no") == [
        ("home", None, 1, "browse"),
        ("product", 0, 2, "work"),
        ("order_page", 0, 3, "work"),
        ("ping", 0, 4, "work"),
    ]
    assert lab.rows("from department") == [(1, "Shop", "")]


def test_hidden_steps_are_counted_and_on_no_map(new_lab, web_line):
    lab = new_lab(None, STEPS)
    lab.put("web", "a.log", "".join(web_line(60 * i, "/ping") for i in range(5)) + web_line(400, "/"))
    lab.night()
    assert lab.rows("select count(*) from event where not visible") == [(5,)]
    assert lab.rows("select step from journey_event") == [("home",)]
    assert lab.rows("select n, of_n from data_quality where measure = 'hidden step: ping'") == [(5, 6)]


def test_undeclared_codes_are_kept_and_counted_and_on_no_map(new_lab, web_line):
    lab = new_lab(None, STEPS)
    lab.put(
        "web",
        "a.log",
        web_line(0, "/") + web_line(60, "/new/page") + web_line(120, "/new/page") + web_line(180, "/", method="POST"),
    )
    lab.night()
    assert undeclared(lab.store) == (3, 4)
    assert lab.rows("select step, visible, stage, channel from event order by event_no")[1] == (
        "undeclared:GET /new/page",
        None,
        None,
        None,
    )
    assert lab.rows("select step from journey_event") == [("home",)]
    assert lab.rows("select n, of_n from data_quality where measure = 'undeclared events'") == [(3, 4)]
    assert lab.rows(
        "select measure, source, n from data_quality where measure like 'undeclared code%' order by n desc"
    ) == [("undeclared code: GET /new/page", "web", 2), ("undeclared code: POST /", "web", 1)]


def test_a_scan_of_the_site_makes_no_million_steps(new_lab, web_line):
    lab = new_lab(None, STEPS)
    lab.put(
        "web",
        "a.log",
        web_line(0, "/")
        + "".join(web_line(i, f"/probe{i}.php") for i in range(MAX_UNDECLARED_STEPS + 40))
        + web_line(9, "/often.php") * 2,
    )
    lab.night()
    assert lab.rows("select count(distinct step) from event where visible is null") == [(MAX_UNDECLARED_STEPS + 1,)]
    assert lab.rows("select count(*) from event where step = 'undeclared:web (rare codes)'") == [(41,)]
    assert lab.rows("select count(*) from event where step = 'undeclared:GET /often.php'") == [(2,)]


def test_above_the_limit_the_run_says_so_and_the_tables_stand(new_lab, web_line):
    lab = new_lab(None, STEPS, site={"undeclared_share_limit": 0.1})
    lab.put("web", "a.log", "".join(web_line(60 * i, "/") for i in range(9)) + web_line(900, "/new"))
    first = ingest(lab.site, lab.store, "")
    assert first.audits == [] and first.figures | {"n_undeclared": 1, "n_events": 10} == first.figures
    lab.put("web", "b.log", web_line(1000, "/newer"))
    record = ingest(lab.site, lab.store, "").record("ingest")
    assert (record.exit_code, record.publish) == (3, True)
    assert "2 of 11 events" in record.reason and "steps.toml" in record.reason
    assert lab.rows("select count(*) from event") == [(11,)]


def test_declaring_a_code_later_needs_no_new_reading(new_lab, web_line):
    lab = new_lab(None, STEPS)
    lab.put("web", "a.log", web_line(0, "/") + web_line(60, "/new"))
    lab.night()
    lab.steps = [
        *STEPS,
        {"step": "new", "label": "New", "stage": "help", "channel": "web", "codes": {"web": ["GET /new"]}},
    ]
    lab.write_configuration()
    lab.night()
    assert lab.rows("select step from journey_event order by pos") == [("home",), ("new",)]
    assert undeclared(lab.store) == (0, 2)


def test_a_night_that_fails_half_way_leaves_the_tables_of_the_night_before(new_lab, web_line, monkeypatch):
    """Every step of deriving fails once; what reports read is whole each time (reliability G4)."""
    import ingest.derive as module

    lab = new_lab(None, STEPS)
    lab.put("web", "a.log", web_line(0, "/") + web_line(60, "/p/1"))
    lab.night()
    tables = ("event", "journey", "journey_event", "customer", "touch", "department", "data_quality", "run_fact")
    before = {table: lab.rows(f"from {table} order by all") for table in tables}
    lab.put("web", "b.log", web_line(120, "/p/2"))
    lab.load()
    real, n_done = module.sql, 0

    class Broken(Exception):
        pass

    for n in range(1, 30):
        calls = iter(range(1, 99))

        def failing(name: str, calls=calls, n=n) -> str:
            if next(calls) == n:
                raise Broken
            return real(name)

        monkeypatch.setattr(module, "sql", failing)
        try:
            lab.derive()
            break
        except Broken:
            n_done = n
            assert {table: lab.rows(f"from {table} order by all") for table in tables} == before, f"after step {n}"
    assert n_done >= 6
    assert lab.rows("select count(*) from event") == [(3,)]


def test_flags_of_steps_reach_the_tables_and_default_to_nothing(new_lab, web_line):
    flags = {"asks": ["address"], "changes": ["card"], "mandatory": True, "reactive": True, "bad": True}
    steps = [{**STEPS[0], **flags, "typical_minutes": 1.5}, *STEPS[1:]]
    lab = new_lab(None, steps)
    lab.put("web", "a.log", web_line(0, "/") + web_line(60, "/p/17"))
    lab.night()
    query = "select asks, changes, mandatory, reactive, bad, typical_minutes from touch order by step_no limit 2"
    assert lab.rows(query) == [
        (["address"], ["card"], True, True, True, 1.5),
        ([], [], False, False, False, None),
    ]


@pytest.mark.parametrize(
    ("at", "order", "begins_s", "lasts_s", "in_all_s"),
    [("start", ["hang_up", "menu", "menu"], 0, 2, 20), ("end", ["menu", "menu", "hang_up"], 35, 0, 33)],
)
def test_who_hangs_up_does_so_at_the_end_of_the_call_record(new_lab, epoch, at, order, begins_s, lasts_s, in_all_s):
    """The record begins with the dialling; the menus that another log tells of came before its end. Customers are
    busy to the last line that tells of them."""
    menu = {"step": "menu", "label": "Menu", "stage": "help", "channel": "ivr", "codes": {"calls": ["MENU *"]}}
    hang_up = {"step": "hang_up", "label": "Hangs up", "stage": "help", "channel": "ivr", "codes": {"cdr": ["*"]}}
    lab = new_lab({"calls": "asterisk_queue_log", "cdr": "asterisk_cdr"}, [menu, hang_up | {"at": at}])
    call = f"{epoch}.5"
    lab.put("calls", "queue_log", "".join(f"{epoch + n}|{call}|NONE|NONE|MENU|\n" for n in (2, 20)))
    clock, end = (dt.datetime.fromtimestamp(epoch + n, dt.UTC).replace(tzinfo=None) for n in (0, 35))
    record = f'"","01705634772","s","in","","S","","BackGround","x","{clock}","{clock}","{end}",35,35,"ANSWERED","D",'
    lab.put("cdr", "Master.csv", f'{record}"{call}"\n')
    lab.night()
    told = lab.rows("select step::varchar, epoch(occurred_at)::bigint, engaged_ms // 1000 from event order by event_no")
    assert [step for step, _, _ in told] == order
    assert [(begin - epoch, lasts) for step, begin, lasts in told if step == "hang_up"] == [(begins_s, lasts_s)]
    assert sum(lasts or 0 for _, _, lasts in told) == in_all_s


@pytest.mark.parametrize(("at", "n_said"), [("start", 1), ("end", 0)])
def test_records_that_stand_before_what_they_span_are_said(new_lab, epoch, at, n_said):
    """Twenty calls that end in the menu, whose menus the queue log tells of; and five that were all record."""
    menu = {"step": "menu", "label": "Menu", "stage": "help", "channel": "ivr", "codes": {"calls": ["MENU *"]}}
    hang_up = {"step": "hang_up", "label": "Hangs up", "stage": "help", "channel": "ivr", "codes": {"cdr": ["*"]}}
    lab = new_lab({"calls": "asterisk_queue_log", "cdr": "asterisk_cdr"}, [menu, hang_up | {"at": at}])
    menus, records = [], []
    for n in range(25):
        begin = epoch + 3_600 * n
        clock, end = (dt.datetime.fromtimestamp(begin + s, dt.UTC).replace(tzinfo=None) for s in (0, 35))
        records.append(
            f'"","01705634{n:03d}","s","in","","S","","BackGround","x","{clock}","{clock}","{end}",35,35,"ANSWERED","D",'
            f'"{begin}.5"\n'
        )
        menus += [f"{begin + 9}|{begin}.5|NONE|NONE|MENU|\n"] * (n < 20)
    lab.put("calls", "queue_log", "".join(menus))
    lab.put("cdr", "Master.csv", "".join(records))
    lab.night()
    said = lab.rows("select measure, n, of_n from data_quality where starts_with(measure, 'stands before')")
    assert said == [("stands before what lies inside its record: hang_up", 20, 25)] * n_said


PAGE = {"step": "page", "label": "Page", "stage": "research", "channel": "web"}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{**PAGE, "purpose": "searching"}], "purpose"),
        ([{**PAGE, "channel": "agent", "purpose": "help"}], "a visible step with channel"),
        ([{**PAGE, "visible": False, "purpose": "help"}], "a visible step with channel"),
        ([{**PAGE, "purpose": "form_begun"}], "expected a form's name"),
        ([{**PAGE, "purpose": "help", "form": "claim"}], "on no other"),
        ([{**PAGE, "purpose": "search_empty"}], "purpose = 'search'"),
        ([{**PAGE, "purpose": "form_begun", "form": "claim"}], "purpose = 'form_sent' and form = 'claim'"),
        (
            [
                {**PAGE, "purpose": "form_begun", "form": "claim"},
                {**PAGE, "step": "sent", "purpose": "form_sent", "form": "claims"},
            ],
            "there is none",
        ),
    ],
)
def test_a_purpose_that_can_tell_nothing_is_refused(tmp_path, steps, told):
    with pytest.raises(ConfigError) as error:
        validate(StepDictionary, {"step": steps}, tmp_path / "steps.toml")
    assert told in str(error.value)


def test_purposes_reach_the_tables(new_lab, web_line):
    form = {"channel": "web", "stage": "return", "form": "claim"}
    steps = [
        *STEPS,
        {"step": "claim", "label": "Claim", **form, "purpose": "form_begun", "codes": {"web": ["GET /claim"]}},
        {"step": "sent", "label": "Sent", **form, "purpose": "form_sent", "codes": {"web": ["POST /claim"]}},
    ]
    lab = new_lab(None, steps)
    lab.put("web", "a.log", web_line(0, "/") + web_line(60, "/claim"))
    lab.night()
    query = "select step, purpose, form from touch where step in ('home', 'claim', 'sent') order by step_no"
    assert lab.rows(query) == [("home", None, None), ("claim", "form_begun", "claim"), ("sent", "form_sent", "claim")]
