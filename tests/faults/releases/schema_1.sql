-- The warehouse of schema 1 (release 0.1.0) after one night over the files of test_upgrade.py, as statements; frozen.
create sequence if not exists seq_file start 1;

-- one row per source of site.toml; source_id is given once and never re-used
create table if not exists source (source_id utinyint, name varchar, adapter varchar, rank utinyint);

-- one row per delivered file; n_lines = n_accepted + n_duplicate + n_quarantined + n_blank, asserted while loading.
-- n_dropped is the part of n_accepted that was read, understood and not wanted (static files, robots).
create table if not exists ledger (
    file_id uinteger, source_id utinyint, path varchar, sha256 varchar, n_bytes ubigint,
    n_lines ubigint, n_accepted ubigint, n_duplicate ubigint, n_quarantined ubigint, n_blank ubigint,
    n_dropped ubigint, n_held_back ubigint, n_raw_events ubigint,
    first_at timestamp, last_at timestamp, status varchar, reason varchar, size_hint ubigint, mtime_hint bigint
);

-- why accepted lines gave no event, per file
create table if not exists dropped (file_id uinteger, reason varchar, n_lines ubigint);

-- identity of every line ever read, so that none counts twice: k is its number among equal lines of one file
create table if not exists line_seen (source_id utinyint, line_hash uuid, k uinteger);

-- lines that broke a rule; raw is kept byte for byte for a replay and is never shown
create table if not exists quarantine (
    file_id uinteger, line_no ubigint, byte_offset ubigint, field varchar, value_masked varchar,
    expectation varchar, raw blob, rule_version varchar
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
    wait_ms bigint, handle_ms bigint, attributes json
);

-- the goods of an order, as far as a source tells
create table if not exists order_product (source_id utinyint, order_id varchar, product_id varchar);

-- the name of the key that the pseudonyms were made with; one row
create table if not exists key_check (key_id varchar);
insert into code values
    (1, 1, 'GET /p/0'),
    (2, 1, 'GET /p/1'),
    (3, 1, 'GET /p/2'),
    (4, 1, 'GET /p/3'),
    (5, 2, 'ENTERQUEUE orders');
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
    (1, 1, 'a.log', '93642b218bf4d680f11b0da6abf28c3633f7ec098a7f364526b1f0d135e941ab', 1074, 10, 7, 0, 2, 1, 1, 0, 6, '2026-01-10 00:00:00', '2026-01-10 00:04:00', 'loaded', null, 1074, 1795370419440036477),
    (2, 1, 'b.log', '266f845fc028ef170441b9c8cf7dff555ab53447246ad2aa5e0d62dcccce31a5', 333, 6, 1, 3, 2, 0, 0, 0, 1, '2026-01-10 00:07:00', '2026-01-10 00:07:00', 'loaded', null, 333, 1795370419440212678),
    (4, 1, 'cut.gz', null, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, 'refused', 'damaged compressed file (EOFError); deliver it again', 3, 1795370419440127883),
    (5, 2, 'queue_log', 'a44e038d70aedf065a6c1a3f2e4d0de36d560185cae9455392cafa55c8ab51e2', 195, 4, 3, 0, 1, 0, 0, 0, 3, '2026-01-10 00:00:00', '2026-01-10 00:20:00', 'loaded', null, 195, 1795370419440292076);
insert into line_seen values
    (1, '291ef16f-9a93-b0d2-2f60-63352eb3fa9a', 1),
    (1, '291ef16f-9a93-b0d2-2f60-63352eb3fa9a', 2),
    (1, '291ef16f-9a93-b0d2-2f60-63352eb3fa9a', 3),
    (1, '2b0d332d-2c27-c8f7-fd28-86a40b0d772a', 1),
    (1, '4c64ae54-b2f1-a739-d6e6-33ac6d464590', 1),
    (1, '788bde89-f8e8-2a92-0180-edcdfcc2e169', 1),
    (1, '979d584b-479d-99ac-e2b2-130bafea76b7', 1),
    (1, 'a8ce4df9-6e6d-15fd-0deb-74cfd5d7a96a', 1),
    (1, 'c72c98fe-577d-3ca2-1914-c578c959f009', 1),
    (1, 'e3cfd783-a3ff-d97c-5bf8-c2a3a9460c2e', 1),
    (1, 'e3cfd783-a3ff-d97c-5bf8-c2a3a9460c2e', 2),
    (1, 'ee91bedd-9807-c135-bb0b-693cfb29b87e', 1),
    (2, '33092ec2-7fcc-266b-c9fe-58fe81000808', 1),
    (2, 'a13244d7-48a9-c176-7130-afe692e0bd90', 1),
    (2, 'bc7ddae4-38a4-69a0-b3f0-77c8cbab121a', 1),
    (2, 'cb83dc84-4169-c4be-62bc-4310e2c3d6d5', 1);
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
    (1, 6, 755, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1'),
    (1, 9, 1066, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1'),
    (2, 5, 316, 'fields', '9', 'the quoted fields of the combined format and those named in `extra`', '\x73\x70\x6F\x69\x6C\x74'::blob, '1'),
    (2, 6, 323, 'encoding', 'xxx xxxxx', 'text in the encoding of the source', '\x6E\x6F\x20\x74\x65\x78\x74\x20\xFF'::blob, '1'),
    (5, 4, 186, 'fields', '9', 'epoch|callid|queue|agent|EVENT|...', '\x31\x7C\x73\x70\x6F\x69\x6C\x74'::blob, '1');
insert into raw_event values
    ('20fb797a-b1b0-5ba5-ce12-d371148f94eb', 1, 2, 1, 0, null, null, '2b0d332d-2c27-c8f7-fd28-86a40b0d772a', 4, 4, '2026-01-10 00:07:00', null, null, null, null, null, null, null, null, null),
    ('63347733-34e0-f700-8e24-2b915e0ebef0', 1, 1, 1, 0, null, null, '788bde89-f8e8-2a92-0180-edcdfcc2e169', 1, 4, '2026-01-10 00:00:00', null, null, null, null, null, null, null, null, null),
    ('898bbbb0-389e-1d1e-78b9-351af336bbe3', 1, 1, 5, 0, null, null, 'a8ce4df9-6e6d-15fd-0deb-74cfd5d7a96a', 1, 1, '2026-01-10 00:04:00', null, null, null, null, null, null, null, null, null),
    ('917324a0-2488-0ca8-4c55-09e0bf598528', 2, 5, 2, 0, null, null, 'cb83dc84-4169-c4be-62bc-4310e2c3d6d5', 5, 6, '2026-01-10 00:10:00', null, null, null, null, '1768003800.1', 'orders', null, null, null),
    ('a42bcb86-c3bc-2812-648b-5915ba28c922', 2, 5, 3, 0, null, null, 'a13244d7-48a9-c176-7130-afe692e0bd90', 5, 8, '2026-01-10 00:20:00', null, null, null, null, '1768004400.1', 'orders', null, null, null),
    ('bfacda0c-e635-a416-489a-d9542db85bce', 1, 1, 3, 0, null, null, 'e3cfd783-a3ff-d97c-5bf8-c2a3a9460c2e', 3, 2, '2026-01-10 00:02:00', null, null, null, null, null, null, null, null, null),
    ('c0db132f-c264-ecf1-3c3f-8ceb09e98ead', 2, 5, 1, 0, null, null, 'bc7ddae4-38a4-69a0-b3f0-77c8cbab121a', 5, 7, '2026-01-10 00:00:00', null, null, null, null, '1768003200.1', 'orders', null, null, null),
    ('c42571c8-c06a-64a0-2b4a-34f335e4cc70', 1, 1, 4, 0, null, null, '4c64ae54-b2f1-a739-d6e6-33ac6d464590', 4, 5, '2026-01-10 00:03:00', null, null, null, null, null, null, null, null, null),
    ('e27c88d9-fd96-4085-96d7-aba16aeea1f9', 1, 1, 7, 0, null, null, 'e3cfd783-a3ff-d97c-5bf8-c2a3a9460c2e', 3, 2, '2026-01-10 00:02:00', null, null, null, null, null, null, null, null, null),
    ('f12e0a03-d9ea-60d0-41fb-ea3837d9549d', 1, 1, 2, 0, null, null, 'c72c98fe-577d-3ca2-1914-c578c959f009', 2, 3, '2026-01-10 00:01:00', null, null, null, null, null, null, null, null, null);
insert into source values
    (1, 'web', 'nginx_combined', 0),
    (2, 'calls', 'asterisk_queue_log', 1);
select nextval('seq_file'), nextval('seq_file'), nextval('seq_file'), nextval('seq_file'), nextval('seq_file');
