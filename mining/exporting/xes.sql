-- The lines of an XES file (mining/exporting/xes.py). Temporary macros, and the view xes_line, whose order is that of the file.

-- Text as XML's attribute values may hold it: what XML can't hold at all becomes U+FFFD.
create or replace temporary macro xml(plain) as
    replace(replace(replace(replace(replace(replace(replace(
        regexp_replace(plain, '[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]', chr(65533), 'g'),
        '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), chr(9), '&#9;'), chr(10), '&#10;'), chr(13), '&#13;');

create or replace temporary macro xes_text(name, plain) as
    coalesce('<string key="' || name || '" value="' || xml(plain) || '"/>', '');
create or replace temporary macro xes_date(name, moment) as
    coalesce('<date key="' || name || '" value="' || strftime(moment, '%Y-%m-%dT%H:%M:%S.%g+00:00') || '"/>', '');
create or replace temporary macro xes_int(name, number) as
    coalesce('<int key="' || name || '" value="' || cast(number as varchar) || '"/>', '');
create or replace temporary macro xes_flag(name, flag) as
    coalesce('<boolean key="' || name || '" value="' || case when flag then 'true' else 'false' end || '"/>', '');

create or replace temporary view xes_line as
with told as (
    select
        *,
        coalesce(lag(journey_id) over (order by pos) <> journey_id, true) as is_first,
        coalesce(lead(journey_id) over (order by pos) <> journey_id, true) as is_last
    from export_journey_step
),

moment as (
    select
        case when told.is_first
            then
                '<trace>' || xes_text('concept:name', told.journey_key) || xes_text('customer', told.customer_key)
                || xes_text('anchor', journey.anchor) || xes_text('order', journey.order_key) || xes_text('need', journey.need)
                || xes_flag('is_complete', journey.is_complete) || xes_flag('is_truncated', journey.is_truncated)
            else ''
        end
        || '<event>' || xes_text('concept:name', told.step) || xes_date('time:timestamp', told.occurred_at)
        || xes_text('org:group', told.department) || xes_text('label', told.label) || xes_text('stage', told.stage)
        || xes_text('channel', told.channel) || xes_text('class', told.class) || xes_text('actor', told.actor)
        || xes_date('ended_at', told.ended_at) || xes_int('wait_ms', told.wait_ms) || xes_int('handle_ms', told.handle_ms)
        || xes_int('engaged_ms', told.engaged_ms) || xes_text('event_id', cast(told.event_id as varchar)) || '</event>'
        || case when told.is_last then '</trace>' else '' end as line,
        told.pos
    from told
    inner join export_journey as journey on told.journey_id = journey.journey_id
    order by told.pos
)

select
    '<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
<global scope="event"><string key="concept:name" value="UNKNOWN"/><date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/></global>
<classifier name="Step" keys="concept:name"/>' as line
union all
select line from moment
union all
select '</log>';
