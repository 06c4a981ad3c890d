-- What mining keeps for good. Everything else it makes is built anew each night.

-- one row per finding of the last night; the record of the method note, section 0.4
create table if not exists finding (
    finding_id varchar, no_label varchar, kind varchar, status varchar, grade varchar, rank_no integer,
    title varchar, text_evidence varchar, text_caution varchar,
    where_json json, window_json json, n_json json, effect_json json, ci_json json,
    p double, q double, family varchar, m integer,
    cost_json json, evidence_json json, robustness_json json,
    first_seen date, last_seen date,
    definition_version varchar, config_hash varchar, input_hash varchar, seed bigint, extra_json json
);

-- one row per finding ever made: the number of its label, which never means another finding
create table if not exists finding_register (finding_id varchar, label_no integer, given_on date);

-- one row per finding and night
create table if not exists finding_history (
    finding_id varchar, night date, status varchar, value double, low double, high double
);

-- one row per variant that shows a finding; amount = passes, blame or occurrences per journey of the variant
create or replace table finding_variant (finding_id varchar, variant_id uinteger, amount double);

-- one row per journey that shows a finding which is not a matter of the variant alone: times, orders that are not known
create or replace table finding_journey (finding_id varchar, journey_id uinteger, amount double);

-- one row per bad outcome and path to it; path_no 0 = the journeys that went none of the paths, so that the shares of an outcome add up.
-- n_bad and the rest are of the customers kept apart, n_ended and n_at_risk of all; difference null = not measured (outcome_paths.py)
create or replace table outcome_path (
    outcome varchar, form varchar, path_no integer, steps varchar[], finding_id varchar, n_ended bigint, n_at_risk bigint,
    n_bad bigint, hits bigint, n_customers bigint, share double, share_low double, share_high double, others double,
    difference double, low double, high double
);

-- one row per discovered model
create or replace table model_quality (
    model varchar, fitness double, precision_ double, n_variants ubigint, n_journeys ubigint,
    coverage_share double, note varchar
);

-- one row per decision date that was held: every fourth Monday, over the closed window that ends there
create table if not exists decision_date (
    decided_for date, decided_on date, window_from date, window_to date, config_hash varchar
);

-- one row per finding of a decision; record_json = the finding as it was decided on
create table if not exists decision (decided_for date, finding_id varchar, status varchar, record_json json);

-- one row per thing that happened to a finding: confirmed, changed, withdrawn, accepted; built anew each night
create or replace table finding_ledger (
    finding_id varchar, happened_on date, what varchar, note varchar
);

-- one row per night and measure: the key figures as that night told them (night_figures.py); low and high null = no interval
create table if not exists night_figure (
    night date, measure varchar, value double, low double, high double, n bigint
);

-- one row per result of a what-if that tonight used: the hash of all that it depends on, and the result (mining/whatif/forecast.py)
create table if not exists whatif_result (input_key varchar, result_json varchar);
