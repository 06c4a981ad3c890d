-- To schema 3: the warehouse remembers the rules under which the lines of a source were read. Of a source that was read
-- before, they are remembered at the next night, and its lines stay known by their text alone (see ingest/source_rules.py).
create table if not exists source_rules (source_id utinyint, rules varchar);
