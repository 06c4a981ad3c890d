-- Stored by journey and time; `pos` counts the stored rows from 1, which everything that leans on adjacency checks.
create table journey_event as
select cast(row_number() over () as uinteger) as pos, e.*
from (select * from all_journey_event order by journey_id, event_no) as e
