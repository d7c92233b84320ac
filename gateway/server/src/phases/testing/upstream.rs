//! An upstream that answers what a test dictates and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    permit::{Grant, Permit},
    ports::upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest},
};
use serde_json::{Value, json};

use super::{CITIZEN, Diary};

type Answer = Result<UpstreamAnswer, UpstreamError>;

#[derive(Debug)]
pub struct FakeUpstream {
    diary: Diary,
    ours: bool,
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<(Grant, UpstreamRequest)>>,
}

impl FakeUpstream {
    pub fn ours(diary: Diary) -> Self {
        Self { diary, ours: true, answers: Mutex::default(), seen: Mutex::default() }
    }

    pub fn foreign(diary: Diary) -> Self {
        Self { ours: false, ..Self::ours(diary) }
    }

    /// The next call is answered so.
    pub fn answers(&self, status: u16, body: &Value) {
        let answer = UpstreamAnswer { status, body: Bytes::from(body.to_string()) };
        self.answers.lock().unwrap().push_back(Ok(answer));
    }

    /// The next call fails so.
    pub fn fails(&self, error: UpstreamError) {
        self.answers.lock().unwrap().push_back(Err(error));
    }

    /// Every request so far, with what its permit granted.
    pub fn seen(&self) -> Vec<(Grant, UpstreamRequest)> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Upstream for FakeUpstream {
    async fn call(&self, permit: &Arc<Permit>, request: UpstreamRequest) -> Answer {
        self.diary.note(format!("call {}", request.path));
        self.seen.lock().unwrap().push((permit.grant().clone(), request));
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| {
            let answer = json!({"cnic": CITIZEN, "name": "Zarina Sample", "match": true, "notice": "n-1",
                                "status": "received", "household": {"id": "h-1", "members": [{"name": "Zarina Sample"}]},
                                "subjects": [CITIZEN]});
            Ok(UpstreamAnswer { status: 200, body: Bytes::from(answer.to_string()) })
        })
    }

    fn is_ours(&self) -> bool {
        self.ours
    }
}
