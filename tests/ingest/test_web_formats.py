"""Access logs in declared formats, and W3C logs whose lines are read as the last #Fields before them says."""

from __future__ import annotations

import pytest
from tiny_site import AGENT

from ingest.adapters.access_log import compiled
from ingest.checking import problems
from ingest.packed import UnreadableFile
from ingest.requarantine import requarantine

HEAD = '192.0.2.7 - mia [10/Jan/2026:08:00:00 +0100] "GET /p/1?x HTTP/1.1" 200 51'
NGINX = """'$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" rt=$request_time'"""
FORMATS = {
    "common": ("common", HEAD),
    "combined": ("combined", f'{HEAD} "-" "{AGENT}"'),
    "named by nobody": (None, f'{HEAD} "-" "{AGENT}"'),
    "vhost_combined": ("vhost_combined", f'shop.example:443 {HEAD} "-" "{AGENT}"'),
    "nginx, as it stands in its file": (NGINX, f'{HEAD} "-" "{AGENT}" rt=0.005'),
    "Apache, with its escapes": (r'%h %l %u %t \"%r\" %>s %b \"%{User-Agent}i\"', f'{HEAD} "{AGENT}"'),
    "bars and ISO times": (
        "$remote_addr|$remote_user|$time_iso8601|$request_method|$request_uri|$status",
        "192.0.2.7|mia|2026-01-10T08:00:00+01:00|GET|/p/1?x|200",
    ),
    "seconds since 1970": ("$msec $remote_user $status $request", "1768028400.000 mia 200 GET /p/1 HTTP/1.1"),
    "Apache's time in another form": (
        "%{%Y-%m-%dT%H:%M:%S%z}t %u %>s %m %U",
        "2026-01-10T07:00:00+00:00 mia 200 GET /p/1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_declared_format_is_read(new_lab, name):
    log_format, line = FORMATS[name]
    lab = new_lab({"web": {"adapter": "access_log"} | ({"log_format": log_format} if log_format else {})})
    lab.put("web", "a.log", f"{line}\n{line[:-30]}\n")
    lab.load()
    found = lab.rows("select code, cast(occurred_at as varchar) from raw_event inner join code using (code_id)")
    assert found == [("GET /p/1", "2026-01-10 07:00:00")]
    assert lab.rows("select count(*) from party where login is not null") == [(1,)]
    assert lab.rows("select count(*) from quarantine") == [(1,)]
    lab.close()


@pytest.mark.parametrize("log_format", ["", "%h %u", "$request $status", "%t %r %>s %>s", "combined "])
def test_a_format_that_tells_too_little_is_named_before_the_night(new_lab, log_format):
    if log_format.strip() in ("", "combined"):
        assert compiled(log_format.strip() or None)
        return
    with pytest.raises(UnreadableFile, match="log_format"):
        compiled(log_format)
    lab = new_lab({"web": {"adapter": "access_log", "log_format": log_format}})
    assert any(problem.key == "source.0.log_format" for problem in problems(lab.site))


FIELDS = "#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status\n"
OTHER = "#Fields: time date sc-status cs-uri-stem cs-method c-ip\n"


def iis(minute: int) -> str:
    return f"2026-01-10 08:{minute:02d}:00 GET /p/{minute} 192.0.2.7 Firefox/144.0 200\n"


def other(minute: int) -> str:
    return f"08:{minute:02d}:00 2026-01-10 200 /p/{minute} GET 192.0.2.7\n"


def codes(lab) -> list[str]:
    return [
        code for (code,) in lab.rows("select code from raw_event inner join code using (code_id) order by occurred_at")
    ]


def test_fields_hold_until_the_next_ones_also_over_blocks_and_nights(new_lab, monkeypatch):
    monkeypatch.setattr("ingest.reader.PIECE_BYTES", 256)
    monkeypatch.setattr("ingest.reader.BLOCK_BYTES", 256)
    text = "#Software: IIS\n" + FIELDS + "".join(map(iis, range(12))) + FIELDS + iis(12) + OTHER
    text += "".join(map(other, range(13, 25)))
    lab = new_lab({"web": "w3c_extended"})
    lab.put("web", "u_ex.log", text)
    lab.load()
    lab.put("web", "u_ex.log", text + "".join(map(other, range(25, 31))) + FIELDS + iis(31))
    lab.load()
    lab.check_identity()
    assert codes(lab) == [f"GET /p/{n}" for n in range(32)]
    (row,) = lab.ledger()
    assert (row["n_quarantined"], row["n_duplicate"], row["n_blank"]) == (0, 0, 5)


def test_lines_without_fields_are_quarantined_and_stay_so(new_lab):
    lab = new_lab({"web": "w3c_extended"})
    lab.put("web", "u_ex.log", iis(0) + FIELDS + iis(1))
    lab.load()
    lab.check_identity()
    assert codes(lab) == ["GET /p/1"]
    assert lab.rows("select field, expectation from quarantine") == [
        ("#Fields", "a line #Fields before it in its file")
    ]
    requarantine(lab.site, lab.store)
    assert lab.rows("select count(*) from quarantine") == [(1,)]
