-- What the competitors page shows; built anew each night, empty where a site has no research.

-- Grain: one row per comparison: a company, an instrument, a metric, a wave. gap, low, high: ours less theirs; of shape ratio ours over
-- theirs. holm_low, holm_high: at the level of its rank in the family; null where it is not in it.
create or replace table competitor_gap (
    company varchar, instrument varchar, metric varchar, wave varchar, shape varchar, unit varchar, better integer,
    n_ours bigint, n_theirs bigint, shoppers_ours bigint, shoppers_theirs bigint, n_eff_ours double, n_eff_theirs double, icc double,
    value_ours double, value_theirs double, gap double, low double, high double, holm_low double, holm_high double, p_holm double,
    verdict varchar, ahead varchar, weights varchar, mapped_ours double, mapped_theirs double, n_strata bigint, n_dropped bigint,
    last_day date, age_days bigint, is_newest boolean, finding_id varchar, question varchar, cautions varchar[]
);

-- Grain: one row per company and stratum of its newest wave. weight: its part of our mix; null, with the reason, where it is left out.
create or replace table competitor_stratum (
    company varchar, wave varchar, scenario varchar, channel varchar, daypart varchar, n_ours bigint, n_theirs bigint, weight double,
    reason varchar
);

-- Grain: one row per scenario of the shops. is_known: whether steps of ours tell it in the log.
create or replace table competitor_scenario (scenario varchar, label varchar, is_known boolean);

-- Grain: one row per company and step of its newest wave, in the order of place. step: ours; null = a step of its own name only.
-- n of of_n: shops that meet it, of those whose errand (scenario, channel) anybody meets it in.
create or replace table competitor_step (
    company varchar, wave varchar, place bigint, key varchar, step varchar, name varchar, channel varchar,
    match varchar,
    n_ours bigint, n_theirs bigint, share_ours double, share_theirs double, minutes_ours double, minutes_theirs double,
    wait_ours double, wait_theirs double, names_ours varchar[], names_theirs varchar[], gap double, low double, high double,
    asks_more varchar, of_n_ours bigint, of_n_theirs bigint
);

-- Grain: one row per wave of shops that has no counterpart: of a company in which we were not shopped, or of ours alone.
create or replace table competitor_alone (company varchar, wave varchar, n bigint);

-- Grain: one row per company, side and pair of steps that follow one another in a shop of its newest wave; n: how often. Source '^' is where
-- a shop begins; target '^y', '^later', '^n' or '^?' how it ends: settled, settled later, not settled, not noted.
create or replace table competitor_move (company varchar, is_ours boolean, source varchar, target varchar, n bigint);

-- Grain: one row per mystery shop of a side with too few for a number; ways are the steps in their order.
create or replace table competitor_case (
    company varchar, is_ours boolean, wave varchar, scenario varchar, channel varchar, resolved varchar, minutes double, way varchar[]
);

-- Grain: one row per published figure. lack: what keeps it from being compared; empty where it is.
create or replace table competitor_claim (
    company varchar, kpi varchar, value double, unit varchar, period varchar, definition varchar, source varchar, n bigint, lack varchar
);

-- Grain: one row per survey result that stands beside ours and is not compared.
create or replace table competitor_beside (
    company varchar, metric varchar, wave varchar, scale varchar, n bigint, mean double, n_top bigint, mode varchar, population varchar,
    question varchar, age_days bigint, why varchar
);

-- Grain: one row per scenario and channel: our shops beside the log, minutes as geometric means.
create or replace table competitor_bias (
    scenario varchar, channel varchar, n_shops bigint, shop_minutes double, n_contacts bigint, log_minutes double, ratio double,
    low double, high double
);

-- Grain: one row per research file.
create or replace table competitor_file (file varchar, n_rows bigint, n_refused bigint, n_shops_spoiled bigint);

-- Grain: one row per row of a file that is not used, the first of each file only.
create or replace table competitor_refused (file varchar, line bigint, field varchar, told varchar);
