-- The newest version of each record that is told again. A later version wins by its own clock; two of the same version by their
-- content, so that load order never matters.
create or replace temp table newest_record as
select record_key, max({'record_version': record_version, 'record_hash': record_hash}) as version
from raw_event
where record_key is not null
group by record_key
