"""Every number that the findings rest on, in one frozen place; its hash goes into each finding as `config_hash`.

Source of the defaults: the method note, sections 0.5 to 0.7, 3 to 5. Change one and every finding says so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

DEFINITION_VERSION = "1"
"""Version of what the kinds of finding mean. It is part of a finding's identity: raise it when a definition changes."""


@dataclass(frozen=True)
class Method:
    """Floors, limits and levels. Shares are 0..1, times carry their unit in the name."""

    # all findings
    confidence: float = 0.95
    small_cell_customers: int = 5
    """Fewer customers than this are never published (privacy)."""
    discovery_parts: int = 6
    """Customers in parts 0..5 of 10 propose candidates, those in 6..9 confirm them."""
    discovery_q: float = 0.10
    confirm_alpha: float = 0.05
    bootstrap_draws: int = 1000
    bootstrap_customers_max: int = 5_000
    """Above that many customers with minutes, the normal limit of the same bootstrap is used: same answer, bounded
    time.
    """
    n_typical: int = 10
    n_extreme: int = 5
    n_counter: int = 5
    stored_per_kind_max: int = 20
    """Findings kept per kind; the number left out is in `data_quality`."""

    # loops (4.3)
    loop_journeys_min: int = 100
    loop_hits_min: int = 20
    loop_customers_min: int = 15

    # repeat contact (4.2)
    repeat_days: tuple[int, ...] = (1, 7, 14)
    repeat_days_told: int = 7
    repeat_contacts_min: int = 300
    season_ratio_max: float = 1.25
    """The far window is out of season when all contacts together are that many times more, or less, than near."""

    # deviations (3.4)
    deviation_journeys_min: int = 100
    deviation_hits_min: int = 10
    never_cases_min: int = 300
    """Cases without a hit from which "practically never" may be said (rule of three: at most 3 in 300)."""
    context_journeys_min: int = 30
    alternative_blame: float = 0.8
    align_pops_max: int = 200_000
    align_pops_night: int = 60_000_000
    """Budget of node expansions for a whole night: a count, not a clock, so that it is the same on every machine."""
    align_paths_max: int = 24
    """Optimal alignments looked at per variant for the wording; more are sampled evenly over all of them."""
    undecided_share_max: float = 0.01
    late_waits_min: int = 200
    late_share: float = 0.01
    """Share of waits above the limit that is usual: what the limit is made for (3.6)."""
    late_usual_share_max: float = 0.05
    """With more than this above the limit in the weeks before, waits have several usual lengths, and that was usual."""
    coarse_orders_max: int = 720
    """Orders that are tried for a journey with steps of which only the day is known; with more it is undecided."""
    source_day_share_min: float = 0.5
    """Below this share of the median volume of its weekday a source's day counts as not recorded."""
    source_day_chance: float = 6.0
    """What a day lacks must also be more than this many square roots of the usual volume: with few events, which come
    several to a journey, chance alone halves a day now and then."""
    source_day_weeks: int = 4
    """Weeks to either side that the median is of: volumes drift."""
    unlinked_steps_min: int = 3
    """So many steps of one source that a way needs, and none of which a journey has, are not taken for skipped ..."""
    unlinked_unsure_share_min: float = 0.10
    """... where this share of the source's events is joined to customers by no strong identifier."""

    # merges (5)
    merge_share_min: float = 0.85
    merge_band_share_min: float = 0.80
    merge_entropy_max_bit: float = 0.30
    merge_gap_max_ms: int = 10 * 60 * 1000
    merge_gap_min_ms: int = 2000
    merge_occurrences_min: int = 100
    merge_setup_min: float = 1.0
    """Minutes a second contact costs before it gets going (greeting, login): assumed until an operator measures it."""
    realisable_low: float = 0.3
    realisable_mid: float = 0.6
    realisable_high: float = 0.9

    entropy_draws: int = 200

    # competitors (10.2)
    gap_cases_min: int = 10
    """With fewer on a side cases are told, and no number."""
    gap_ranking_min: int = 30
    gap_unmapped_share_max: float = 0.30
    """With more steps that have no counterpart journey lengths are not compared."""
    gap_margin_share: float = 0.10
    gap_margin_time: float = 0.20
    """How far shares and times may lie apart and still be as good as each other."""
    gap_age_days_max: int = 365

    # requests made twice (4.2, 5)
    request_journeys_min: int = 200
    request_share_min: float = 0.05
    re_ask_journeys_min: int = 100
    re_ask_hits_min: int = 20
    re_ask_customers_min: int = 15

    # hand-offs (5)
    handoff_min: int = 100
    handoff_share_min: float = 0.30
    handoff_work_ms: int = 60 * 1000
    """A department that worked less than this did no work of its own."""
    handoff_within_ms: int = 24 * 3600 * 1000
    """Who turns up at another department later than this was not handed over."""

    # steps to drop (5)
    equivalence_margins: tuple[float, ...] = (0.01, 0.02)
    equivalence_margin_of_base: float = 0.4
    """No margin above this part of the share that ends badly: 2 points say nothing where 1 % does."""
    equivalence_confidence: float = 0.90
    next_step_distance_max: float = 0.05
    next_step_draws: int = 300
    arm_min: int = 30
    """Fewer journeys than this with or without the step: it is not looked at at all."""
    top_value_share: float = 0.05

    # web to phone (5, 7.3)
    switch_visits_min: int = 200
    switch_pairs_min: int = 20
    switch_within_ms: int = 24 * 3600 * 1000

    # failure points (6.2)
    failure_rows_min: int = 50
    failure_outcomes_min: int = 10
    failure_customers_min: int = 30
    failure_main_outcomes_min: int = 5
    """Outcomes after a stage's main step. Asking for more would choose a step that fails, where few do, as the main."""
    failure_epv_min: float = 10.0
    """Outcomes per parameter of the model; below it, less is accounted for."""
    failure_odds_min: float = 1.2
    failure_difference_min: float = 0.005
    failure_days: int = 7
    """A delayed outcome is one of a step when it comes within so many days after it."""
    failure_control_days: int = 28
    """The negative control: the same outcome within so many days before the step."""
    failure_door_share: float = 0.5
    """A step directly before at least this share of all the outcomes may be the way to it rather than its reason."""

    # pages that cause calls (7)
    page_views_min: int = 200
    page_calls_min: int = 10
    page_times_min: float = 1.5
    page_sure: float = 0.95
    """A page stands out when it is with this probability followed by more than `page_times_min` as many calls as its
    peers."""
    page_sides_min: int = 20
    page_self_alpha: float = 0.01

    # paths to a bad outcome (6)
    path_bad_min: int = 30
    """Journeys that end so; with fewer no paths are looked for."""
    path_hits_min: int = 10
    path_customers_min: int = 10
    path_share_min: float = 0.05
    path_difference_min: float = 0.05
    """A path is told when bad journeys go it by so much more than others that had come as far."""
    path_at_risk_min: int = 10
    """Moments of others at a point, in each part of the customers, so that bad journeys are compared there."""
    path_most: int = 4
    path_steps_max: int = 5

    hint_peers_min: int = 8
    """Products that a product is held against at least; with fewer in its category, all others."""
    hint_peers_share: float = 0.8
    """What so many peers have and a page lacks is a hint (7.4) ..."""
    hint_low_share: float = 0.1
    hint_low_times: float = 0.5
    """... and so is a number that all but this share of them exceed, below this many times their median."""

    # changes (8)
    change_pre_weeks_min: int = 8
    change_post_weeks_min: int = 4
    change_contacts_min: int = 200
    """Contacts of each group in a usual week."""
    change_days_min: int = 4
    """Days of a week that must be left when holidays and days without data are taken out."""
    change_apart_weeks: int = 4
    """Two changes of the same contacts that lie nearer to each other can't be told apart."""
    change_placebos_min: int = 8
    change_lot_alpha: float = 0.001
    """A roll-out by lot whose arms differ so much from what was declared is none."""
    change_code_share: float = 0.01
    """A code of so many of a group's contacts that is only there before or after a change may be counted otherwise."""
    abandon_penalty_min: float = 2.0
    """What a contact that is given up costs the customer beyond its own minutes (0.5): assumed."""

    # messages of one day (5)
    batch_days_min: int = 50
    batch_customers_min: int = 15
    reading_min: float = 0.5
    switch_min: float = 1.0
    """Finding one's way in another channel, before its log begins: assumed until an operator measures it."""
    batch_share_min: float = 0.05
    message_channels: tuple[str, ...] = ("mail", "email", "sms", "letter", "post", "push")
    """Channels of what customers only read; a call is a talk, and what is agreed there may well be sent that day."""

    # discovery
    model_noise_thresholds: tuple[float, ...] = (0.2, 0.3, 0.4, 0.5)
    """The inductive miner ignores paths rarer than this share of the strongest one at the same point; the threshold
    with the best harmonic mean of fitness and precision is taken, and stated."""
    model_variants_max: int = 200
    model_orders_min: int = 100
    """With fewer journeys that have an order, the model is of all journeys."""
    model_traces_max: int = 1000

    def config_hash(self, extra: dict[str, object] | None = None) -> str:
        """First 16 hex of the SHA-256 of all values and of what else decides a finding (costs, intended process)."""
        text = json.dumps({"method": asdict(self), "extra": extra or {}}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
