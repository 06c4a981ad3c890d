-- The contract of the warehouse: what ingest keeps for good. Everything else is derived anew from these tables
-- (ingest/derive/*.sql), so that a night that adds files ends in the same tables as a rebuild from all files.
-- Times are UTC without a zone, durations are whole milliseconds, pseudonyms are 128-bit keyed hashes.

-- one row: the number of this schema (raise it with a new file in migrations/), and how many stages have written here
create table if not exists warehouse as select cast(3 as utinyint) as schema_version, cast(0 as ubigint) as generation;

create sequence if not exists seq_file start 1;

-- one row per source of site.toml; source_id is given once and never re-used
create table if not exists source (source_id utinyint, name varchar, adapter varchar, rank utinyint);

-- how the times of a source were read when its files were loaded: its zone, and the days in which it can speak
create table if not exists source_clock (source_id utinyint, timezone varchar, earliest date, latest date);

-- the other rules of site.toml under which the lines of a source were read, as JSON; see ingest/source_rules.py
create table if not exists source_rules (source_id utinyint, rules varchar);

-- one row per delivered file; n_lines = n_accepted + n_duplicate + n_quarantined + n_blank, asserted while loading.
-- n_dropped is the part of n_accepted that was read, understood and not wanted (static files, robots).
create table if not exists ledger (
    file_id uinteger, source_id utinyint, path varchar, sha256 varchar, n_bytes ubigint,
    n_lines ubigint, n_accepted ubigint, n_duplicate ubigint, n_quarantined ubigint, n_blank ubigint,
    n_dropped ubigint, n_held_back ubigint, n_raw_events ubigint,
    first_at timestamp, last_at timestamp, status varchar, reason varchar, size_hint ubigint, mtime_hint bigint,
    header varchar,
    -- exclusive or of the identities of its new lines: of all files together it names what a source said, however it was cut
    lines_xor uhugeint
);

-- why accepted lines gave no event, per file
create table if not exists dropped (file_id uinteger, reason varchar, n_lines ubigint);

-- identity of every line ever read, so that none counts twice: k is its number among equal lines of one file. The hash is keyed.
create table if not exists line_seen (source_id utinyint, line_hash uuid, k uinteger);

-- lines that broke a rule; raw is kept byte for byte for a replay and is never shown; line_hash and k as in line_seen
create table if not exists quarantine (
    file_id uinteger, line_no ubigint, byte_offset ubigint, field varchar, value_masked varchar,
    expectation varchar, raw blob, rule_version varchar, line_hash uuid, k uinteger
);

-- pseudonyms of what identifies a person or one dealing; the plain value is not stored
create table if not exists identifier (identifier_id uinteger, kind varchar, pseudonym uuid);

-- one row per distinct set of identifiers that a record carried together
create table if not exists party (
    party_id uinteger, customer_no uinteger, login uinteger, email uinteger, order_no uinteger,
    call_no uinteger, reference uinteger, phone uinteger, cookie uinteger, visitor uinteger
);

-- the sources' own codes, scrubbed of personal data
create table if not exists code (code_id uinteger, source_id utinyint, code varchar);

-- what the sources said, before identity and step dictionary; a record that is sent again with a later state
-- (record_key, record_version) supersedes its earlier ones when events are derived
create table if not exists raw_event (
    event_id uuid, source_id utinyint, file_id uinteger, line_no uinteger, part usmallint,
    record_key uuid, record_version bigint, record_hash uuid,
    code_id uinteger, party_id uinteger, occurred_at timestamp, ended_at timestamp, time_rule varchar,
    product_id varchar, order_id varchar, call_id varchar, intent varchar,
    wait_ms bigint, handle_ms bigint, attributes json,
    load_no uinteger
);

-- lines that tell of no event but link identifiers, such as a table of customers
create table if not exists link (source_id utinyint, file_id uinteger, line_no uinteger, line_hash uuid, party_id uinteger);

-- the goods of an order, as far as a source tells
create table if not exists order_product (
    source_id utinyint, order_id varchar, product_id varchar, record_key uuid, record_hash uuid, load_no uinteger
);

-- the name of the key that the pseudonyms were made with; one row
create table if not exists key_check (key_id varchar);

-- why keys of customers changed from one night to another, for who quotes them; only ever added to
create table if not exists customer_change (night_end timestamp, key_before varchar, key_now varchar, reason varchar, n_events ubigint);

-- what the last night derived from: the highest load_no, the night's end, the rules (see ingest/derive/increment.py)
create table if not exists derived_night (name varchar, value varchar);
