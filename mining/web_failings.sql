-- Failings of a website as sights (mining/exposures.sql). Temporary tables purposed, sight, topic_stage, failing_fact.
-- Each failing is a group of visits held against another group; only help pages are held against one another.
-- What a page is for is declared in the step dictionary (`purpose`), never guessed. Only customers who can be known on the phone.
-- Variable: views_min.
-- A topic is the stage of the page; what is of stage help may be about anything, two pages about what either is about.

-- Grain: one row per view of a page whose purpose is declared. A day of 500 pages is a robot's.
create or replace temporary table purposed as
with told as (
    select
        event.event_no,
        event.customer_id,
        event.session_id,
        event.occurred_at,
        event.raw_code,
        event.order_id,
        cast(event.stage as varchar) as stage,
        touch.step,
        touch.purpose,
        touch.form,
        customer.identity_strength,
        count(*) over (partition by event.customer_id, cast(event.occurred_at as date)) as n_of_day
    from event
    inner join customer on event.customer_id = customer.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where
        event.visible
        and touch.purpose is not null
        and touch.purpose <> 'contact'
        and cast(event.channel as varchar) = 'web'
        and cast(customer.identity_strength as varchar) in ('medium', 'strong')
)

select * exclude (n_of_day)
from told
where n_of_day < 500
order by event_no;

-- Grain: one row per visit with a search, at its last one that found nothing; of visits whose searches all found something, at their
-- last. more: how many searches, since who searches a lot calls a lot, too.
create or replace temporary table search_sight as
with visit as (
    select
        customer_id,
        session_id,
        any_value(identity_strength) as identity_strength,
        arg_max(step, event_no) filter (where purpose = 'search_empty') as step,
        coalesce(max(event_no) filter (where purpose = 'search_empty'), max(event_no)) as event_no,
        count(*) as n_searches
    from purposed
    where purpose in ('search', 'search_empty') and session_id is not null
    group by customer_id, session_id
)

select
    visit.event_no,
    visit.customer_id,
    purposed.occurred_at,
    'empty_search' as family,
    'empty_search:' || coalesce(visit.step, '') as place,
    topic.stage as topic,
    visit.identity_strength,
    cast(least(visit.n_searches, 4) - 1 as tinyint) as more,
    visit.step is null as is_usual
from visit
inner join purposed on visit.event_no = purposed.event_no
cross join (select min(cast(stage as varchar)) as stage from touch where purpose = 'search') as topic;

-- Grain: one row per visit that begins a form: at its last page where it is not sent, else where it is.
create or replace temporary table form_sight as
with visit as (
    select
        customer_id,
        session_id,
        form,
        any_value(identity_strength) as identity_strength,
        arg_min(stage, event_no) as stage,
        max(event_no) filter (where purpose = 'form_begun') as begun_no,
        max(event_no) filter (where purpose = 'form_sent') as sent_no
    from purposed
    where form is not null and session_id is not null
    group by customer_id, session_id, form
    having begun_no is not null
)

select
    purposed.event_no,
    visit.customer_id,
    purposed.occurred_at,
    'form_given_up:' || visit.form as family,
    'form_given_up:' || visit.form || case when visit.sent_no is null then '' else ':sent' end as place,
    visit.stage as topic,
    visit.identity_strength,
    cast(0 as tinyint) as more,
    visit.sent_no is not null as is_usual
from visit
inner join purposed on coalesce(visit.sent_no, visit.begun_no) = purposed.event_no;

-- Grain: one row per visit that looks at a status, the first and the third and later since there was news of the order (of the
-- customer, where the page names no order), or since a week without a look. more: days since the news.
create or replace temporary table status_sight as
with look as (
    select
        customer_id,
        session_id,
        step,
        coalesce(order_id, '') as order_id,
        any_value(identity_strength) as identity_strength,
        min(stage) as stage,
        min(event_no) as event_no,
        min(occurred_at) as occurred_at
    from purposed
    where purpose = 'status' and session_id is not null
    group by customer_id, session_id, step, coalesce(order_id, '')
),

looker as (
    select distinct customer_id
    from look
),

news as (
    select distinct
        event.customer_id,
        event.occurred_at,
        unnest(list_distinct(['', coalesce(event.order_id, '')])) as order_id
    from event
    inner join looker on event.customer_id = looker.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where
        event.visible
        and cast(event.channel as varchar) <> 'web'
        and cast(touch.class as varchar) <> 'contact'
        and (touch.actor = 'company' or cast(touch.class as varchar) = 'outcome')
),

told as (
    select
        look.*,
        news.occurred_at as news_at,
        lag(look.occurred_at) over (
            partition by look.customer_id, look.order_id, look.step order by look.occurred_at, look.event_no
        ) as looked_at
    from look
    asof left join news
        on
            look.customer_id = news.customer_id
            and look.order_id = news.order_id
            and look.occurred_at >= news.occurred_at
),

run as (
    select
        *,
        sum(
            cast(
                coalesce(looked_at < news_at or looked_at < occurred_at - interval 7 days, looked_at is null) as integer
            )
        ) over (
            partition by customer_id, order_id, step
            order by occurred_at, event_no
            rows unbounded preceding
        ) as run_no
    from told
),

numbered as (
    select
        *,
        row_number() over (partition by customer_id, order_id, step, run_no order by occurred_at, event_no) as look_no
    from run
)

select
    event_no,
    customer_id,
    occurred_at,
    'status_again:' || step as family,
    'status_again:' || step || case when look_no = 1 then ':first' else '' end as place,
    stage as topic,
    identity_strength,
    cast(
        case
            when news_at is null then 4
            when news_at > occurred_at - interval 1 day then 0
            when news_at > occurred_at - interval 3 days then 1
            when news_at > occurred_at - interval 7 days then 2
            else 3
        end as tinyint
    ) as more,
    look_no = 1 as is_usual
from numbered
where look_no <> 2;

-- Grain: one row per page view of a visit, in the order of event_no: by customer and time.
create or replace temporary table page_seen as
select
    event.event_no,
    event.customer_id,
    event.session_id,
    event.occurred_at,
    hash(event.raw_code) as page,
    touch.step_no,
    cast(touch.class as varchar) = 'browse' as is_browsed,
    customer.identity_strength
from event
inner join customer on event.customer_id = customer.customer_id
inner join touch on event.step = cast(touch.step as step_t)
where
    event.visible
    and event.session_id is not null
    and touch.actor = 'customer'
    and touch.purpose is distinct from 'contact'
    and cast(event.channel as varchar) = 'web'
    and cast(customer.identity_strength as varchar) in ('medium', 'strong')
order by event.event_no;

-- Grain: one row per visit and pair of steps between whose pages it moved: at the fourth view where the same two pages came in turn,
-- A B A B; where nobody went back, at the last move between such pages. Who went back once is in neither group. more: whether the
-- visit had more than 4, 8, 16 pages until then, since who looks long calls more, too.
create or replace temporary table turn_sight as
-- a page that is loaded again is no move; two visits at once are cut where they alternate
with told as (
    select
        *,
        lag(page) over () as page_before,
        lag(session_id) over () as session_before
    from page_seen
),

changed as (
    select * exclude (page_before, session_before)
    from told
    where page_before is distinct from page or session_before is distinct from session_id
),

-- without a partition, since the rows are in order
lagged as (
    select
        *,
        lag(session_id, 1) over () as session_1,
        lag(page, 1) over () as page_1,
        case when lag(session_id, 2) over () = session_id then lag(page, 2) over () end as page_2,
        case when lag(session_id, 3) over () = session_id then lag(page, 3) over () end as page_3,
        lag(step_no) over () as step_1,
        lag(is_browsed) over () as is_browsed_1,
        cast(coalesce(lag(session_id, 4) over () = session_id, false) as tinyint)
        + cast(coalesce(lag(session_id, 8) over () = session_id, false) as tinyint)
        + cast(coalesce(lag(session_id, 16) over () = session_id, false) as tinyint) as more
    from changed
),

visit as (
    select
        customer_id,
        session_id,
        least(step_no, step_1) as step_a,
        greatest(step_no, step_1) as step_b,
        any_value(identity_strength) as identity_strength,
        bool_or(coalesce(page = page_2, false)) as is_back,
        min(event_no) filter (where page = page_2 and page_1 = page_3) as again_no,
        arg_min(occurred_at, event_no) filter (where page = page_2 and page_1 = page_3) as again_at,
        max(event_no) as last_no,
        arg_max(occurred_at, event_no) as last_at,
        coalesce(arg_min(more, event_no) filter (where page = page_2 and page_1 = page_3), arg_max(more, event_no)) as more
    from lagged
    where session_1 = session_id and (is_browsed or is_browsed_1)
    group by customer_id, session_id, step_a, step_b
),

-- pairs with too few such visits to be told
often as (
    select step_a, step_b
    from visit
    group by step_a, step_b
    having count(again_no) >= getvariable('views_min')
)

select
    coalesce(visit.again_no, visit.last_no) as event_no,
    visit.customer_id,
    coalesce(visit.again_at, visit.last_at) as occurred_at,
    'back_and_forth:' || a.step || ' ' || b.step as family,
    family || case when visit.again_no is null then ':once' else '' end as place,
    case
        when cast(a.stage as varchar) = 'help' then cast(b.stage as varchar)
        when cast(b.stage as varchar) = 'help' or a.stage = b.stage then cast(a.stage as varchar)
        else cast(a.stage as varchar) || ' ' || cast(b.stage as varchar)
    end as topic,
    visit.identity_strength,
    visit.more,
    visit.again_no is null as is_usual
from visit
inner join touch as a on visit.step_a = a.step_no
inner join touch as b on visit.step_b = b.step_no
inner join often on visit.step_a = often.step_a and visit.step_b = often.step_b
where visit.again_no is not null or not visit.is_back;

create or replace temporary table sight as
with told as (
    from search_sight
    union all by name
    from form_sight
    union all by name
    from status_sight
    union all by name
    from turn_sight
    union all by name
    select
        event_no,
        customer_id,
        occurred_at,
        'help_before_call' as family,
        'help_before_call:' || raw_code as place,
        stage as topic,
        identity_strength,
        cast(0 as tinyint) as more,
        true as is_usual
    from purposed
    where purpose = 'help' and order_id is null
)

select *, cast(null as varchar) as product_id
from told
order by customer_id, occurred_at, event_no;

-- what is of stage help may be about anything
create or replace temporary table topic_stage as
select told.topic, stage.stage
from (select distinct topic from sight) as told
cross join (select unnest(enum_range(cast(null as stage_t))) as stage) as stage
where told.topic = 'help' or list_contains(string_split(told.topic, ' '), cast(stage.stage as varchar));

-- Grain: one row per place that may be told, and what it is held against (null: the other places of its kind).
create or replace temporary table failing_fact as
with place as (
    select distinct split_part(family, ':', 1) as kind, place, topic
    from sight
    where not is_usual or family = 'help_before_call'
)

select
    place,
    kind,
    topic,
    case kind
        when 'empty_search' then 'empty_search:'
        when 'form_given_up' then place || ':sent'
        when 'status_again' then place || ':first'
        when 'back_and_forth' then place || ':once'
    end as against
from place
order by place
