"""What the types of objects of an object-centric log may mean, by their names; a guess to be looked at, never more."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ingest.sniffing.columns import slug

if TYPE_CHECKING:
    from ingest.sniffing.head import Head

_TYPES = (
    ("customer_no", r"(customer|client|buyer|shopper|member|guest|patient|applicant|consumer)s?|customer_.*"),
    ("order_no", r"(sales_|purchase_|customer_)?(order|booking|reservation)s?|kundenauftr.*"),
    ("call_no", r"(phone_?)?(call|contact|conversation)s?"),
    ("cookie", r"(web_?)?(session|visit)s?|visitors?|browsers?|cookies?"),
    ("email", r"e_?mail(_?address)?"),
    ("product", r"(product|article|sku)s?"),
    ("reference", r"(case|ticket|complaint|claim|application|request|incident)s?"),
)


def guess_objects(head: Head) -> list[dict[str, Any]]:
    """Options of a source that may read this log: `objects`, and `case` where it is no order. The commonest type is a
    reference when the name of none tells anything."""
    if head.kind != "ocel":
        return []
    log = json.loads(head.data)
    types = {one["id"]: one["type"] for one in log["objects"]}
    counts = Counter(types[one["objectId"]] for event in log["events"] for one in event["relationships"])
    objects: dict[str, str] = {}
    for kind, pattern in _TYPES:
        fit = [name for name, _ in counts.most_common() if name not in objects and re.fullmatch(pattern, slug(name))]
        if fit:
            objects[fit[0]] = kind
    if not set(objects.values()) - {"product"} and counts:
        objects[counts.most_common(1)[0][0]] = "reference"
    kinds = [
        kind
        for kind in ("order_no", "reference", "call_no", "customer_no", "cookie", "email")
        if kind in objects.values()
    ]
    case = {} if not kinds or kinds[0] == "order_no" else {"case": kinds[0]}
    return [{"objects": objects, **case}] if objects else [{}]
