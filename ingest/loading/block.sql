-- One block of lines: identity of each line, and the lines that are not text. `block` is the Arrow table of reader.py.
insert into stage_line
select line_no, md5_number(raw), trim(raw, e' \t\f') = ''
from (select line_no, rtrim(raw, e'\r\n') as raw from block);

insert into stage_bad
select line_no, byte_offset, 'encoding', 'not text', 'text in the encoding of the source', encode(raw)
from block
where broken;
