//! Places against a plain model of them, and who shares one.

use proptest::prelude::*;

use super::*;

/// What a listener's visitors do.
#[derive(Clone, Debug)]
enum Move {
    /// Somebody comes from the n-th address.
    Come(usize),
    /// The n-th of those inside leaves.
    Leave(usize),
    /// The n-th of those inside opens another stream over the same connection.
    Share(usize),
}

/// Addresses of which the second and third are one network, as are the last two.
const ADDRESSES: [&str; 6] =
    ["192.0.2.1", "198.51.100.9", "::ffff:198.51.100.9", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:2:ffff::9"];

/// Which of [`ADDRESSES`] count as one, by the index of the first.
const NETWORK: [usize; 6] = [0, 1, 1, 3, 4, 4];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..ADDRESSES.len()).prop_map(Move::Come),
        2 => (0_usize..8).prop_map(Move::Leave),
        1 => (0_usize..8).prop_map(Move::Share),
    ];
    proptest::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn places_are_taken_and_given_back_as_a_plain_list_says(total in 1_usize..7, each in 1_usize..4, moves in moves()) {
        let slots = Slots::new(total, each);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Each entry is one connection with all its holders.
        let mut inside: Vec<(usize, Vec<Arc<Slot>>)> = Vec::new();
        for step in moves {
            match step {
                Move::Come(who) => {
                    let same = inside.iter().filter(|(network, _)| *network == NETWORK[who]).count();
                    let taken = slots.take(ADDRESSES[who].parse().unwrap());
                    prop_assert_eq!(taken.is_some(), inside.len() < total && same < each, "{}", ADDRESSES[who]);
                    inside.extend(taken.map(|slot| (NETWORK[who], vec![slot])));
                }
                Move::Leave(n) if !inside.is_empty() => {
                    let n = n % inside.len();
                    inside[n].1.pop();
                    if inside[n].1.is_empty() {
                        inside.remove(n);
                    }
                }
                Move::Share(n) if !inside.is_empty() => {
                    let n = n % inside.len();
                    let again = Arc::clone(&inside[n].1[0]);
                    inside[n].1.push(again);
                }
                Move::Leave(_) | Move::Share(_) => {}
            }
            prop_assert_eq!(runtime.block_on(slots.all_free(Duration::ZERO)), inside.len());
            prop_assert_eq!(slots.taken.lock().unwrap().values().sum::<usize>(), inside.len());
        }
        drop(inside);
        prop_assert!(slots.taken.lock().unwrap().is_empty(), "no address is remembered that has nothing");
    }
}

#[test]
fn an_ipv6_client_counts_by_its_network_and_an_ipv4_client_by_its_address() {
    let check = |one: &str, other: &str, same: bool| {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network(one) == network(other), same, "{one} and {other}");
    };
    check("192.0.2.1", "192.0.2.2", false);
    check("192.0.2.1", "::ffff:192.0.2.1", true);
    check("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
    check("2001:db8::1", "2001:db8::2", true);
    check("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", true);
    check("2001:db8::1", "2001:db8:0:1::1", false);
    check("2001:db8:0:ffff::1", "2001:db8:0:fffe::1", false);
    check("::1", "::2", true);
    check("::1", "127.0.0.1", false);
}

#[test]
fn a_refusal_for_one_address_gives_the_common_place_back() {
    let slots = Slots::new(2, 1);
    let _held = slots.take("192.0.2.1".parse().unwrap()).unwrap();
    for _ in 0..10 {
        assert!(slots.take("192.0.2.1".parse().unwrap()).is_none());
    }
    assert!(slots.take("192.0.2.2".parse().unwrap()).is_some(), "ten refusals took no place");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_all_to_leave_ends_when_the_last_one_does() {
    let slots = Slots::new(3, 3);
    let held: Vec<_> = (0..3).map(|_| slots.take("192.0.2.1".parse().unwrap()).unwrap()).collect();
    let started = tokio::time::Instant::now();
    let leaving = async {
        for (n, slot) in held.into_iter().enumerate() {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(slots.taken.lock().unwrap().values().sum::<usize>(), 3 - n);
            drop(slot);
        }
    };
    let (left, ()) = tokio::join!(slots.all_free(Duration::from_mins(1)), leaving);
    assert_eq!(left, 0);
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for the deadline when all have left");
}

#[test]
fn a_thousand_at_once_take_exactly_the_places_there_are() {
    let slots = Slots::new(40, 25);
    let kept = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (slots, kept) = (&slots, &kept);
            scope.spawn(move || {
                for _ in 0..125 {
                    let taken = slots.take(IpAddr::from([192, 0, 2, thread % 2]));
                    kept.lock().unwrap().extend(taken);
                }
            });
        }
    });
    let kept = kept.into_inner().unwrap();
    assert_eq!(kept.len(), 40, "two addresses of 25 each could take 50 of 40");
    drop(kept);
    assert!(slots.taken.lock().unwrap().is_empty());
}
