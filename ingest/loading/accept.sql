-- After the last block of a file: which lines are new. Equal lines of one file are numbered (k); a line of that number and
-- text counts once for a source, however often and in whatever file it comes (reliability 1.4: a union of multisets).
create or replace temp table repeated as
select line_hash from stage_line where not is_blank group by line_hash having count(*) > 1;

create or replace temp view numbered as
select line_no, line_hash, cast(1 as uinteger) as k, unwanted
from stage_line anti join repeated using (line_hash)
where not is_blank
union all
select line_no, line_hash, cast(row_number() over (partition by line_hash order by line_no) as uinteger), unwanted
from stage_line semi join repeated using (line_hash);

-- of all that was ever read only what comes again: the file is the small side, however long the history
create or replace temp table seen as
select line_hash, k
from line_seen semi join stage_line using (line_hash)
where source_id = getvariable('source_id');

create or replace temp table new_line as
select numbered.*
from numbered anti join seen using (line_hash, k);

insert into line_seen select getvariable('source_id'), line_hash, k from new_line;

-- lines that were understood and are not wanted
create or replace temp table stage_drop as
select distinct line_no, coalesce(drop_reason, 'robot') as drop_reason
from stage
where problem_field is null and (drop_reason is not null or agent in (select agent from robot));

-- lines that broke a rule: the encoding's, an adapter's
create or replace temp table bad as
select b.* from stage_bad as b semi join new_line using (line_no);

insert into quarantine
select getvariable('file_id'), line_no, byte_offset, field, value, expectation, raw, getvariable('rule_version') from bad;

insert into dropped
select getvariable('file_id'), drop_reason, count(*)
from (
    select drop_reason from stage_drop semi join new_line using (line_no)
    union all
    select unwanted from new_line where unwanted is not null
)
group by drop_reason;

-- what remains: rows of new lines that say something of a customer
delete from stage
where
    line_no not in (select line_no from new_line)
    or line_no in (select line_no from stage_bad)
    or drop_reason is not null
    or agent in (select agent from robot)
    or (code is null and coalesce(customer_no, login, email, order_no, call_no, reference, phone, cookie) is null);

create or replace temp table plain_party as
select
    party_key, min(customer_no) as customer_no, min(login) as login, min(email) as email, min(order_no) as order_no, min(call_no) as call_no,
    min(reference) as reference, min(phone) as phone, min(cookie) as cookie, min(visitor) as visitor
from stage
group by party_key;

create or replace temp table plain_id as
select distinct kind, value
from plain_party
unpivot (value for kind in (customer_no, login, email, order_no, call_no, reference, phone, cookie, visitor));
