-- What a reader must know of the data before believing a number: one row per measure and source, n of of_n.
create or replace table data_quality as
with total as (select count(*) as n from event),
code_of as (
    select s.name as source, e.raw_code, e.step, e.visible, count(*) as n
    from event as e inner join source as s using (source_id)
    group by all
),
checked as (
    select
        max(n) filter (where name = 'identifiers') as identifiers, max(n) filter (where name = 'links') as links, max(n) filter (where name = 'hubs') as hubs,
        max(n) filter (where name = 'conflicts') as conflicts, max(n) filter (where name = 'handed on') as handed_on, max(n) filter (where name = 'hidden') as hidden,
        max(n) filter (where name = 'found again') as found_again, max(n) filter (where name = 'too large') as too_large, max(n) filter (where name = 'doubled') as doubled,
        max(n) filter (where name = 'p999') as p999, max(n) filter (where name = 'p999 before') as p999_before
    from identity_check
),
-- customers of several logins that were both used in one minute
twice as (
    select several.cluster
    from (
        select cluster from person where kind = 'login' and cluster is not null group by cluster having count(*) > 1
    ) as several
    inner join person as l on l.cluster = several.cluster and l.kind = 'login'
    inner join party as p on p.login = l.identifier_id
    inner join live as e on e.party_id = p.party_id
    group by several.cluster, time_bucket(interval 1 minute, e.occurred_at)
    having count(distinct p.login) > 1
),
-- steps of which most records begin before visible events of their call that another log tells of, and end after them
spanning as (
    select step, n, of_n from (
        select e.step, count(*) as of_n, count(*) filter (
            where exists (
                from event as o
                where o.call_id = e.call_id and o.source_id <> e.source_id and o.visible and o.occurred_at > e.occurred_at and o.occurred_at < e.ended_at
            )
        ) as n
        from event as e
        where e.visible and e.call_id is not null and e.ended_at > e.occurred_at
        group by e.step
    )
    where n >= 20 and 2 * n >= of_n
),
measure as (
    select 1 as place, 'undeclared events' as measure, null as source, count(*) filter (where visible is null) as n, count(*) as of_n, 'codes that the step dictionary does not declare' as note from event
    union all
    select 2, 'undeclared code: ' || raw_code, source, sum(n), (select n from total), 'declare it in process/steps.toml'
    from (select *, row_number() over (order by n desc, source, raw_code) as place from code_of where visible is null) where place <= 50
    group by raw_code, source
    union all
    select 3, 'hidden step: ' || cast(step as varchar), null, count(*), (select n from total), 'behind the line of visibility; never on a map'
    from event where not visible group by step
    union all
    select 4, 'events without any identifier', null, count(*) filter (where customer_id is null), count(*), 'in no journey' from event
    union all
    select 5, 'events known by ' || cast(identity_strength as varchar) || ' identity', null, count(*), (select n from total),
        case cast(identity_strength as varchar) when 'strong' then 'customer number, login, e-mail, order' when 'medium' then 'phone number' when 'weak' then 'browser cookie' else 'one visit or call only' end
    from event group by identity_strength
    union all
    select 6, 'events after this night', null, (select count(*) from timed_event where occurred_at >= getvariable('night_end')), (select n from total), 'kept for later nights'
    union all
    select 7, 'steps taken together', null, sum(n_raw) - count(*), sum(n_raw), 'recorded twice, loaded again, or a run of browsing' from journey_event
    union all
    select 8, 'events with an ambiguous journey', null, coalesce(sum(n_raw) filter (where ambiguous), 0), coalesce(sum(n_raw), 0), 'two orders fitted about as well' from journey_event
    union all
    select 8, 'stands before what lies inside its record: ' || cast(step as varchar), null, n, of_n, 'a call record begins with the dialling; a step that customers take last wants at = "end" in process/steps.toml' from spanning
    union all
    select 9, 'times: ' || r.time_rule, s.name, count(*), (select count(*) from raw_event as a where a.source_id = r.source_id),
        case r.time_rule when 'whole day' then 'only a day is told; it sorts to the end of that day' else 'clock change: the first of two equal hours, or an hour that was skipped' end
    from raw_event as r inner join source as s using (source_id) where r.time_rule in ('first of two', 'skipped hour', 'whole day') group by r.time_rule, s.name, r.source_id
    union all
    select 10, 'identifiers that connect nobody', null, c.hubs, c.identifiers, 'shared by too many customers: switchboards, shop devices' from checked as c
    union all
    select 11, 'links not applied', null, c.conflicts, c.links, 'they would join different customers: households; what they share is its last user''s' from checked as c
    union all
    select 12, 'links that ended', null, c.handed_on, c.links, 'a phone or browser that went over to another customer' from checked as c
    union all
    select 13, 'customers with two or more customer numbers', null, (
        select count(*) from (select p.cluster from person as p where p.kind = 'customer_no' and p.cluster is not null group by p.cluster having count(*) > 1)
    ), (select count(*) from customer), 'one person registered twice, or two people taken for one'
    union all
    select 14, 'customers logged in twice in one minute', null, count(distinct cluster), (select count(*) from customer), 'under two names: two people taken for one' from twice
    union all
    select 15, 'identifiers of the largest customer', null, coalesce((select max(n_identifiers) from cluster_key), 0), (select identifiers from checked), 'a sudden growth means over-merging'
    union all
    select 16, 'identifiers of the customer at the 99.9th percentile', null, c.p999, c.identifiers, coalesce(c.p999_before || ' four weeks before', 'too few customers four weeks before to compare') from checked as c where c.p999 is not null
    union all
    select 17, 'over-merging alarm', null, c.too_large + c.doubled, (select count(*) from customer), 'customers too large to be one person, or the largest ones twice what they were: findings stay candidates' from checked as c
    union all
    select case d.reason when 'forgotten' then 19 else 20 end, case d.reason when 'forgotten' then 'lines of people who were forgotten' else 'lines past retention' end,
        s.name, sum(d.n_lines), (select sum(a.n_lines) from ledger as a where a.source_id = l.source_id),
        case d.reason when 'forgotten' then 'deleted on their request; in no figure' else 'deleted with age; in no figure' end
    from dropped as d inner join ledger as l using (file_id) inner join source as s using (source_id)
    where d.reason in ('forgotten', 'past retention') group by d.reason, s.name, l.source_id
    union all
    select 18, 'strong links found again when hidden', null, c.found_again, c.hidden, 'a tenth is hidden as a trial; what nothing else says is one customer is not found' from checked as c
)
select cast(measure as varchar) as measure, source, cast(n as bigint) as n, cast(of_n as bigint) as of_n, note
from measure
order by place, n desc, measure, source
