"""The sample site's research on competitors: what agencies would have delivered about three invented shops.

The story. Alpstern sells outdoor goods as we do. Its checkout asks for address and delivery on one page and lets
guests buy, so an order takes fewer steps there, and a quarter less time, which so few shops do not show; for a return
it wants a label printed and its number typed in. Trekhaus was shopped 16 times only, which is too few to say who is
better, and Waldkante 6 times, which is too few for a number. A wave of more than a year ago is there too, and is no
longer ranked. All dates follow from the world's last day.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from world_research import Act, Errand, Fieldwork, Planted, ResearchWorld, write_research

_HOME = Act("Open the home page", "view_home", "Landing page", 0.4)
_ALL_DAY = (8, 22)
_LOGIN = Act("Log in", "login", "Sign in", 1.2, True)
ERRANDS = (
    Errand("order_a_jacket", "web", 10.0, 0.0, 0.86, (
        _HOME,
        Act("Search for a jacket", "search", "Search box", 1.0),
        Act("Read the product page", "view_product", "Product page", 3.0),
        Act("Put it in the cart", "add_to_cart", "Add to basket", 0.3),
        _LOGIN,
        Act("Enter the address", "checkout_address", "Address and delivery", 1.6),
        Act("Choose the delivery", "checkout_delivery", "", 0.7),
        Act("Pay", "pay", "Pay now", 1.2),
    ), _ALL_DAY, theirs=0.75),
    Errand("where_is_my_order", "web", 1.6, 0.0, 0.84, (
        _HOME,
        Act("Check where the parcel is", "track", "Parcel page", 1.2),
    ), _ALL_DAY),
    Errand("where_is_my_order", "phone", 7.0, 2.0, 0.74, (
        Act("Ask where the parcel is", "call_status", "Ask the agent", 3.0),
    ), (9, 17)),
    Errand("send_it_back", "web", 4.0, 0.0, 0.88, (
        Act("Open the return form", "return_page", "Returns page", 0.8),
        Act("Ask to send it back", "return_request", "Announce the return", 1.6),
        Act("", "", "Print the label", 2.2),
        Act("", "", "Type in the label's number", 1.0),
    ), _ALL_DAY, theirs=1.7),
)  # fmt: skip
SCENARIOS = """# Invented, like all of this site: nobody was shopped. By which steps the log knows the errands.
[[scenario]]
scenario = "order_a_jacket"
label = "Order a jacket"
steps = ["checkout_address"]

[[scenario]]
scenario = "where_is_my_order"
label = "Ask where the order is"
steps = ["track", "call_status"]

[[scenario]]
scenario = "send_it_back"
label = "Send it back"
steps = ["return_page"]
"""
_EFFORT = "How easy was it to get done what you came for?"
_WHO = "bought outdoor goods in the last 3 months (invented)"
_ON_TIME = "parcels at the door by the day named at checkout, of all parcels"


def write_sample_research(folder: Path, last_day: dt.date) -> None:
    """Write the files of process/competitors; `last_day`: the last one of the logs."""
    began = last_day - dt.timedelta(days=33)
    before = last_day - dt.timedelta(days=420)
    wave, old, year = f"{began:%Y-%m}", f"{before:%Y-%m}", str(last_day.year - 1)
    fielded = (str(began), str(began + dt.timedelta(days=20)))
    asked = ("effort", "1-7")
    world = ResearchWorld(
        20260301,
        {"Alpstern": Planted(extra=0.62, wait=0.8), "Trekhaus": Planted(minutes=1.15), "Waldkante": Planted()},
        (
            Fieldwork(old, before, 20, {"us": 30, "Alpstern": 30}, shoppers=8),
            Fieldwork(wave, began, 20, {"us": 102, "Alpstern": 102, "Trekhaus": 16, "Waldkante": 6}, shoppers=12),
        ),
        icc=0.15,
        extra_ours=0.8,
        errands=(ERRANDS[0], ERRANDS[3], *ERRANDS),
        surveys=(
            ("us", wave, *asked, 412, 5.1, 1.4, "", _WHO, "online panel", *fielded, _EFFORT),
            ("Alpstern", wave, *asked, 388, 5.3, 1.4, "", _WHO, "online panel", *fielded, _EFFORT),
            ("Trekhaus", wave, *asked, 1210, 5.6, 1.2, "", "own customers (invented)", "e-mail", *fielded, _EFFORT),
        ),
        kpis=(
            ("us", "On time", 91.0, "%", year, _ON_TIME, "invented: our own yearly report", 18_400),
            ("Alpstern", "On time", 92.0, "%", year, _ON_TIME, "invented: yearly report", 40_200),
            ("Alpstern", "Happy customers", 97.0, "%", year, "", "invented: banner of their website", ""),
            ("Trekhaus", "Calls answered within 20 s", 88.0, "%", year, "", "invented: press release", ""),
        ),
        scenarios=SCENARIOS,
        note="invented",
    )  # fmt: skip
    write_research(folder, world)
