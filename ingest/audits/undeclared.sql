/*---
summary = "more events than site.undeclared_share_limit carry codes that the step dictionary does not declare"
severity = "error"
publishes = true
floors = "none: the limit is a share, and what is undeclared is in no journey"
---*/
select
    cast(null as varchar) as source, n, of_n,
    format(
        '{} of {} events ({:.1f} %) carry codes that the step dictionary does not declare, more than {:.1f} %; declare them in process/steps.toml (the report''s data page lists them)',
        n, of_n, 100.0 * n / of_n, 100.0 * getvariable('undeclared_limit')
    ) as message
from (select count(*) filter (where visible is null) as n, count(*) as of_n from event)
where n > getvariable('undeclared_limit') * of_n
