/*---
summary = "Genesys Cloud conversation details, the answer of a query or one conversation a line; a conversation told again replaces itself"
records = "json"
sign = '"(conversationId|participants)"'
list = "conversations"
tells = "record"
codes = "<purpose> <segment> <medium>, e.g. 'customer interact voice', 'ivr interact voice', 'agent alert voice', 'agent wrapup voice'"
---*/
-- Each segment of each session of each participant is an event. The customer's own segments last as long as the conversation: they say
-- that it takes place, and have no end here, or every minute would count twice. Names of people and text of messages are not read.
-- noqa: disable=PRS
with document as (select line_no, try_cast(raw as json) as d from line),
shape as (
    select
        line_no, json_type(d) as kind,
        no_text(d, ['$.conversationId', '$.conversationStart', '$.conversationEnd', '$.originatingDirection']) as not_text,
        no_list(d, ['$.participants']) as not_list,
        len(list_filter(json_type(d, '$.participants[*].sessions'), lambda x: x not in ('ARRAY', 'NULL'))) > 0 as no_sessions,
        len(list_filter(json_type(d, '$.participants[*].sessions[*].segments'), lambda x: x not in ('ARRAY', 'NULL'))) > 0 as no_segments,
        from_json(d, '{"conversationId":"VARCHAR","conversationStart":"VARCHAR","conversationEnd":"VARCHAR","originatingDirection":"VARCHAR",
            "participants":[{"purpose":"VARCHAR","sessions":[{"sessionId":"VARCHAR","mediaType":"VARCHAR","ani":"VARCHAR","dnis":"VARCHAR","addressFrom":"VARCHAR",
                "metrics":[{"name":"VARCHAR","value":"BIGINT"}],
                "segments":[{"segmentStart":"VARCHAR","segmentEnd":"VARCHAR","segmentType":"VARCHAR"}]}]}]}') as c
    from document
),
session as (
    select
        *,
        flatten(list_transform(coalesce(c.participants, []), lambda p: list_transform(coalesce(p.sessions, []), lambda s: struct_pack(
            purpose := coalesce(p.purpose, '?'), medium := coalesce(s.mediaType, '?'), id := coalesce(s.sessionId, '?'), segments := coalesce(s.segments, []),
            answered_ms := list_filter(s.metrics, lambda m: m.name = 'tAnswered')[1].value,
            abandoned_ms := list_filter(s.metrics, lambda m: m.name = 'tAbandon')[1].value,
            -- whose number is whose depends on who called
            phone := case when c.originatingDirection = 'outbound' then coalesce(s.dnis, s.ani) else coalesce(s.ani, s.dnis) end,
            email := s.addressFrom
        )))) as sessions
    from shape
),
moment_of as (
    select
        *,
        flatten(list_transform(sessions, lambda s, i: list_transform(s.segments, lambda g, n: moment(
            s.purpose || ' ' || coalesce(g.segmentType, '?') || ' ' || s.medium, coalesce(g.segmentStart, ''), 'segmentStart ' || s.id || ' ' || n, least(i * 100 + n, 65000),
            told_until := case when s.purpose not in ('customer', 'external') then g.segmentEnd end,
            wait_ms := case
                when s.purpose = 'agent' and g.segmentType = 'interact' and n = list_position(list_transform(s.segments, lambda x: x.segmentType), 'interact') then s.answered_ms
                when s.purpose = 'acd' and n = 1 then s.abandoned_ms
            end,
            handle_ms := case when s.purpose = 'agent' and g.segmentType in ('interact', 'hold') then ms_between(g.segmentStart, g.segmentEnd) end
        )))) as moments,
        list_filter(sessions, lambda s: s.purpose in ('customer', 'external')) as theirs
    from session
)
select
    line_no,
    case
        when kind is null or kind <> 'OBJECT' then 'record'
        when not_text is not null then not_text
        when not_list is not null then not_list
        when no_sessions then 'participants.sessions'
        when no_segments then 'participants.sessions.segments'
        when coalesce(c.conversationId, '') = '' then 'conversationId'
        when any_moment(c.conversationStart) is null then 'conversationStart'
        when c.conversationEnd is not null and any_moment(c.conversationEnd) is null then 'conversationEnd'
    end as problem_field,
    case
        when kind is null or kind <> 'OBJECT' then 'a JSON object'
        when not_text is not null then 'a number or a text'
        when not_list is not null or no_sessions or no_segments then 'a list'
        when coalesce(c.conversationId, '') = '' then 'an id'
        else 'ISO 8601 with an offset'
    end as problem_expectation,
    c.conversationId as record_key,
    -- an open conversation has no end yet: what was known last counts
    coalesce(
        list_max(list_transform(flatten(list_transform(sessions, lambda s: s.segments)), lambda g: epoch_ms(coalesce(any_moment(g.segmentEnd), any_moment(g.segmentStart))))),
        epoch_ms(any_moment(c.conversationStart))
    ) + case when c.conversationEnd is null then 0 else 1 end as record_version,
    c.conversationId as call_no,
    regexp_extract(list_filter(list_transform(theirs, lambda s: s.phone), lambda x: x is not null)[1], '^(?:tel:|sip:)?(\+?[0-9]+)', 1) as phone,
    list_filter(list_transform(theirs, lambda s: s.email), lambda x: x is not null)[1] as email,
    moments
from moment_of
