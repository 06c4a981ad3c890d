-- The warehouse of schema 2 (before the rules of sources were kept) after one night over the files of test_upgrade.py, as statements; frozen.
-- (ingest/derive/*.sql), so that a night that adds files ends in the same tables as a rebuild from all files.
-- Times are UTC without a zone, durations are whole milliseconds, pseudonyms are 128-bit keyed hashes.

-- one row: the number of this schema (raise it with a new file in migrations/), and how many stages have written here
create table if not exists warehouse as select cast(2 as utinyint) as schema_version, cast(0 as ubigint) as generation;

create sequence if not exists seq_file start 1;

-- one row per source of site.toml; source_id is given once and never re-used
create table if not exists source (source_id utinyint, name varchar, adapter varchar, rank utinyint);

-- how the times of a source were read when its files were loaded: its zone, and the days in which it can speak
create table if not exists source_clock (source_id utinyint, timezone varchar, earliest date, latest date);

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

insert into code values
    (1, 1, 'GET /p/0'),
    (2, 1, 'GET /p/1'),
    (3, 1, 'GET /p/2'),
    (4, 1, 'GET /p/3'),
    (5, 2, 'ENTERQUEUE orders');
insert into derived_night values
    ('gap_days', '7.0'),
    ('known_rows', '10'),
    ('load_mark', '5'),
    ('night_end', '2026-01-10 23:00:00'),
    ('rules', '8c3d7ed1c167c3d1');
insert into dropped values
    (1, 'static', 1);
insert into identifier values
    (1, 'cookie', '20b505e4-6511-05a8-e8ef-3734d8fb2d43'),
    (2, 'cookie', 'a0c04076-3b23-b45a-0112-65ea6964f5e9'),
    (3, 'cookie', 'ddf428e4-28fd-0fdd-6b07-0ebb8d68ea4b'),
    (4, 'cookie', 'dea73a56-1a40-cf90-34b5-a7870226c2cb'),
    (5, 'cookie', 'f1ef999e-93e2-eaaa-af0a-aff0334928f4'),
    (6, 'call_no', '3ca49f70-e411-aaa7-210b-d0e3eab021ea'),
    (7, 'call_no', '5a4eb771-8799-4c2a-3bd6-3505c0659992'),
    (8, 'call_no', '7da6c616-18d4-9dc3-7dca-9731fea24851'),
    (9, 'phone', '06559398-8992-0f65-8261-87d382de4d44'),
    (10, 'phone', '90059209-fb05-9dd0-846d-dfca345f656c'),
    (11, 'phone', 'b41ea633-d196-fb82-acca-3716d71d762b');
insert into key_check values
    ('0583be95');
insert into ledger values
    (1, 1, 'a.log', '93642b218bf4d680f11b0da6abf28c3633f7ec098a7f364526b1f0d135e941ab', 1074, 10, 7, 0, 2, 1, 1, 0, 6, '2026-01-10 00:00:00', '2026-01-10 00:04:00', 'loaded', null, 1074, 1795370419440127883, null, 124804121706559992190537278666149787890),
    (2, 1, 'b.log', '266f845fc028ef170441b9c8cf7dff555ab53447246ad2aa5e0d62dcccce31a5', 333, 6, 1, 3, 2, 0, 0, 0, 1, '2026-01-10 00:07:00', '2026-01-10 00:07:00', 'loaded', null, 333, 1795370420440127883, null, 332213276350049997977769489719747241124),
    (4, 1, 'cut.gz', null, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, 'refused', 'damaged compressed file (EOFError); deliver it again', 3, 1795370421440127883, null, null),
    (5, 2, 'queue_log', 'a44e038d70aedf065a6c1a3f2e4d0de36d560185cae9455392cafa55c8ab51e2', 195, 4, 3, 0, 1, 0, 0, 0, 3, '2026-01-10 00:00:00', '2026-01-10 00:20:00', 'loaded', null, 195, 1795370422440127883, null, 97222576096102248669964264546249615433);
insert into line_seen values
    (1, '1a3a0908-c717-49c3-3656-51ded28d806f', 1),
    (1, '3cc9f85b-f610-31a5-ba08-f928674ecdde', 1),
    (1, '488037db-5100-5941-679e-5c4940586972', 1),
    (1, '488037db-5100-5941-679e-5c4940586972', 2),
    (1, '4d42656b-2244-28a7-b26d-05e3542fcb40', 1),
    (1, '6bc94721-b5dc-b293-8ab6-410493e3d799', 1),
    (1, '6d8ec361-e063-f97e-56f0-34a86fb2ca41', 1),
    (1, 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 1),
    (1, 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 2),
    (1, 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 3),
    (1, 'b8d707cf-a27e-bb88-15e5-5caeb7b03cd0', 1),
    (1, 'cef408a7-29cf-ea94-2963-2b979e31e201', 1),
    (2, '3a21c862-a221-6cb8-793b-a6480e373aea', 1),
    (2, '59d78cb2-d548-c9e5-5454-679243baa374', 1),
    (2, 'c590d260-1340-beee-0066-e0d2fe67de7e', 1),
    (2, 'ef42f5a6-55ac-2f8d-3309-f1f485e06fa9', 1);
insert into party values
    (1, null, null, null, null, null, null, null, 1, null),
    (2, null, null, null, null, null, null, null, 2, null),
    (3, null, null, null, null, null, null, null, 3, null),
    (4, null, null, null, null, null, null, null, 4, null),
    (5, null, null, null, null, null, null, null, 5, null),
    (6, null, null, null, null, 6, null, 11, null, null),
    (7, null, null, null, null, 7, null, 9, null, null),
    (8, null, null, null, null, 8, null, 10, null, null);
insert into quarantine values
    (1, 6, 755, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1', 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 1),
    (1, 9, 1066, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1', 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 2),
    (2, 5, 316, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1', 'b53041f1-9f8e-ccd8-4ece-ca298b1a1d92', 3),
    (2, 6, 323, 'encoding', 'xxx xxxxx', 'text in the encoding of the source', '\x6E\x6F\x20\x74\x65\x78\x74\x20\xFF'::blob, '1', '4d42656b-2244-28a7-b26d-05e3542fcb40', 1),
    (5, 4, 186, 'fields', '9', 'epoch|callid|queue|agent|EVENT|...', '\x31\x7C\x73\x70\x6F\x69\x6C\x74'::blob, '1', 'c590d260-1340-beee-0066-e0d2fe67de7e', 1);
insert into raw_event values
    ('052be75d-0fdf-628b-c39b-174e1ef7ab3f', 1, 1, 2, 0, null, null, '1a3a0908-c717-49c3-3656-51ded28d806f', 2, 3, '2026-01-10 00:01:00', null, null, null, null, null, null, null, null, null, 1),
    ('084791fe-494b-2e56-9c55-3bf779add55c', 1, 1, 5, 0, null, null, '6bc94721-b5dc-b293-8ab6-410493e3d799', 1, 1, '2026-01-10 00:04:00', null, null, null, null, null, null, null, null, null, 1),
    ('09f36129-bfbf-5338-dd09-d873e59618f9', 1, 1, 3, 0, null, null, '488037db-5100-5941-679e-5c4940586972', 3, 2, '2026-01-10 00:02:00', null, null, null, null, null, null, null, null, null, 1),
    ('4f2bcdbb-64cf-b75d-1c79-f3b2b3f8cfbc', 1, 1, 1, 0, null, null, '6d8ec361-e063-f97e-56f0-34a86fb2ca41', 1, 4, '2026-01-10 00:00:00', null, null, null, null, null, null, null, null, null, 1),
    ('6891c504-0be5-5a61-b0a4-af95da57e9b8', 2, 5, 3, 0, null, null, '59d78cb2-d548-c9e5-5454-679243baa374', 5, 8, '2026-01-10 00:20:00', null, null, null, null, '1768004400.1', 'orders', null, null, null, 5),
    ('9650deeb-49bb-8eb3-8f27-c340279a33c7', 2, 5, 2, 0, null, null, 'ef42f5a6-55ac-2f8d-3309-f1f485e06fa9', 5, 6, '2026-01-10 00:10:00', null, null, null, null, '1768003800.1', 'orders', null, null, null, 5),
    ('af1d7068-4ad5-1c35-30c9-58b46116f4bc', 2, 5, 1, 0, null, null, '3a21c862-a221-6cb8-793b-a6480e373aea', 5, 7, '2026-01-10 00:00:00', null, null, null, null, '1768003200.1', 'orders', null, null, null, 5),
    ('b86e05da-9a10-085b-926e-5c474645a3e7', 1, 1, 4, 0, null, null, '3cc9f85b-f610-31a5-ba08-f928674ecdde', 4, 5, '2026-01-10 00:03:00', null, null, null, null, null, null, null, null, null, 1),
    ('f1a44f77-6a1e-d59c-c5f3-cc98917139b9', 1, 2, 1, 0, null, null, 'cef408a7-29cf-ea94-2963-2b979e31e201', 4, 4, '2026-01-10 00:07:00', null, null, null, null, null, null, null, null, null, 2),
    ('fdd57c74-2b58-d946-5dcf-9249eb2648f0', 1, 1, 7, 0, null, null, '488037db-5100-5941-679e-5c4940586972', 3, 2, '2026-01-10 00:02:00', null, null, null, null, null, null, null, null, null, 1);
insert into source values
    (1, 'web', 'nginx_combined', 0),
    (2, 'calls', 'asterisk_queue_log', 1);
insert into source_clock values
    (1, 'Europe/Berlin', '1995-01-01', '2099-12-31'),
    (2, 'Europe/Berlin', '1995-01-01', '2099-12-31');
update warehouse set generation = 1;
select nextval('seq_file'), nextval('seq_file'), nextval('seq_file'), nextval('seq_file'), nextval('seq_file');
