-- Failings of a website as sights (mining/exposure_rows.py). Temporary tables purposed, sight, topic_stage, failing_fact.
-- Each failing is a group of visits held against another group; only help pages are held against one another.
-- What a page is for is declared in the step dictionary (`purpose`), never guessed. Only customers who can be known on the phone.
-- A topic is the stage of the page; what is of stage help may be about anything, two pages about what either is about.

-- Grain: one row per view of a page whose purpose is declared. A day of 500 pages is a robot's.
create or replace temporary table purposed as
with known as (
    select customer_id, identity_strength, n_events
    from customer
    where cast(identity_strength as varchar) in ('medium', 'strong')
),

meant as (
    select step, cast(step as step_t) as step_no, purpose, form
    from touch
    where purpose is not null and purpose <> 'contact'
),

robot as (
    select event.customer_id, cast(event.occurred_at as date) as day
    from event
    inner join known on event.customer_id = known.customer_id
    inner join meant on event.step = meant.step_no
    where event.visible and cast(event.channel as varchar) = 'web' and known.n_events >= 500
    group by all
    having count(*) >= 500
)

select
    event.event_no,
    event.customer_id,
    event.session_id,
    event.occurred_at,
    event.raw_code,
    event.order_id,
    cast(event.stage as varchar) as stage,
    meant.step,
    meant.purpose,
    meant.form,
    known.identity_strength
from event
inner join known on event.customer_id = known.customer_id
inner join meant on event.step = meant.step_no
anti join robot on event.customer_id = robot.customer_id and cast(event.occurred_at as date) = robot.day
where event.visible and cast(event.channel as varchar) = 'web';

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

-- of the company, and outcomes, that customers who look at a status do not see on a page
told_news as materialized (
    select event.customer_id, event.occurred_at, event.order_id
    from event
    semi join look on event.customer_id = look.customer_id
    inner join touch on event.step = cast(touch.step as step_t)
    where
        event.visible
        and cast(event.channel as varchar) <> 'web'
        and cast(touch.class as varchar) <> 'contact'
        and (touch.actor = 'company' or cast(touch.class as varchar) = 'outcome')
),

news as (
    select customer_id, occurred_at, '' as order_id
    from told_news
    where customer_id in (select look.customer_id from look where look.order_id = '')
    union all
    select customer_id, occurred_at, order_id
    from told_news
    semi join look on told_news.customer_id = look.customer_id and told_news.order_id = look.order_id
    where order_id <> ''
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

-- Grain: as incoming_turns (mining/turn_sights.py), with names.
create or replace temporary table turn_sight as
select
    turn.event_no,
    turn.customer_id,
    turn.occurred_at,
    'back_and_forth:' || a.step || ' ' || b.step as family,
    family || case when turn.is_usual then ':once' else '' end as place,
    case
        when cast(a.stage as varchar) = 'help' then cast(b.stage as varchar)
        when cast(b.stage as varchar) = 'help' or a.stage = b.stage then cast(a.stage as varchar)
        else cast(a.stage as varchar) || ' ' || cast(b.stage as varchar)
    end as topic,
    customer.identity_strength,
    turn.more,
    turn.is_usual
from incoming_turns as turn
inner join customer on turn.customer_id = customer.customer_id
inner join touch as a on turn.step_a = a.step_no
inner join touch as b on turn.step_b = b.step_no;

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

select *
from told;

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
