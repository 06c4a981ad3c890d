/*---
summary = "most lines of a source's newest files can't be parsed, and those before could: half the night would be missing"
severity = "error"
floors = "at least 100 lines and half of the newest files' (as in quarantine); under 10 % of at least 100 lines before"
---*/
select
    source, n, of_n,
    format(
        '{}: {} of {} lines of its newest files are in quarantine ({:.0f} %), and those before could be read: its format has changed; `make status` says which field; mend its section of site.toml or its adapter, `make requarantine`, or set audits.drift = "warn" to report in spite of it',
        source, n, of_n, 100.0 * n / of_n
    ) as message
from parsed
where has_drifted
