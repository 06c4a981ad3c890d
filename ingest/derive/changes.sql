-- What is new since the night before (variables load_mark, night_before): events by what they say, by whom they belong to, by what
-- their code means, or by the visit they may now be part of.
create or replace temp table moved_party as
(from party_customer_now except from party_customer) union all (from party_customer except from party_customer_now);

create or replace temp table moved_code as
(from code_meaning_now except from code_meaning) union all (from code_meaning except from code_meaning_now);

-- These tables are declared before they are filled: of one made by a query that finds nothing, DuckDB 2.0.0 can lose what a
-- later statement of the same transaction adds to it, once that is some 100,000 rows.
create or replace temp table told_again (event_id uuid);

insert into told_again
select r.event_id
from raw_event as r
where r.record_key in (select n.record_key from raw_event as n where n.load_no > getvariable('load_mark') and n.record_key is not null);

create or replace temp table changed (event_id uuid, party_id uinteger, code_id uinteger, call_id varchar, is_new boolean);

insert into changed
with compared as (
    select
        event_id, party_id, code_id, call_id,
        load_no > getvariable('load_mark') or occurred_at >= getvariable('night_before') or event_id in (from told_again) as is_new,
        party_id in (select party_id from moved_party) or code_id in (select code_id from moved_code) as has_moved
    from live
)
select event_id, party_id, code_id, call_id, is_new
from compared
where is_new or has_moved
