//! The promises of the control store, on SQLite and on PostgreSQL by the same tests. Each runs with two stores over one
//! database, as two processes have them.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic: that is how they fail"
)]

/// The folder of this name.
mod control_contract {
    pub mod bounded;
    pub mod bundles;
    pub mod closing;
    pub mod consent;
    pub mod damage;
    pub mod databases;
    pub mod directory;
    pub mod directory_model;
    pub mod edges;
    pub mod idempotency;
    pub mod idempotency_old;
    pub mod idempotency_races;
    pub mod idempotency_recorded;
    pub mod inbox;
    pub mod key_check;
    pub mod keys;
    pub mod kills;
    pub mod ledger;
    pub mod machine_model;
    pub mod money;
    pub mod notify;
    pub mod onboarding;
    pub mod outbox;
    pub mod patience;
    pub mod quotas;
    pub mod races;
    pub mod receipts;
    pub mod reconcile;
    pub mod record;
    pub mod record_model;
    pub mod record_words;
    pub mod replies;
    pub mod replies_safe;
    pub mod resends;
    pub mod sealed;
    pub mod sending;
    pub mod tokens;
    pub mod tokens_again;
    pub mod trouble;
    pub mod words;
    pub mod world;
}

use control_contract::{
    bounded, bundles, closing, consent, damage, databases, directory, directory_model, edges, idempotency,
    idempotency_old, idempotency_races, idempotency_recorded, inbox, key_check, keys, kills, ledger, machine_model,
    money, notify, onboarding, outbox, patience, quotas, races, receipts, reconcile, record, record_model,
    record_words, replies, replies_safe, resends, sealed, sending, tokens, tokens_again, trouble, words,
    world::{self, World},
};
use tests::postgres::Cluster;

macro_rules! contracts {
    ($($part:ident { $($name:ident,)* })*) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    let world = super::World::on_sqlite(stringify!($name)).await;
                    super::$part::$name(&world).await;
                    world.end().await;
                }
            )*)*
        }

        /// One test, because each test process that needs a cluster starts one.
        #[tokio::test(flavor = "multi_thread")]
        async fn postgres_keeps_every_promise() {
            let cluster = Cluster::shared().unwrap();
            $($(
                eprintln!(stringify!($name));
                let world = World::on(&cluster.database().unwrap()).await;
                $part::$name(&world).await;
                world.end().await;
            )*)*
        }
    };
}

contracts! {
    consent {
        a_yes_becomes_one_token_for_what_was_asked,
        of_a_hundred_right_passcodes_at_once_one_counts,
        of_four_hundred_wrong_passcodes_at_once_three_are_tried,
        a_passcode_is_a_yes_to_its_own_request_only,
        a_request_without_a_citizen_answers_like_any_other,
        what_comes_too_late_is_expired,
        a_refused_request_takes_no_passcode,
    }
    races {
        of_forty_polls_at_once_one_gets_the_token,
        however_many_send_one_message_goes_out,
        a_request_is_sent_or_suppressed_and_never_both,
        a_no_and_a_yes_at_once_leave_one_of_them,
        of_forty_who_take_an_approval_at_once_one_does,
        a_token_given_back_while_others_reach_for_it_has_one_holder,
        use_and_revocation_at_once_leave_nothing_to_use,
        a_consent_is_revoked_once_and_paused_once_by_many,
        requests_of_one_handle_are_one_request,
    }
    record {
        c45_each_change_of_a_consent_is_a_revision_that_tells_by_what,
        c29_a_request_that_ends_without_a_yes_has_its_record_too,
        c20_a_citizen_who_is_not_asked_leaves_the_same_record,
        c13_of_many_at_once_one_makes_a_revision,
        c45_the_first_revision_that_was_meddled_with_is_named,
        c45_a_broken_record_lets_an_end_through_and_no_beginning,
        a_consent_from_before_there_were_records_gets_its_beginning_with_its_end,
        each_revision_waits_for_its_leaf_and_is_claimed_once,
        what_a_citizen_was_shown_is_kept_without_the_passcode_and_goes_with_the_key,
        c48_no_store_of_the_record_names_a_citizen,
    }
    record_model {
        c45_whatever_happens_records_hold_and_tell_what_happened,
    }
    record_words {
        c36_who_paused_resumes_in_every_order_and_the_record_tells_who,
        c32_stop_all_ends_each_once_and_tells_who_knows_its_consent_once,
        c45_each_message_that_was_shown_is_committed_to_in_its_order,
        c45_of_an_erased_citizen_nothing_is_kept_and_the_record_holds,
        c28_a_ping_is_due_once_whatever_ends_the_request_at_once,
        each_revision_is_claimed_by_one_of_many_nodes,
        c31_c32_uses_a_pause_and_an_end_at_once_leave_nothing_to_use,
        c40_words_from_a_shared_number_touch_only_who_is_meant,
    }
    resends {
        the_passcode_before_is_worth_nothing_once_another_is_sent,
        of_forty_resends_at_once_one_counts,
        nobody_elses_request_is_sent_again_or_taken_back,
        a_yes_and_a_withdrawal_at_once_leave_nothing_to_use,
        a_token_is_fetched_or_its_request_taken_back_and_never_both,
        a_token_is_explained_to_its_agency_and_given_back_by_it_alone,
    }
    sending {
        a_message_goes_out_once_piece_by_piece_and_its_text_is_forgotten,
        what_the_network_does_not_take_now_goes_out_later,
        c49_what_nobody_knows_of_goes_out_again_in_the_same_words_and_not_for_ever,
        what_the_network_will_not_have_is_given_up,
        what_is_of_no_use_any_more_is_not_sent,
        of_two_senders_one_sends,
        a_kill_between_two_pieces_repeats_neither_the_first_nor_loses_the_second,
        a_passcode_that_was_replaced_does_not_go_out,
        a_message_that_cannot_be_read_stops_no_other,
        while_the_link_is_down_nothing_is_taken_out,
        a_network_that_is_found_back_by_trying_is_tried_with_one_message,
        what_became_of_messages_is_forgotten_after_a_month,
    }
    kills {
        c49_whatever_the_kill_nothing_is_lost_and_nothing_that_a_receipt_proves_is_doubled,
    }
    patience {
        c19_of_many_who_ask_at_once_three_are_heard,
        c19_the_sixth_request_of_a_day_that_nobody_answers_is_not_heard,
        c19_two_noes_in_a_day_are_a_week_of_silence,
        c15_ten_wrong_passcodes_at_three_agencies_and_nobody_can_ask,
        c15_of_many_who_guess_at_once_ten_are_heard,
        c15_whoever_tries_what_nobody_was_asked_for_guesses_at_nothing,
        c19_what_never_went_out_is_not_unanswered,
        a_citizen_who_locks_is_asked_by_nobody_and_unlocks_by_a_code,
        a_number_that_nobody_enrolled_locks_nothing_and_gets_no_code,
    }
    words {
        c32_a_pause_shuts_and_a_resume_by_code_opens_again,
        c32_a_pause_of_what_is_not_the_senders_or_not_standing_is_none,
        c36_what_a_citizen_paused_a_withdrawn_notice_leaves_paused,
        c38_of_twenty_pauses_one_is_done_and_answered,
        a_pause_and_a_revocation_at_once_end_it,
        c32_stop_all_needs_a_code_and_ends_everything_for_ever,
        a_code_is_dead_after_three_wrong_ones_or_ten_minutes,
        c32_consents_lists_what_holds_and_no_more,
        lists_and_languages_are_told_ten_times_a_day,
        c40_on_a_shared_number_a_list_needs_the_last_four_digits,
        a_blocked_agency_asks_nobody_until_a_code_unblocks_it,
        a_name_that_two_agencies_have_blocks_neither,
        a_citizen_is_told_in_the_language_of_choice,
        c40_wishes_are_noted_and_loosened_by_a_code_only,
    }
    receipts {
        c49_a_receipt_finds_its_message_in_every_form_of_its_name,
        c49_a_receipt_that_comes_before_the_answer_waits_for_it,
        c49_a_receipt_of_nothing_does_nothing,
        a_receipt_proves_that_a_message_went_out_whose_answer_was_lost,
        the_first_end_that_was_told_stays,
        parts_of_a_citizens_message_are_one_message_in_any_order,
        two_parts_that_come_at_once_are_one_message,
        impossible_parts_and_parts_without_end_are_forgotten,
    }
    inbox {
        c29_a_no_refuses_and_the_right_passcode_comes_too_late,
        c29_c32_a_no_after_the_yes_ends_it,
        c38_a_message_that_networks_repeat_is_one,
        c39_another_number_refuses_and_ends_nothing,
        a_number_learns_its_answers_language_but_not_that_it_is_known,
        who_plays_is_answered_three_times_a_day_and_still_obeyed,
        a_no_and_a_yes_at_once_leave_nothing_to_use,
        a_no_and_a_fetch_at_once_leave_nothing_to_use,
        a_reference_means_the_newest_that_there_is_something_to_do_about,
        who_guesses_references_is_not_listened_to_any_more_that_day,
        a_contact_that_cannot_be_read_keeps_no_process_from_starting,
        c46_the_inbox_names_nobody,
    }
    replies {
        c30_an_ok_with_passcode_and_digits_allows,
        c30_wrong_digits_and_a_wrong_passcode_cost_a_try_each,
        c30_a_wrong_ok_is_a_try_at_all_that_waits_and_a_right_one_at_nothing_else,
        c30_at_the_counter_the_passcode_is_not_taken_and_costs_no_try,
        c30_c38_of_fifty_right_oks_at_once_one_counts,
        c30_of_forty_wrong_oks_at_once_three_are_tried,
        c30_c38_a_right_ok_among_wrong_ones_allows_once_or_comes_too_late,
        c38_a_repeated_wrong_ok_is_one_try,
        c29_c30_a_late_ok_does_nothing,
        c29_c30_a_no_and_an_ok_at_once_leave_nothing_to_use,
        c14_c30_a_new_passcode_comes_with_the_same_digits,
        requests_beyond_the_bound_wait_for_no_ok,
    }
    replies_safe {
        c39_the_right_ok_from_another_number_does_nothing_and_is_logged,
        c46_neither_passcode_nor_digits_stand_in_the_store,
        c46_a_thief_who_changes_rows_gets_no_yes,
    }
    edges {
        a_passcode_holds_until_its_last_microsecond,
        a_message_goes_out_until_the_last_microsecond,
        a_yes_is_collected_until_its_last_microsecond,
        a_poll_is_too_fast_until_the_interval_is_over,
        a_token_holds_until_its_last_microsecond,
        a_consent_that_ends_sooner_ends_its_token_sooner,
        a_consent_that_ended_before_it_was_collected_gives_no_token,
        a_yes_holds_from_the_millisecond_that_it_was_said_in,
        what_is_remembered_holds_one_second_of_silence,
    }
    machine_model {
        random_steps_answer_as_the_machine_does,
    }
    tokens {
        of_fifty_uses_at_once_one_wins,
        a_token_holds_under_its_certificate_and_for_its_time_only,
        what_released_nothing_is_given_back_to_its_request_only,
        a_standing_consent_is_used_often_and_ends_everywhere_when_revoked,
        a_paused_consent_holds_nothing_until_it_goes_on,
        an_approval_is_used_once_and_leaves_the_directory,
        a_programme_is_used_as_often_as_it_may_be_in_each_window,
    }
    bounded {
        c31_of_fifty_uses_at_once_in_one_period_as_many_win_as_it_has,
        c31_of_fifty_uses_at_once_as_many_win_as_the_consent_has_in_all,
        c31_a_use_that_released_nothing_is_given_back_and_a_request_uses_once,
        c31_c32_a_consent_that_was_ended_or_paused_is_not_used,
        c31_a_token_tells_what_bounds_it,
        c31_seven_days_before_its_end_the_citizen_is_told_once,
        c31_what_ended_before_or_lives_too_short_is_not_announced,
    }
    tokens_again {
        a_used_token_is_found_again_by_the_request_that_used_it,
        a_used_token_is_found_again_for_ten_minutes_after_its_use,
        a_used_token_is_not_found_again_after_the_end_that_was_asked,
        a_token_that_nobody_used_is_found_again_as_it_is_found,
        a_revoked_consent_is_not_found_again,
        a_paused_consent_is_not_found_again_until_it_goes_on,
        a_standing_token_is_found_again_by_any_request_until_it_ends,
        a_damaged_consent_is_not_found_again,
    }
    directory {
        what_is_written_reads_back,
        the_generation_rises_with_every_change,
        a_revoked_serial_outlives_the_directory,
        readers_never_see_half_a_change,
    }
    directory_model {
        random_changes_are_those_of_a_plain_directory,
        changes_of_one_entry_at_once_are_all_kept,
        a_directory_of_every_kind_reads_back_and_is_replaced_whole,
        equal_names_in_different_agencies_are_different_users,
    }
    keys {
        a_citizen_has_one_key_until_it_is_destroyed,
        a_number_is_found_by_its_citizen_only,
        a_citizens_key_is_one_however_many_ask_first,
        a_key_asked_for_while_it_is_destroyed_does_not_come_back,
        a_destroyed_key_is_forgotten_elsewhere_within_a_second,
        destruction_of_one_citizens_key_leaves_the_others,
        a_citizens_digest_is_a_function_of_number_and_lookup_key,
        many_numbers_are_kept_and_each_opens_under_its_citizen,
    }
    sealed {
        keys_and_numbers_of_two_citizens_cannot_be_exchanged,
        a_sealed_value_does_not_open_in_another_table_or_column,
        messages_cannot_be_sent_to_each_others_citizens,
        an_answer_is_given_to_its_own_key_only,
        a_passcodes_code_is_no_passcode_elsewhere,
    }
    damage {
        a_damaged_request_takes_no_passcode_and_gives_no_token,
        a_damaged_consent_is_an_error_and_never_half_believed,
        a_damaged_directory_is_not_read_in_part,
        a_damaged_generation_stops_every_change_and_every_reader,
        damaged_keys_numbers_and_messages_are_errors,
        a_damaged_answer_is_not_repeated,
        the_tables_keep_their_own_rules,
    }
    onboarding {
        an_application_becomes_an_agency_with_an_agreement_by_two_persons,
        no_type_of_client_is_decided_without_its_condition,
        nobody_decides_their_own_proposal_whatever_runs,
        of_many_who_decide_at_once_one_does,
        a_change_that_became_unsound_is_not_applied,
        a_change_proposed_before_a_suspension_does_not_undo_it,
        a_proposal_of_the_version_before_is_proposed_anew,
        an_approval_that_was_used_up_keeps_its_name,
        forms_and_proposals_are_sealed_and_a_damaged_one_is_an_error,
        what_changes_the_directory_waits_for_its_leaf_under_its_persons_name,
    }
    money {
        rate_books_and_gifts_come_by_two_persons_and_not_too_soon,
        an_agency_that_changes_its_sector_pays_by_the_new_column_when_every_gateway_knows,
        how_an_agency_pays_comes_by_two_persons,
    }
    ledger {
        b28_of_sixty_four_who_reach_for_a_wallet_of_n_rows_exactly_n_get_one,
        b28_a_request_that_died_with_its_hold_is_given_up_when_the_log_was_read_beyond_its_end,
        b28_holds_and_postings_at_once_never_take_a_wallet_below_nothing,
        b29_what_is_given_is_rated_in_full_and_offset,
        b33_each_range_of_the_log_is_posted_once_whoever_posts_it,
        b33_the_books_say_when_somebody_changed_them,
        a_hold_is_lowered_put_off_and_ended,
        money_that_came_in_is_in_the_books_once_under_its_reference,
        a_ledger_ahead_of_its_log_posts_nothing,
    }
    closing {
        a_month_is_closed_once_whoever_closes_it_and_corrected_by_reversal_alone,
        a_month_whose_entries_are_not_posted_is_not_closed,
    }
    quotas {
        r141_of_sixty_four_who_reach_for_n_at_several_levels_exactly_n_get_it,
        r141_a_request_that_fails_at_the_third_quota_has_taken_of_none,
        r141_what_is_used_after_posting_is_what_the_leaves_say,
        r141_what_a_request_that_died_had_taken_is_given_up_when_the_log_was_read_beyond_its_end,
        r141_takings_and_postings_at_once_never_take_more_than_there_is,
        r141_quotas_that_have_reached_a_warning_are_counted_in_their_period,
        r141_quotas_come_by_two_persons,
    }
    idempotency_recorded {
        b24_an_answer_that_is_recorded_finishes_its_key_whoever_died,
        what_ended_without_an_answer_finishes_no_key,
    }
    reconcile {
        b33_the_ledger_is_held_against_the_leaves_from_where_it_was_the_last_time,
        b33_what_was_changed_consistently_is_named_by_its_range_and_accounts,
        b33_whatever_happened_the_ledger_agrees_with_the_leaves,
        a_ledger_of_before_its_places_is_held_against_the_log_as_one_range,
        a_ledger_ahead_of_its_log_is_not_compared,
    }
    notify {
        c28_an_approved_request_is_told_of_once_and_by_its_name_alone,
        c28_who_does_not_answer_and_who_is_not_there_are_told_of_at_one_instant,
        c28_a_refusal_and_the_last_try_are_told_of_and_what_the_agency_took_back_is_not,
        c28_what_fails_is_told_again_with_doubling_waits_and_not_for_ever,
        c28_what_the_agency_will_not_have_is_not_told_again,
        c28_whoever_dies_over_a_notification_leaves_it_to_be_told_again,
        an_agency_that_does_not_answer_holds_no_more_than_its_share,
        c28_a_ping_goes_where_the_directory_says_now_or_nowhere,
        c28_what_a_ping_carries_is_sealed_while_it_waits_and_gone_afterwards,
        c32_an_agency_is_told_of_a_consent_that_ends_otherwise_than_by_itself,
    }
    outbox {
        messages_come_oldest_first_and_the_newest_are_kept_in_sight,
        messages_of_one_instant_keep_one_order,
        nothing_is_queued_for_a_request_that_cannot_be_sent,
        a_text_comes_out_as_it_went_in,
    }
    idempotency {
        the_same_request_is_done_once,
        work_that_never_ended_is_taken_over,
    }
    idempotency_races {
        of_many_with_one_key_one_does_the_work,
        work_is_finished_once_and_replays_are_counted_to_their_bound,
        a_key_is_ours_within_agency_user_and_service,
        a_key_is_remembered_to_the_microsecond,
        a_reused_key_begins_anew,
        an_answer_of_any_size_is_given_again_as_it_was,
    }
    idempotency_old {
        what_is_claimed_is_finished_found_and_counted,
        what_is_abandoned_is_free_for_any_request,
        forgetting_forgets_only_what_is_a_day_old,
        forgetting_takes_no_key_that_is_begun_at_once,
        forgetting_waits_for_its_turn,
    }
    bundles {
        the_highest_generation_is_in_force_and_the_past_stays,
        a_generation_that_does_not_rise_or_follows_another_is_refused,
        of_twenty_who_activate_at_once_one_does,
        a_process_tells_what_it_decides_by_and_is_kept_once,
        a_damaged_generation_of_the_law_is_an_error,
    }
    key_check {
        another_key_is_named_at_the_start,
        of_two_first_starts_with_different_keys_one_is_refused,
        a_refused_start_keeps_nothing,
        a_damaged_tag_is_another_key,
        a_tag_is_no_digest_of_a_citizen,
    }
    databases {
        tables_come_from_each_older_version_to_the_newest,
        a_step_that_fails_half_way_leaves_the_version_before_it,
        of_many_who_migrate_at_once_each_finds_it_done_once,
        components_have_versions_of_their_own,
        a_control_database_of_version_one_is_brought_up,
        a_control_database_of_a_newer_version_is_refused_and_left_alone,
        failures_are_told_by_what_to_do,
        every_connection_is_set_up,
        no_failure_repeats_what_was_stored,
    }
    trouble {
        a_locked_store_says_so_soon_and_serves_readers,
        readers_find_a_connection_however_many_wait_to_write,
        a_closed_store_answers_nothing,
        work_that_is_dropped_leaves_no_lock_and_no_trace,
        a_table_that_is_gone_is_an_error_and_no_answer,
        a_schema_that_is_gone_stops_the_start,
    }
}
