"""A source whose rules change in site.toml over loaded lines is refused, unless every loaded line is read as before."""

from __future__ import annotations

from itertools import permutations

import pytest

from ingest.errors import ConfigError
from ingest.requarantine import requarantine

CALLS = "1768032000|1.1|q|NONE|ENTERQUEUE||01705634771|1\n"
ORDERS = "order_no,customer,at,phone\no1,k1,2026-01-10 08:00:00,01705634771\n"
TABLE = {"files": "orders*", "events": {"placed": "at"}, "identifiers": {"order_no": "order_no", "phone": "phone"}}
STEPS = [{"step": "any", "label": "Any", "stage": "help", "channel": "x", "codes": {"src": ["*"]}}]


@pytest.fixture
def load(new_lab, web_line):
    """Loads one file of each kind; gives the lab and its one source."""

    def loaded(adapter: str, **options):
        lab = new_lab({"src": {"adapter": adapter} | options}, STEPS)
        text = {"nginx_combined": web_line(1), "asterisk_queue_log": CALLS, "relational_orders": ORDERS}[adapter]
        lab.put("src", "orders.csv", text + "spoilt\n")
        lab.load()
        assert lab.rows("select count(*) from raw_event") == [(1,)]
        return lab

    return loaded


def change(lab, site: dict | None = None, identity: dict | None = None, **options) -> None:
    lab.sources["src"] |= options
    lab.sections |= {"site": site or {}} | ({"identity": identity} if identity else {})
    lab.write_configuration()
    lab.load()


def tables(**options) -> dict:
    return {"orders": TABLE | options}


REFUSED = {
    "encoding": ("nginx_combined", {"encoding": "latin-1"}, "encoding = 'utf-8', and site.toml now says 'iso8859-1'"),
    "extra": ("nginx_combined", {"extra": ["cookie"]}, r"extra = \[\], and site.toml now says \['cookie'\]"),
    "phone format": ("asterisk_queue_log", {"phone_format": "international"}, "phone_format = 'any'"),
    "country": ("asterisk_queue_log", {"country": "AT"}, "country = 'DE', and site.toml now says 'AT'"),
    "the site's country": ("asterisk_queue_log", {"site": {"country": "AT"}}, "country = 'DE'"),
    "phones of a table": ("relational_orders", {"country": "AT"}, "country"),
    "a column": ("relational_orders", {"tables": tables(intent="customer")}, "'orders.csv' was read as table 'orders'"),
    "a format before the others": (
        "relational_orders",
        {"tables": tables(time_formats=["%d.%m.%Y", "%Y-%m-%d %H:%M:%S"])},
        "was read as table",
    ),
    "a table's pattern": ("relational_orders", {"tables": tables(files="sales*")}, "was read as table"),
    "a table before it": ("relational_orders", {"tables": {"all": TABLE} | tables()}, "was read as table"),
    "a shared number that was met": (
        "asterisk_queue_log",
        {"identity": {"shared": {"phone": ["0170 5634771"]}}},
        "identity.shared",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_that_would_mix_two_readings_is_refused(load, name):
    adapter, changed, message = REFUSED[name]
    lab = load(adapter, **({"tables": tables()} if adapter == "relational_orders" else {}))
    events = lab.raw_events()
    with pytest.raises(ConfigError, match=f"source 'src'.*{message}.*put the old value back, or delete"):
        change(lab, **changed)
    with pytest.raises(ConfigError, match=message):
        requarantine(lab.site, lab.store)
    assert lab.raw_events() == events


HARMLESS = {
    "a country where no phone is told": ("nginx_combined", {"country": "AT", "phone_format": "international"}),
    "another pattern of files": ("nginx_combined", {"files": "*.csv"}),
    "one more format": (
        "relational_orders",
        {
            "tables": tables(
                time_formats=["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d", "%d.%m.%Y"], files="ord*.csv"
            )
        },
    ),
    "one more table": ("relational_orders", {"tables": tables() | {"sales": TABLE | {"files": "sales*"}}}),
    "a shared number that nobody has": ("asterisk_queue_log", {"identity": {"shared": {"phone": ["0305551234"]}}}),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_no_loaded_line_feels_is_taken(load, name):
    adapter, changed = HARMLESS[name]
    lab = load(adapter, **({"tables": tables()} if adapter == "relational_orders" else {}))
    change(lab, **changed)
    lab.load()


def test_a_shared_number_that_is_taken_away_may_have_been_met(new_lab):
    lab = new_lab({"src": "asterisk_queue_log"}, STEPS, identity={"shared": {"phone": ["01705634771"]}})
    lab.put("src", "log", CALLS)
    lab.load()
    with pytest.raises(ConfigError, match="identity"):
        change(lab, identity={"shared": {"phone": []}})


def test_before_any_line_is_accepted_everything_may_change(new_lab):
    lab = new_lab({"src": {"adapter": "nginx_combined", "extra": ["cookie"]}}, STEPS)
    lab.put("src", "a.log", "no line of this format\n")
    lab.load()
    change(lab, extra=[], encoding="latin-1")


def test_equal_rows_of_two_tables_are_two_and_the_order_of_files_does_not_matter(new_lab):
    """Paid and shipped on the same day: the rows are the same, what they say is not. Nor do columns that changed places
    say the same."""
    declared = {
        name: {"files": f"{name}*", "events": {"done": "day"}, "identifiers": {"order_no": "order_no"}}
        for name in ("paid", "shipped")
    }
    files = {
        "paid.csv": "order_no,day\n7,2026-01-10\n8,2026-01-11\n",
        "shipped.csv": '"order_no",day\n7,2026-01-10\n8,2026-01-12\n',
        "shipped-again.csv": "order_no,day\n8,2026-01-12\n",
        "shipped-dates.csv": "day,order_no\n2026-01-10,2026-01-10\n",
        "shipped-orders.csv": "order_no,day\n2026-01-10,2026-01-10\n",
    }
    found = []
    for order in list(permutations(files))[::50]:
        lab = new_lab({"src": {"adapter": "relational_orders", "tables": declared}}, STEPS)
        for name in order:
            lab.put("src", name, files[name])
            lab.load()
        lab.check_identity()
        found.append(lab.raw_events())
        lab.close()
    assert [(event["code"], event["order_id"]) for event in found[0]].count(("shipped.done", "7")) == 1
    assert len(found[0]) == 6 and all(events == found[0] for events in found)


def test_a_source_that_an_earlier_release_loaded_keeps_the_names_of_its_lines(new_lab):
    """Else each of its lines would count again when its file comes again under another name."""
    lab = new_lab({"src": {"adapter": "relational_orders", "tables": tables()}}, STEPS)
    lab.load()
    lab.store.run("""update source_rules set rules = replace(rules, '"stream"', '"source"')""")
    lab.put("src", "orders.csv", ORDERS)
    lab.load()
    lab.store.run("delete from source_rules")  # as the earlier release left it
    lab.put("src", "orders-again.csv", ORDERS + "o2,k2,2026-01-11 08:00:00,\n")
    lab.load()
    assert lab.rows("select count(*) from raw_event") == [(2,)]
