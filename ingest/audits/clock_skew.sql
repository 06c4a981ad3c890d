/*---
summary = "the clocks of two sources are apart, so that what was told second may have come first"
severity = "warn"
floors = "20 moments that both write down and that lie together; 5 moves between the two that turn round, and 5 % of them"
message = "{source}: its clock is {ahead_s} s ahead of that of {behind} ({told_by}): {n} of {of_n} moves between the two lie within that, so steps may be told in the wrong order; mend the timezone, or declare clock_offset_s in site.toml"
---*/
with told as (
    select
        k.*, t.n_turned, t.n_moves, if(k.ahead_ms >= 0, a.name, b.name) as ahead, if(k.ahead_ms >= 0, b.name, a.name) as behind
    from clock_skew as k
    inner join clock_turned as t on t.id_a = k.id_a and t.id_b = k.id_b
    inner join source as a on a.source_id = k.id_a
    inner join source as b on b.source_id = k.id_b
    where k.is_best and k.is_apart
)
select
    ahead as source, n_turned as n, n_moves as of_n,
    {'ahead_s': format('{:.0f}', abs(ahead_ms) / 1000.0), 'behind': behind, 'told_by': verdict} as told
from told
where n_turned >= 5 and n_turned > 0.05 * n_moves
