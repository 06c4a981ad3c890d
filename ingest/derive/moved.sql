-- Raw events of old were taken away (retention, forget) or came back: who had them, and what was not among the events before.
insert into told_again
select event_id from event_before where event_id not in (select event_id from live);

insert into changed
select event_id, party_id, code_id, call_id, true
from live
where load_no <= getvariable('load_mark') and event_id not in (select event_id from event_before)
