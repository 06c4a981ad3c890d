/*---
summary = "more events than site.undeclared_share_limit carry codes that the step dictionary does not declare"
severity = "error"
publishes = true
floors = "none: the limit is a share, and what is undeclared is in no journey"
message = "{n} of {of_n} events ({percent} %) carry codes that the step dictionary does not declare, more than {limit} %; declare them in process/steps.toml (the report's data page lists them)"
---*/
select
    cast(null as varchar) as source, n, of_n,
    {'percent': format('{:.1f}', 100.0 * n / of_n), 'limit': format('{:.1f}', 100.0 * getvariable('undeclared_limit'))} as told
from (select count(*) filter (where visible is null) as n, count(*) as of_n from event)
where n > getvariable('undeclared_limit') * of_n
