-- A file that begins earlier is the earlier file: its name may say anything, since files are rotated and renamed.
--
-- Events with the step they mean, the browser session they fall in (30 minutes without a page end it; compared in exact time,
-- not in minute boundaries) and the cluster they belong to.
create or replace temp table meant as
select
    l.* exclude (product_id, order_id, call_id),
    coalesce(l.product_id, c.product_id) as product_id,
    coalesce(l.order_id, c.order_id) as order_id,
    coalesce(l.call_id, c.call_id) as call_id,
    c.step, c.code as raw_code, s.rank as source_rank, f.file_rank,
    coalesce(p.cookie, p.visitor) as browser,
    k.cluster, coalesce(k.strength, 0) as strength
from affected as l
inner join code_step as c using (code_id)
inner join source as s using (source_id)
inner join (select file_id, row_number() over (order by source_id, first_at, last_at, path, sha256, file_id) as file_rank from ledger) as f using (file_id)
left join party as p using (party_id)
left join party_cluster as k
    on k.party_id = l.party_id and (k.from_at is null or l.occurred_at >= k.from_at) and (k.until_at is null or l.occurred_at < k.until_at);

create or replace temp table with_session as
with stepped as (
    select
        event_id,
        coalesce(occurred_at - lag(occurred_at) over w > interval 30 minutes, true) as is_new,
        row_number() over w as place, browser
    from meant
    where browser is not null
    window w as (partition by browser order by occurred_at, source_rank, file_rank, line_no, part, event_id)
),
counted as (
    select event_id, browser, sum(is_new::integer) over (partition by browser order by place rows unbounded preceding) as n from stepped
),
named as (
    -- named by one of their events, so that names depend neither on load order nor on other sessions
    select browser, n, cast(md5_number_lower(cast(min(event_id) as varchar)) >> 1 as bigint) as session_id from counted group by browser, n
)
select m.*, named.session_id
from meant as m
left join counted using (event_id)
left join named on named.browser = counted.browser and named.n = counted.n;

-- a session without a cookie belongs to whom one of its pages names, if they name one; else it is a customer of its own
create or replace temp table settled as
with by_order as (
    select p.identifier_id, p.cluster from person as p where p.kind = 'order_no' and p.cluster is not null
),
guess as (
    select w.session_id, min(coalesce(w.cluster, o.cluster)) as cluster
    from with_session as w
    inner join code_step as c using (code_id)
    left join by_order as o on o.identifier_id = c.order_identifier
    where w.session_id is not null and coalesce(w.cluster, o.cluster) is not null
    group by w.session_id
    having count(distinct coalesce(w.cluster, o.cluster)) = 1
),
lonely as (
    select session_id, left(md5('session|' || min(event_id)), 16) as customer_key
    from with_session
    where session_id is not null and cluster is null
    group by session_id
)
select
    w.* exclude (cluster, strength, browser),
    coalesce(k.customer_key, l.customer_key) as customer_key,
    case when w.cluster is null and g.cluster is not null then 1 else w.strength end as strength
from with_session as w
left join guess as g on g.session_id = w.session_id and w.cluster is null
left join cluster_key as k on k.cluster = coalesce(w.cluster, g.cluster)
left join lonely as l on l.session_id = w.session_id and w.cluster is null and g.cluster is null;

-- as large as the events, and not needed any more: what is dropped need not be spilled
drop table meant;
drop table with_session
