-- The lines of an OCEL 2.0 file in JSON (mining/exporting/ocel.py); its schema wants all values as strings. Temporary: view ocel_line, whose order is that of the file.

create or replace temporary macro ocel_time(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');

create or replace temporary macro ocel_types(names) as
    to_json(list_transform(names, lambda one: {'name': one[1], 'type': one[2]}));

create or replace temporary macro ocel_event_attributes() as [
    ['label', 'string'], ['channel', 'string'], ['department', 'string'], ['stage', 'string'], ['actor', 'string'],
    ['visible', 'boolean'], ['intent', 'string'], ['code', 'string'], ['ended_at', 'time'], ['wait_ms', 'integer'],
    ['handle_ms', 'integer'], ['engaged_ms', 'integer']
];

-- Grain: one row per object.
create or replace temporary view ocel_object as
select 'customer:' || customer_key as id, 'customer' as type, [{'name': 'identity_strength', 'value': cast(identity_strength as varchar)}] as attributes,
    cast([] as struct("objectId" varchar, qualifier varchar)[]) as relationships
from customer
union all
select 'journey:' || journey_key, 'journey',
    list_filter([
        {'name': 'anchor', 'value': cast(anchor as varchar)}, {'name': 'need', 'value': cast(need as varchar)},
        {'name': 'is_complete', 'value': cast(is_complete as varchar)}, {'name': 'is_truncated', 'value': cast(is_truncated as varchar)}
    ], lambda one: one.value is not null),
    [{'objectId': 'customer:' || customer_key, 'qualifier': 'of'}]
from export_journey
union all
select kind || ':' || number, kind, [], []
from (
    select distinct 'order' as kind, order_key as number from export_event
    union all
    select distinct 'call', call_key from export_event
    union all
    select distinct 'session', cast(session_no as varchar) from export_event
    union all
    select distinct 'product', product_id from export_event
)
where number is not null;

-- Grain: one row per event that a customer has a part in: readers of OCEL drop an event of no object.
create or replace temporary view ocel_event as
with belongs as (
    select event_id, list('journey:' || journey_key order by journey_key) as journeys
    from export_journey_step
    group by event_id
)

select
    event.event_no,
    cast(event.event_id as varchar) as id,
    event.step as type,
    ocel_time(event.occurred_at) as time,
    list_filter([
        {'name': 'label', 'value': cast(event.label as varchar)}, {'name': 'channel', 'value': cast(event.channel as varchar)},
        {'name': 'department', 'value': cast(event.department as varchar)}, {'name': 'stage', 'value': cast(event.stage as varchar)},
        {'name': 'actor', 'value': cast(event.actor as varchar)}, {'name': 'visible', 'value': cast(event.visible as varchar)},
        {'name': 'intent', 'value': cast(event.intent as varchar)}, {'name': 'code', 'value': cast(event.code as varchar)},
        {'name': 'ended_at', 'value': cast(ocel_time(event.ended_at) as varchar)}, {'name': 'wait_ms', 'value': cast(event.wait_ms as varchar)},
        {'name': 'handle_ms', 'value': cast(event.handle_ms as varchar)}, {'name': 'engaged_ms', 'value': cast(event.engaged_ms as varchar)}
    ], lambda one: one.value is not null) as attributes,
    list_transform(
        list_filter(
            [
                'customer:' || event.customer_key, 'order:' || event.order_key, 'call:' || event.call_key,
                'session:' || cast(event.session_no as varchar), 'product:' || event.product_id
            ], lambda one: one is not null
        ) || coalesce(belongs.journeys, []),
        lambda one: {'objectId': one, 'qualifier': split_part(one, ':', 1)}
    ) as relationships
from export_event as event
left join belongs on event.event_id = belongs.event_id
where event.customer_key is not null
order by event.event_no;

create or replace temporary view ocel_line as
with object as (
    select
        case when row_number() over (order by type, id) = 1 then '' else ',' end
        || to_json({'id': id, 'type': type, 'attributes': list_transform(attributes, lambda one: {'name': one.name, 'value': one.value, 'time': '1970-01-01T00:00:00.000Z'}), 'relationships': relationships}) as line
    from ocel_object
    order by type, id
),

event_line as (
    select
        case when row_number() over (order by event_no) = 1 then '' else ',' end
        || to_json({'id': id, 'type': type, 'time': time, 'attributes': attributes, 'relationships': relationships}) as line
    from ocel_event
    order by event_no
)

select
    '{"objectTypes":' || to_json([
        {'name': 'call', 'attributes': ocel_types(cast([] as varchar[][]))},
        {'name': 'customer', 'attributes': ocel_types([['identity_strength', 'string']])},
        {'name': 'journey', 'attributes': ocel_types([['anchor', 'string'], ['need', 'string'], ['is_complete', 'boolean'], ['is_truncated', 'boolean']])},
        {'name': 'order', 'attributes': ocel_types(cast([] as varchar[][]))},
        {'name': 'product', 'attributes': ocel_types(cast([] as varchar[][]))},
        {'name': 'session', 'attributes': ocel_types(cast([] as varchar[][]))}
    ]) || ',' as line
union all
select '"eventTypes":' || coalesce(to_json(list({'name': step, 'attributes': ocel_types(ocel_event_attributes())} order by step)), '[]') || ','
from (select distinct step from export_event)
union all
select '"objects":['
union all
select line from object
union all
select '],"events":['
union all
select line from event_line
union all
select ']}';
