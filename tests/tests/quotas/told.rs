//! Behaviour 32 through sockets: every answer tells what is left, a 429 also when to come back. That whoever obeys meets no
//! other 429 is proved where the counters' time can be held, in `phases::limit`.

use exchange::openapi;
use gateway::demo::client::{Answer, Call};
use policies::Bundle;
use serde_json::json;
use tests::{
    schema,
    world::{World, until},
};

fn whoami() -> Call {
    Call::get("/v1/self/whoami").with("ijazat-user", "standard-1")
}

/// The limits that an answer names, the tightest first, with what is left of each.
fn left(answer: &Answer) -> Vec<(String, u32)> {
    let lists = [answer.header("ratelimit-policy"), answer.header("ratelimit")];
    let document = {
        use exchange::decision::Decider as _;
        openapi::document(&Bundle::embedded().unwrap().catalogue(), "https://localhost:8443")
    };
    for (name, value) in ["RateLimit-Policy", "RateLimit"].into_iter().zip(lists) {
        let described = json!({ "$ref": format!("#/components/headers/{name}/schema") });
        schema::check(&document, &described, &json!(value)).unwrap_or_else(|error| panic!("{name}: {value}: {error}"));
    }
    let names = |list: &str| -> Vec<String> {
        list.split(", ").map(|item| item.split(';').next().unwrap().trim_matches('"').to_owned()).collect()
    };
    assert_eq!(names(lists[0]), names(lists[1]));
    let left = lists[1].split(", ").map(|item| {
        let [_, left, reset] = item.split(';').collect::<Vec<_>>()[..] else { panic!("{item}") };
        assert_eq!(reset, "t=1");
        left.strip_prefix("r=").unwrap().parse().unwrap()
    });
    names(lists[1]).into_iter().zip(left).collect()
}

#[tokio::test]
async fn b32_every_answer_tells_what_is_left_of_each_limit_that_counted_it() {
    let world = World::start().await.unwrap();
    let names = |answer: &Answer| left(answer).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let answer = world.ask("bisp", whoami()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(names(&answer)[0], "user", "the tightest first");
    assert_eq!(names(&answer).len(), 3);
    assert_eq!(left(&answer)[0].1, 49);
    let unattended = world.ask("bisp", Call::get("/v1/self/whoami")).await.unwrap();
    assert!(!names(&unattended).contains(&"user".to_owned()));
    let refused = world.ask("bisp", Call::get("/v1/nothing")).await.unwrap();
    assert_eq!((refused.status, names(&refused)), (404, vec!["agency".to_owned()]));
    let unknown = world.ask("bisp", whoami().with("ijazat-user", "nobody-known")).await.unwrap();
    assert_eq!((unknown.header("ratelimit"), unknown.header("ratelimit-policy")), ("", ""), "nobody was counted");
    let public = world.stage.anyone().await.unwrap().send(Call::get("/openapi.json")).await.unwrap();
    assert_eq!((public.status, left(&public)), (200, vec![("address".to_owned(), 19)]));
}

#[tokio::test]
async fn b32_a_429_says_when_to_come_back_and_then_there_is_an_answer() {
    let world = World::builder().set("LIMITS__USER_PER_S", "2").start().await.unwrap();
    let mut asking = tokio::task::JoinSet::new();
    let world = std::sync::Arc::new(world);
    // Forty at once: with two a second a host would have to stand still for twenty seconds to answer all.
    for _ in 0..40 {
        let world = std::sync::Arc::clone(&world);
        asking.spawn(async move { world.ask("bisp", whoami()).await.unwrap() });
    }
    let answers = asking.join_all().await;
    let (refused, answered): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 429);
    assert!(!refused.is_empty() && !answered.is_empty());
    for answer in &refused {
        assert_eq!((answer.code(), answer.header("retry-after")), ("rate_limited", "1"));
        assert_eq!(left(answer)[0], ("user".to_owned(), 0), "the limit that was broken comes first");
        assert_eq!(answer.body["retry_after"], 1);
    }
    for answer in &answered {
        assert_eq!(answer.status, 200);
        assert!(left(answer)[0].1 < 2);
    }
    let served = async || world.ask("bisp", whoami()).await.unwrap().status == 200;
    until("the user is served again", served).await.unwrap();
}
