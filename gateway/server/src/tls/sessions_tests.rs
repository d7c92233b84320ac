//! The session store against a plain map, its bound, and forgetting while others write.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Move {
    Put(u8, u8),
    Get(u8),
    Take(u8),
    Forget,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0_u8..6, any::<u8>()).prop_map(|(key, value)| Move::Put(key, value)),
        3 => (0_u8..6).prop_map(Move::Get),
        2 => (0_u8..6).prop_map(Move::Take),
        1 => Just(Move::Forget),
    ];
    proptest::collection::vec(one, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sessions_are_kept_taken_once_and_forgotten_together(moves in moves()) {
        let sessions = Sessions::new();
        let mut model = std::collections::HashMap::new();
        for step in moves {
            match step {
                Move::Put(key, value) => {
                    prop_assert!(sessions.put(vec![key], vec![value]));
                    model.insert(key, value);
                }
                Move::Get(key) => prop_assert_eq!(sessions.get(&[key]), model.get(&key).map(|value| vec![*value])),
                Move::Take(key) => prop_assert_eq!(sessions.take(&[key]), model.remove(&key).map(|value| vec![value])),
                Move::Forget => {
                    sessions.forget();
                    model.clear();
                }
            }
        }
    }
}

#[test]
fn as_many_sessions_are_kept_as_the_bound_says_and_the_newest_stay() {
    let sessions = Sessions::new();
    let key = |n: usize| n.to_be_bytes().to_vec();
    for n in 0..3 * SESSIONS_MAX {
        sessions.put(key(n), vec![1]);
    }
    let kept = (0..3 * SESSIONS_MAX).filter(|n| sessions.get(&key(*n)).is_some()).count();
    assert!((SESSIONS_MAX / 2..=SESSIONS_MAX + 1).contains(&kept), "{kept}");
    assert!(sessions.get(&key(3 * SESSIONS_MAX - 1)).is_some(), "the newest is kept");
    assert!(sessions.get(&key(0)).is_none(), "the oldest went");
}

#[test]
fn a_session_is_taken_by_one_of_many() {
    let sessions = Sessions::new();
    for round in 0..50_u8 {
        sessions.put(vec![round], vec![1]);
        let winners = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4).map(|_| scope.spawn(|| sessions.take(&[round]).is_some())).collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1, "round {round}");
    }
}
