-- What was dropped of file `file_id` goes to the account of file `into_id`; `dropped_now` holds the sums by reason.
create or replace temp table dropped_now as
select reason, sum(n_lines) as n_lines
from dropped where file_id in (getvariable('file_id'), getvariable('into_id'))
group by reason;

delete from dropped where file_id in (getvariable('file_id'), getvariable('into_id'));

insert into dropped select getvariable('into_id'), reason, n_lines from dropped_now
