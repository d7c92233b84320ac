//! The registry's contract on SQLite and on PostgreSQL by the same tests; memory runs `registry_core::contract` beside
//! its code and is the twin here.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic: that is how they fail"
)]

#[path = "registry_contract/place.rs"]
mod place;

#[path = "registry_contract/damage.rs"]
mod damage;
#[path = "registry_contract/notices.rs"]
mod notices;
#[path = "registry_contract/seeds.rs"]
mod seeds;
#[path = "registry_contract/trouble.rs"]
mod trouble;
#[path = "registry_contract/twin.rs"]
mod twin;

use place::Place;
use tests::postgres::Cluster;

macro_rules! contracts {
    ($($part:ident { $($name:ident,)* })*) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    let place = super::Place::on_sqlite(stringify!($name));
                    super::$part::$name(&place).await;
                }
            )*)*
        }

        /// One test, because each test process that needs a cluster starts one.
        #[tokio::test(flavor = "multi_thread")]
        async fn postgres_keeps_every_promise() {
            let cluster = Cluster::shared().unwrap();
            $($(
                eprintln!(stringify!($name));
                $part::$name(&Place::on(&cluster.database().unwrap())).await;
            )*)*
        }
    };
}

contracts! {
    twin {
        the_ports_own_suite_holds,
        random_populations_read_back_like_their_twin,
        odd_people_read_back_like_their_twin,
        random_notices_hold_and_restore_like_their_twin,
        a_batch_with_a_twice_taken_thing_is_refused_whole,
        of_many_who_load_one_batch_one_does,
    }
    notices {
        of_many_notices_of_one_source_one_is_placed,
        notices_of_many_sources_hold_until_the_last_is_withdrawn,
        a_notice_that_crosses_a_withdrawal_still_holds,
        a_notice_holds_its_own_person_only,
        a_notice_is_kept_word_for_word,
        the_tables_keep_their_own_rules,
    }
    damage {
        a_damaged_person_is_an_alarm_and_nobody,
        a_damaged_number_is_an_alarm,
        a_damaged_household_is_an_alarm_and_its_members_are_not,
        numbers_below_zero_are_nobodys,
        a_register_without_its_tables_is_no_empty_register,
    }
    seeds {
        a_seed_is_told_as_it_grows_and_done_once,
        other_people_are_never_mixed_in,
        an_empty_population_is_none,
        a_population_that_collides_with_a_person_stops_where_it_was,
    }
    trouble {
        a_locked_person_takes_no_notice_and_is_told_soon,
        a_closed_registry_answers_nothing,
        a_read_only_registry_is_refused_at_the_start,
        a_caller_that_goes_away_leaves_nothing_half_done,
    }
}
