//! The contract suite: every promise of the store port, as a test that any implementation runs against itself.
//!
//! A store's own test file hands [`store_contract!`](crate::store_contract) an async function that makes a fresh,
//! empty store; the macro expands to one `#[tokio::test]` per promise. One that also keeps accounts adds
//! [`account_store_contract!`](crate::account_store_contract). The test crate needs `tokio` with `macros` and
//! `rt-multi-thread`, and `gpting-core` with the feature `contract`.
//!
//! Each promise is a public function here, grouped by noun, so that it can also be called alone. They use only the
//! traits, put members before anything that names them, and ask for nothing that the traits do not say. A function
//! panics when its promise is broken.

#![expect(clippy::missing_panics_doc, reason = "every function of a test suite panics when its promise is broken")]

#[cfg(feature = "accounts")]
pub mod account;
pub mod allowance;
pub mod assist;
pub mod commit;
pub mod differential;
pub mod erase;
pub mod event;
pub mod feed;
pub mod finding;
pub mod impression;
pub mod job;
pub mod live;
pub mod member;
pub mod message;
pub mod pair;
pub mod pair_feed;
pub mod pick;
pub mod report;
pub mod room;
mod samples;

/// Tests a store against every promise of [`Store`](crate::store::Store).
///
/// `$make` is an async function (or closure) without arguments that gives a fresh, empty store behind an `Arc`, and
/// whatever must live as long as it (a temporary directory; `()` when nothing must).
///
/// ```
/// # #[cfg(test)] mod tests {
/// use std::sync::Arc;
/// use gpting_core::store::MemoryStore;
///
/// async fn fresh() -> (Arc<MemoryStore>, ()) {
///     (Arc::new(MemoryStore::default()), ())
/// }
///
/// gpting_core::store_contract!(fresh);
/// # }
/// ```
#[macro_export]
macro_rules! store_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make;
            commit {
                healthy, empty_work_commits, a_stale_change_leaves_nothing, a_conflict_leaves_nothing,
                versions_start_at_one_and_grow_by_one, changes_apply_in_order;
                one_of_many_creators_wins, one_of_many_replacers_wins, no_update_is_lost,
                acknowledged_commits_are_seen
            }
            member {
                documents_are_read_back_as_put, members_are_found_once, members_are_found_by_host,
                members_are_found_by_source, host_and_source_are_unique, names_are_let_go, many_members_in_one_work;
                one_of_many_claims_of_a_host_wins
            }
            feed {
                the_feed_starts_with_everybody, every_change_appears, pages_of_one_reach_everybody,
                the_end_of_a_position_is_a_place, marks_are_found_again;
                concurrent_changes_are_not_lost
            }
            pair_feed {
                the_pair_feed_tells_every_change, the_pair_feed_forgets_the_erased;
                concurrent_pair_changes_are_not_lost
            }
            pair {
                pairs_are_read_back_as_put, lists_follow_listings, blocks_hide_pairs, lists_are_paged_without_gaps,
                pages_survive_changes, waiting_requests_are_found, the_served_are_remembered;
            }
            impression {
                the_last_showing_stays, impressions_are_paged_in_order, impressions_are_forgotten_by_part_and_age,
                viewers_are_counted_up_to_a_bound, who_was_shown_lately_is_told;
            }
            pick {
                picks_are_mutual_and_of_one_day, those_who_have_picks_are_told, picks_are_cleared_and_erased;
            }
            room {
                last_seq_belongs_to_the_store, appending_grows_the_version, only_participants_see_open_rooms,
                overviews_count_unread, read_marks_only_advance, hidden_messages_stay_hidden,
                rooms_are_listed_by_activity, rooms_are_paged_without_gaps;
            }
            message {
                messages_are_read_back_as_appended, ranges_answer_oldest_first, a_resend_appends_nothing,
                a_resend_in_one_work_appends_nothing, closed_and_missing_rooms_take_nothing,
                a_failed_append_leaves_no_hole, strangers_append_nothing;
                seq_has_no_holes, concurrent_resends_append_once
            }
            live {
                what_is_taken_back_keeps_its_place, what_one_hides_the_other_keeps, private_marks_are_not_shown,
                rooms_are_muted_by_each, moved_rooms_are_found, news_is_found_in_many_rooms, opened_rooms_are_found,
                tickets_run_out, a_log_has_one_epoch;
                a_ticket_is_taken_once
            }
            report {
                open_cases_are_found, one_case_is_open_per_pair, reports_are_dropped_after_their_term;
                one_of_many_first_reports_wins
            }
            job {
                due_jobs_come_oldest_first, jobs_come_by_kind, jobs_are_read_back_as_put, dead_letters_are_not_due,
                dead_letters_are_paged, a_lease_is_taken_once, jobs_are_deleted_at_their_version,
                an_effect_under_a_lost_lease_is_undone;
                one_of_many_leases_wins, each_job_is_held_by_one_at_a_time
            }
            event {
                events_come_in_order, events_are_read_on_after_a_number, dropped_events_are_gone, numbers_are_not_used_twice;
            }
            allowance {
                an_allowance_is_taken_to_its_end, allowances_fill_with_time, all_claims_or_none,
                what_is_given_back_can_be_taken, a_refusal_undoes_the_rest, sweeping_changes_no_answer;
                many_takers_get_what_there_is
            }
            assist {
                what_was_made_is_found_and_replaced, what_was_made_goes_with_either, what_was_made_ends_with_its_time,
                calls_are_told_newest_first, what_is_required_holds_or_nothing_is_done;
                a_row_that_is_required_does_not_move
            }
            finding {
                findings_are_read_back_as_put, nobody_finds_anything_twice, the_flagged_are_told_newest_first,
                findings_go_with_what_they_are_about, what_stands_by_a_consent_is_forgotten_with_it;
                one_of_many_finders_wins
            }
            erase {
                the_erased_are_nowhere, rooms_keep_a_tombstone, empty_rooms_go_whole, reports_about_them_stay,
                their_names_are_free, erasing_nobody_changes_nothing, erasure_makes_older_reads_of_a_room_stale,
                the_feed_tells_of_erasure;
            }
            differential {
                random_works_one, random_works_two, random_works_three;
            }
        }
    };
}

/// Tests a store against every promise of [`AccountStore`](crate::account::AccountStore), on top of
/// [`store_contract!`](crate::store_contract).
#[cfg(feature = "accounts")]
#[macro_export]
macro_rules! account_store_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make;
            account {
                accounts_are_read_back_as_put, account_rows_have_versions, names_and_addresses_are_unique,
                accounts_are_found_by_login, names_can_change, sessions_are_listed_newest_first,
                sessions_are_deleted, ended_sessions_are_told, pending_sign_ups_claim_nothing, pending_sign_ups_are_dropped,
                old_pending_sign_ups_are_dropped, ended_sessions_are_dropped, accounts_are_erased, both_halves_commit_as_one;
                a_pending_sign_up_is_taken_once, one_of_many_claims_of_an_address_wins
            }
        }
    };
}

/// One `#[tokio::test]` per function: before the `;` of a group those that take the store by reference, after it
/// those that share it between tasks.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($make:expr; $($group:ident { $($alone:ident),* $(,)?; $($shared:ident),* $(,)? })*) => {
        $(
            $crate::contract_tests! { @alone $make; $group; $($alone),* }
            $crate::contract_tests! { @shared $make; $group; $($shared),* }
        )*
    };
    (@alone $make:expr; $group:ident; $($promise:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let make = $make;
            let (store, guard) = make().await;
            $crate::store::contract::$group::$promise(&*store).await;
            drop((store, guard));
        }
    )* };
    (@shared $make:expr; $group:ident; $($promise:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let make = $make;
            let (store, guard) = make().await;
            $crate::store::contract::$group::$promise(::std::sync::Arc::clone(&store) as _).await;
            drop((store, guard));
        }
    )* };
}
