"""People whose data is planted in raw files of every adapter, also where no field is for it, and in broken lines.

Five adapters have files made for it; all others have the records of their cases, in which what stands for a person
(MASKS) becomes somebody's, and a broken half of each.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tiny_site import AGENT

from ingest.sniffing.ocel_head import as_log

CASES = Path(__file__).parent / "adapters"
OWN = ("nginx_combined", "asterisk_queue_log", "asterisk_cdr", "shopify_orders_json", "relational_orders")

FIRST = ("Zenobia", "Quirin", "Walburga", "Xaver", "Yrsa", "Korbinian", "Undine", "Ottokar", "Jorinde", "Ignaz")
LAST = ("Tschirnhaus", "Wuermeling", "Ypsilantis", "Quackenbrueck", "Fjodorow", "Zwetschke")
N = 40
DAY = 1768032000  # 2026-01-10 08:00 UTC, a Saturday
SITE = """
[site]
name = "Planted"
timezone = "UTC"
country = "DE"
as_of = "2026-01-31"
undeclared_share_limit = 1.0
[[source]]
name = "web"
adapter = "nginx_combined"
extra = ["cookie"]
[[source]]
name = "queue"
adapter = "asterisk_queue_log"
[[source]]
name = "cdr"
adapter = "asterisk_cdr"
[[source]]
name = "orders"
adapter = "shopify_orders_json"
[[source]]
name = "crm"
adapter = "relational_orders"
[source.tables.contacts]
files = "contacts*.csv"
events = { note = "at" }
identifiers = { customer_no = "customer", email = "mail", phone = "phone", order_no = "order" }
intent = "reason"
product = "product"
attributes = ["remark"]
[source.tables.people]
files = "people*.csv"
identifiers = { customer_no = "customer", email = "mail", phone = "phone" }
"""
OTHERS = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(CASES.glob("*.toml"))
    if path.stem not in OWN
}
MASKS = {
    "phone": r"\+49160150\d{4}", "national": r"0160150\d{4,5}", "email": r"mia@x\.example|a@b\.example",
    "ip": r"192\.0\.2\.\d+", "last": r"Wolf",
}  # fmt: skip
STEPS = """
[[department]]
name = "Shop"
"""
_STEP = """
[[step]]
step = "{step}"
label = "{label}"
stage = "{stage}"
channel = "{channel}"
department = "Shop"
codes.{source} = {codes}
"""


@dataclass(frozen=True)
class Person:
    """One customer and everything of theirs that no report may show."""

    i: int

    @property
    def first(self) -> str:
        return FIRST[self.i % 10]

    @property
    def last(self) -> str:
        return LAST[self.i // 10]

    @property
    def login(self) -> str:
        return f"{self.first}.{self.last}".lower()

    @property
    def email(self) -> str:
        return f"{self.login}@mail.example"

    @property
    def national(self) -> str:
        return f"0170{5634000 + 7 * self.i}"

    @property
    def phone(self) -> str:
        return "+49" + self.national[1:]

    @property
    def ip(self) -> str:
        return f"203.0.113.{10 + self.i}"

    @property
    def ip6(self) -> str:
        return f"2001:db8:77::{0xA00 + self.i:x}"

    @property
    def card(self) -> str:
        body = f"4111111111{10000 + self.i}"
        return next(body + c for c in "0123456789" if _luhn(body + c))

    @property
    def iban(self) -> str:
        bank = f"{370400440532010000 + self.i:018d}"
        return f"DE{98 - int(bank + '131400') % 97:02d}{bank}"

    @property
    def token(self) -> str:
        part = base64.urlsafe_b64encode(f'{{"sub":"{self.login}"}}'.encode()).decode().rstrip("=")
        return f"eyJhbGciOiJIUzI1NiJ9.{part}.s1gn{self.i:03d}"

    @property
    def secret(self) -> str:
        return f"s3cret-{self.i:03d}-{self.last[:3].lower()}"

    @property
    def cookie(self) -> str:
        return f"c00k1e{self.i:06d}"

    @property
    def customer(self) -> str:
        return f"K{880000 + self.i}"

    @property
    def order(self) -> str:
        return str(770000 + self.i)

    @property
    def agent(self) -> str:
        return f"SIP/{self.last.lower()}-{self.i:02d}"

    def items(self) -> list[str]:
        """What must never be seen outside of the raw files and the quarantine's raw bytes."""
        return [
            self.first, self.last, self.login, self.email, self.email.replace("@", "%40"), self.phone, self.national, self.national[1:],
            self.ip, self.ip6, self.card, self.iban, self.token, self.secret, self.cookie, self.agent,
        ]  # fmt: skip


def people() -> list[Person]:
    """All of them."""
    return [Person(i) for i in range(N)]


def inbox() -> dict[str, str]:
    """Raw files: path below inbox -> text."""
    web, queue, cdr, orders, contacts, master = [], [], [], [], [], []
    for person in people():
        web += _web(person)
        queue += _queue(person)
        cdr += _cdr(person)
        orders.append(_order(person))
        contacts += _contacts(person)
        master.append([person.customer, person.email, person.national, f"{person.first} {person.last}"])
    return {
        "web/access.log": "".join(web),
        "queue/queue_log": "".join(queue),
        "cdr/Master.csv": "".join(cdr),
        "orders/orders.json": json.dumps({"orders": orders}),
        "crm/contacts.csv": _csv(
            [["at", "customer", "mail", "phone", "order", "product", "reason", "remark", "agent"], *contacts]
        ),
        "crm/people.csv": _csv([["customer", "mail", "phone", "name"], *master]),
    } | _others()


def site_toml() -> str:
    """The site, with a source for each adapter."""
    text = SITE.split("[source.tables.contacts]")
    others = ""
    for name, told in OTHERS.items():
        others += f'[[source]]\nname = "{name}"\nadapter = "{name}"\n'
        others += "".join(f"{key} = {_toml(value)}\n" for key, value in told.get("source", {}).items())
    crm = text[0].rindex("[[source]]")
    return text[0][:crm] + others + text[0][crm:] + "[source.tables.contacts]" + text[1]


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def _others() -> dict[str, str]:
    found = {}
    for name, told in OTHERS.items():
        for file in told["file"]:
            given = [c["given"] for c in told["case"] if c.get("file", told["file"][0]["name"]) == file["name"]]
            lines = [file["header"]] if file.get("header") else []
            for person in people()[::8]:
                whole = [_of(record, person) for record in given]
                broken = [line[: len(line) * 2 // 3] for line in whole if "\n" not in line]
                lines += whole if whole[0].startswith("<") else whole + broken
            if name == "ocel":
                lines = [_object_centric([(record, person) for person in people()[::8] for record in given])]
            text = "".join(f"{line}\n" for line in lines)
            found[f"{name}/{file['name']}"] = f"<log>{text}</log>" if text.startswith("<") else text
    return found


def _object_centric(told: list[tuple[str, Person]]) -> str:
    """One log of all their records; each person has events of their own."""
    mine = ((json.loads(_of(record, person)), person) for record, person in told)
    return json.dumps(as_log([r | ({"event": f"{r['event']}-{p.customer}"} if "event" in r else {}) for r, p in mine]))


def _of(record: str, person: Person) -> str:
    """A case's record as one of this person."""
    for name, pattern in MASKS.items():
        record = re.sub(pattern, str(getattr(person, name)), record)
    return record


def steps() -> str:
    """A step dictionary in which some codes are undeclared."""
    rows = [
        ("page", "Looks at a page", "research", "web", "web", ["GET /p/{product}", "GET /*/{email}*", "GET /*/{card}"]),
        ("order_page", "Looks at the order", "receive", "web", "web", ["GET /orders/{order}"]),
        ("call", "Calls", "help", "agent", "queue", ["ENTERQUEUE *", "CONNECT *", "COMPLETECALLER *"]),
        ("ring", "The phone rings", "help", "phone", "cdr", ["*"]),
        ("ordered", "Order is placed", "order", "order", "orders", ["created *"]),
        ("note", "A note is taken", "help", "mail", "crm", ["*"]),
    ]
    text = STEPS
    for step, label, stage, channel, source, codes in rows:
        text += _STEP.format(step=step, label=label, stage=stage, channel=channel, source=source, codes=json.dumps(
            [code for code in codes if "{email}" not in code and "{card}" not in code]))  # fmt: skip
    return text


def _luhn(text: str) -> bool:
    return sum(int(c) if i % 2 == 0 else sum(divmod(2 * int(c), 10)) for i, c in enumerate(reversed(text))) % 10 == 0


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _web(p: Person) -> list[str]:
    minute = p.i % 60

    def line(second: int, path: str, referrer: str = "-", ip: str = p.ip, login: str = p.login) -> str:
        at = f"10/Jan/2026:{9 + p.i // 10:02d}:{minute:02d}:{second:02d} +0000"
        return f'{ip} - {login} [{at}] "GET {path} HTTP/1.1" 200 512 "{referrer}" "{AGENT}" "{p.cookie}"\n'

    query = f"?name={p.first}+{p.last}&mail={p.email.replace('@', '%40')}&pan={p.card}&iban={p.iban}&t={p.token}&pw={p.secret}"
    return [
        line(1, f"/p/4711{query}"),
        line(3, "/p/4712", referrer=f"https://x.example/{p.login}/{query}"),
        line(5, f"/u/{p.email}/x"),
        line(7, f"/u/{p.email.replace('@', '%40')}"),
        line(9, f"/pay/{p.card}"),
        line(11, f"/callback/{p.phone}"),
        line(13, f"/callback/{p.national}"),
        line(15, f"/bank/{p.iban}"),
        line(17, f"/trace/{p.ip}/{p.ip6}", ip=p.ip6),
        line(19, f"/t/{p.token}"),
        line(21, f"/konto/{p.first}-{p.last}"),
        line(23, f"/orders/{p.order}"),
        line(25, "/p/4713", login="-")[:60] + "\n",  # broken: the line ends in its middle
        line(27, "/p/4713").replace("10/Jan", f"10/{p.secret}"),  # broken: personal data where the time should be
        f'{p.ip} - {p.login} [10/Jan/2026:09:00:00 +0000] "GET /p/1?{p.email} HTTP/1.1" {p.phone} 1 "-" "{AGENT}" "{p.cookie}"\n',
    ]


def _queue(p: Person) -> list[str]:
    at, call = DAY + 3600 * 24 + 600 * p.i, f"{DAY + 86400 + 600 * p.i}.{p.i}"
    return [
        f"{at}|{call}|orders|NONE|ENTERQUEUE||{p.phone}|1\n",
        f"{at + 20}|{call}|orders|{p.agent}|CONNECT|20|{call}|3\n",
        f"{at + 90}|{call}|orders|{p.agent}|COMPLETECALLER|20|70|1\n",
        f"{at + 95}|{call}|orders|{p.agent}|{p.email}|{p.phone}\n",  # broken verb
        f"{p.phone}|{call}|orders|NONE|ENTERQUEUE||{p.national}|1\n",  # broken clock
    ]


def _cdr(p: Person) -> list[str]:
    clock = f"2026-01-12 {8 + p.i // 10:02d}:{p.i % 60:02d}"
    name = f'"""{p.first} {p.last}"" <{p.phone}>"'
    tail = f'"DOCUMENTATION","{DAY + 172800 + p.i}.{p.i}","note: {p.first} pays by {p.card}"'
    row = f'"","{p.national}","800","shop",{name},"{p.agent}","","Queue","x","{clock}:01","{clock}:05","{clock}:30",29,25,"ANSWERED",{tail}\n'
    return [row, row.replace("ANSWERED", p.email), row[: len(row) // 2] + "\n"]


def _order(p: Person) -> dict[str, object]:
    at = f"2026-01-13T{8 + p.i // 10:02d}:{p.i % 60:02d}:00+00:00"
    customer = {"id": p.customer, "email": p.email, "phone": p.phone, "first_name": p.first, "last_name": p.last}
    order: dict[str, object] = {
        "id": 990000 + p.i, "order_number": p.order, "created_at": at, "updated_at": at, "source_name": p.email if p.i % 7 == 0 else "web",
        "email": p.email, "phone": p.phone, "customer": customer, "note": f"{p.first} {p.last}, {p.card}, {p.iban}",
        "shipping_address": {"name": f"{p.first} {p.last}"}, "line_items": [{"product_id": p.card}, {"product_id": "4711"}],
        "client_details": {"browser_ip": p.ip},
    }  # fmt: skip
    if p.i % 11 == 0:
        order["created_at"] = f"{p.email} {p.secret}"
    return order


def _contacts(p: Person) -> list[list[str]]:
    at = f"2026-01-14 {8 + p.i // 10:02d}:{p.i % 60:02d}:00"
    remark = f"mail {p.email} card {p.card} iban {p.iban} from {p.ip} or {p.ip6}, ring {p.phone}"
    product = p.iban if p.i % 2 else p.card
    return [
        [at, p.customer, p.email, p.national, p.order, product, f"ask {p.phone}", remark, p.agent],
        [p.secret, p.customer, p.email, p.national, p.order, "", "", f"{p.first} {p.last}", p.agent],
    ]
