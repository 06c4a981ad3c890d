/*---
summary = "Amazon Connect contact records, one a line, in a list, or one after the other without anything between them"
records = "json"
sign = '"(ContactId|InitiationTimestamp)"'
tells = "record"
codes = "contact <method> <channel>, queue <name>, agent <name of the queue>, abandoned <name of the queue>, transfer, disconnect <reason>"
---*/
-- A contact is sent at least once, and again when something of it changes: ContactId is the key, LastUpdateTimestamp the version. A
-- transfer makes a new contact of the same chain, whose first one names the call. The wait is told by the answer, or by giving up.
-- Agents' names, recordings and the flow's attributes are not read. The end of a call is where the customer leaves it: after a transfer
-- outside that may be later than the agent's own work.
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.ContactId', '$.InitialContactId', '$.CustomerId', '$.Channel', '$.InitiationMethod', '$.CustomerEndpoint.Address', '$.DisconnectReason', '$.Queue.Name']) as not_text,
        no_object(d, ['$.Queue', '$.Agent', '$.CustomerEndpoint']) as not_object,
        from_json(d, '{"ContactId":"VARCHAR","InitialContactId":"VARCHAR","CustomerId":"VARCHAR","Channel":"VARCHAR","InitiationMethod":"VARCHAR",
            "InitiationTimestamp":"VARCHAR","LastUpdateTimestamp":"VARCHAR","DisconnectTimestamp":"VARCHAR","DisconnectReason":"VARCHAR",
            "TransferCompletedTimestamp":"VARCHAR","CustomerEndpoint":{"Address":"VARCHAR","Type":"VARCHAR"},
            "Queue":{"Name":"VARCHAR","EnqueueTimestamp":"VARCHAR","DequeueTimestamp":"VARCHAR"},
            "Agent":{"ConnectedToAgentTimestamp":"VARCHAR","AgentInteractionDuration":"VARCHAR","CustomerHoldDuration":"VARCHAR"}}') as c
    from document
),
talked as (
    select
        *, c.Queue.Name as queue, c.Agent.ConnectedToAgentTimestamp as answered,
        coalesce(seconds_as_ms(c.Agent.AgentInteractionDuration), 0) + coalesce(seconds_as_ms(c.Agent.CustomerHoldDuration), 0) as talk_ms
    from shape
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when not_object is not null then not_object
        when coalesce(c.ContactId, '') = '' then 'ContactId'
        when any_moment(c.InitiationTimestamp) is null then 'InitiationTimestamp'
        when c.LastUpdateTimestamp is not null and any_moment(c.LastUpdateTimestamp) is null then 'LastUpdateTimestamp'
    end as problem_field,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when not_object is not null then 'an object'
        when coalesce(c.ContactId, '') = '' then 'an id'
        else 'ISO 8601 with an offset'
    end as problem_expectation,
    c.ContactId as record_key,
    epoch_ms(any_moment(coalesce(c.LastUpdateTimestamp, c.DisconnectTimestamp, c.InitiationTimestamp))) as record_version,
    coalesce(c.InitialContactId, c.ContactId) as call_no,
    c.CustomerId as customer_no,
    case when c.CustomerEndpoint.Type = 'TELEPHONE_NUMBER' then c.CustomerEndpoint.Address end as phone,
    case when c.CustomerEndpoint.Type = 'EMAIL_ADDRESS' then c.CustomerEndpoint.Address end as email,
    [
        moment('contact ' || coalesce(c.InitiationMethod, '?') || ' ' || coalesce(c.Channel, 'VOICE'), c.InitiationTimestamp, 'InitiationTimestamp', 0,
            told_until := coalesce(c.Queue.EnqueueTimestamp, answered, c.DisconnectTimestamp), intent := queue),
        moment('queue ' || coalesce(queue, '?'), c.Queue.EnqueueTimestamp, 'EnqueueTimestamp', 1, told_until := coalesce(c.Queue.DequeueTimestamp, answered), intent := queue),
        moment('agent ' || coalesce(queue, '?'), answered, 'ConnectedToAgentTimestamp', 2,
            told_until := strftime(any_moment(answered) + to_milliseconds(talk_ms), '%Y-%m-%dT%H:%M:%S.%gZ'),
            wait_ms := ms_between(c.Queue.EnqueueTimestamp, answered), handle_ms := talk_ms, intent := queue),
        moment('transfer', c.TransferCompletedTimestamp, 'TransferCompletedTimestamp', 3),
        moment('abandoned ' || coalesce(queue, '?'), case when c.Queue.EnqueueTimestamp is not null and answered is null then coalesce(c.Queue.DequeueTimestamp, c.DisconnectTimestamp) end,
            'abandoned', 4, wait_ms := ms_between(c.Queue.EnqueueTimestamp, coalesce(c.Queue.DequeueTimestamp, c.DisconnectTimestamp)), intent := queue),
        moment('disconnect' || coalesce(' ' || c.DisconnectReason, ''), c.DisconnectTimestamp, 'DisconnectTimestamp', 5)
    ] as moments
from talked
