-- audit_end: the end of the day that is audited. The night itself; but where the logs were fetched in the middle of their last
-- day (all sources end more than 3 hours earlier than on any of the 7 days before), that day is not over and the one before is
-- audited.
set variable audit_end = (
    with night as (select cast(value as timestamp) as ends_at from run_fact where name = 'night_end'),
    day as (
        select
            (epoch_us(ends_at) - 1 - epoch_us(occurred_at)) // 86400000000 as day_no,
            min((epoch_us(ends_at) - 1 - epoch_us(occurred_at)) % 86400000000) as quiet_us
        from event cross join night
        where occurred_at >= ends_at - interval 8 days
        group by day_no
    )
    select
        case
            when
                (select quiet_us from day where day_no = 0)
                > (select max(quiet_us) from day where day_no between 1 and 7) + 3 * 3600000000
                then ends_at - interval 1 day
            else ends_at
        end
    from night
)
