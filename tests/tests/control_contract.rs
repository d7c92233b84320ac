//! The promises of the control store, on SQLite and on PostgreSQL by the same tests. Each runs with two stores over one
//! database, as two processes have them.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic: that is how they fail"
)]

#[path = "control_contract/world.rs"]
mod world;

#[path = "control_contract/consent.rs"]
mod consent;
#[path = "control_contract/directory.rs"]
mod directory;
#[path = "control_contract/idempotency.rs"]
mod idempotency;
#[path = "control_contract/keys.rs"]
mod keys;
#[path = "control_contract/tokens.rs"]
mod tokens;

use tests::postgres::Cluster;
use world::World;

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
    tokens {
        of_fifty_uses_at_once_one_wins,
        a_token_holds_under_its_certificate_and_for_its_time_only,
        what_released_nothing_is_given_back_to_its_request_only,
        a_standing_consent_is_used_often_and_ends_everywhere_when_revoked,
        a_paused_consent_holds_nothing_until_it_goes_on,
        an_approval_is_used_once_and_leaves_the_directory,
    }
    directory {
        what_is_written_reads_back,
        the_generation_rises_with_every_change,
        a_revoked_serial_outlives_the_directory,
        readers_never_see_half_a_change,
    }
    keys {
        a_citizen_has_one_key_until_it_is_destroyed,
        a_number_is_found_by_its_citizen_only,
    }
    idempotency {
        the_same_request_is_done_once,
        work_that_never_ended_is_taken_over,
    }
}
