//! One suite for the two homes of the record: every test runs on SQLite and on PostgreSQL.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "store/consents.rs"]
mod consents;
#[path = "store/deposits.rs"]
mod deposits;
#[path = "store/due.rs"]
mod due;
#[path = "store/home.rs"]
mod home;
#[path = "store/journal.rs"]
mod journal;
#[path = "store/notices.rs"]
mod notices;
#[path = "store/numbers.rs"]
mod numbers;
#[path = "store/organizations.rs"]
mod organizations;
#[path = "store/pages.rs"]
mod pages;
#[path = "store/raw.rs"]
mod raw;
#[path = "store/reads.rs"]
mod reads;
#[path = "store/records.rs"]
mod records;
#[path = "store/rights.rs"]
mod rights;
#[path = "store/searches.rs"]
mod searches;
#[path = "store/traces.rs"]
mod traces;
#[path = "store/visibility.rs"]
mod visibility;
#[path = "store/world.rs"]
mod world;

/// Makes two tests of each function, one per home.
macro_rules! on_both {
    ($($room:ident: $($test:ident)+;)+) => {
        mod on_sqlite {
            $(mod $room {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let home = crate::home::Home::sqlite();
                    crate::$room::$test(&home.url).await;
                })+
            })+
        }
        mod on_postgres {
            $(mod $room {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(home) = crate::home::Home::postgres().await {
                        crate::$room::$test(&home.url).await;
                    }
                })+
            })+
        }
    };
}

on_both! {
    records:
        opens_changes_and_keeps_versions
        locates_ids_of_every_kind
        refuses_a_stale_permit_and_a_wrong_permit
        survives_reopening
        ready_until_closed;
    numbers:
        a_record_goes_on_under_a_new_number
        no_number_is_lost_or_taken
        a_number_has_one_record_whoever_comes_first
        nothing_is_left_of_any_number
        records_from_before_have_their_number;
    deposits:
        returns_the_bytes_as_they_came
        refuses_a_unique_id_that_is_there
        a_refusal_leaves_nothing_but_its_trace
        replaces_what_is_ones_own
        refuses_to_replace_what_one_may_not
        a_mask_outlives_a_replacement
        what_is_committed_later_is_of_a_later_millisecond
        header_relations_are_applied_or_dropped_with_a_warning
        other_relations_need_a_target
        what_moved_since_the_decision_is_stale
        many_at_once_are_all_kept
        two_servers_share_one_database;
    visibility:
        professionals_see_their_types_and_their_own
        structures_see_what_they_deposited
        masked_documents_are_for_their_authors
        submissions_show_what_may_be_known
        hidden_equals_absent;
    searches:
        coded_conditions
        times
        identifiers_and_relations
        author_names
        references
        submissions_by_their_own_attributes
        pages_neither_shift_nor_count_twice
        totals_and_pages_hold_while_others_write;
    organizations:
        behind_authors_are_found
        of_any_length_are_deposited
        from_before_are_found
        one_relation_is_of_both;
    pages:
        of_documents_go_back_as_they_came
        of_submissions_go_back_as_they_came
        of_traces_go_back_as_they_came;
    reads:
        each_read_leaves_its_trace
        a_refused_read_leaves_a_refusal;
    consents:
        declares_renews_and_withdraws
        shows_what_one_holds_or_declared
        an_employee_stands_by_its_structure;
    traces:
        each_reader_sees_his_scope
        a_hidden_trace_reads_as_an_absent_one
        each_condition_keeps_what_it_says
        pages_of_traces_hold_while_lines_arrive;
    rights:
        a_treating_physician_is_authorised
        a_block_ends_all_and_unblocking_restores_nothing
        an_administrator_has_consulted_once
        default_masking_masks_all_that_is_there
        caregivers_are_counted
        nothing_is_withdrawn_that_was_not_declared
        versions_are_read_by_who_knows_the_right
        a_right_that_moved_voids_a_permit;
    notices:
        a_first_access_is_told_once
        a_secret_access_is_only_kept
        an_emergency_is_told_once_an_hour_and_to_who_treats
        a_refused_read_tells_nothing
        a_new_document_is_told_to_who_may_see_it
        closing_forgets_what_was_not_told
        what_is_claimed_is_sent_once_or_again;
    due:
        an_announcement_is_overdue_after_two_weeks
        a_month_makes_a_document_visible
        one_that_cannot_be_done_holds_up_no_other
        what_a_minor_keeps_is_told_to_nobody
        coming_of_age_renews_what_was_given_before
        nothing_is_left_of_a_record_after_its_time
        the_patient_sees_it_before_the_job_ran;
    journal:
        a_whole_journal_is_whole
        tampering_is_found
        acts_without_record_have_their_chain
        a_document_without_its_line_is_found
        lines_hold_no_ins;
}
