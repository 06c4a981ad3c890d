-- One block of lines: identity of each line, and the lines that can't be parsed at all. md5 is a name of the line, so that the
-- same line of another file is known again; it is the fastest 128-bit one that DuckDB keeps stable. It is salted under the site's
-- key: without it, whoever holds the warehouse could try all phone numbers on a line whose rest is known.
insert into stage_line
select line_no, cast(md5(getvariable('line_salt') || raw) as uuid), not regexp_matches(raw, '\S')
from block;

insert into stage_bad
select
    line_no, byte_offset, flaw, 'not shown',
    case flaw when 'encoding' then 'text in the encoding of the source' else 'a line of at most 1 MiB' end,
    coalesce(original, encode(raw))
from block
where flaw is not null and regexp_matches(raw, '\S');
