-- One block of lines: identity of each line, whether it is wanted at all, and the lines that can't be parsed. md5 is a name of
-- the line, so that the same line of another file is known again; it is the fastest 128-bit one that DuckDB keeps stable. It is
-- keyed: else whoever holds the warehouse could try all phone numbers on a line whose rest is known. `stream` tells equal lines of
-- different meaning apart, such as rows of two tables. `unwanted` is the adapter's
-- quick look. Few lines begin with a blank, so few are searched for anything else.
create or replace temp table block_line as
select
    line_no, cast(md5_number(getvariable('line_salt') || getvariable('stream') || md5(raw)) as uuid) as line_hash, is_directive(raw) or ascii(raw) <= 32 and not regexp_matches(raw, '\S') as is_blank,
    flaw, case when flaw is null then unwanted(raw) end as unwanted
from block;

-- lines that say how those after them are to be read
insert into directive select line_no, raw from block where is_directive(raw) and flaw is null;

insert into stage_line select line_no, line_hash, is_blank, unwanted from block_line;

insert into stage_bad
select
    line_no, b.byte_offset, b.flaw, 'not shown',
    case b.flaw when 'encoding' then 'text in the encoding of the source' else 'a line of at most 1 MiB' end,
    coalesce(b.original, encode(b.raw))
from block as b inner join block_line as l using (line_no)
where b.flaw is not null and not l.is_blank;

-- Lines that were read before in this very place, and are remembered: the adapter need not be asked about them again. What was
-- forgotten or is past retention is no longer remembered, and is judged anew.
insert into stage_known
with earlier as (
    select line_no, line_hash from block_line where line_no <= getvariable('known_lines')
),
remembered as (
    select s.line_hash from line_seen as s semi join earlier as e on e.line_hash = s.line_hash where s.source_id = getvariable('source_id')
)
select line_no from earlier semi join remembered using (line_hash);

-- what the adapter is asked about
create or replace temp view line as
select line_no, byte_offset, raw
from block
semi join (select line_no from block_line where not is_blank and flaw is null and unwanted is null) using (line_no)
anti join stage_known using (line_no)
