/*---
summary = "most lines of a source's newest files can't be parsed, and those before could: half the night would be missing"
severity = "error"
floors = "at least 100 lines and half of the newest files' (as in quarantine); under 10 % of at least 100 lines before"
message = "{source}: {n} of {of_n} lines of its newest files are in quarantine ({percent} %), and those before could be read: its format has changed; `make status` says which field; mend its section of site.toml or its adapter, `make requarantine`, or set audits.drift = \"warn\" to report in spite of it"
---*/
select
    source, n, of_n,
    {'percent': format('{:.0f}', 100.0 * n / of_n)} as told
from parsed
where has_drifted
