//! What the story tells: each step for the person at the terminal, and for a program as JSON.

use std::io::Write;

use exchange::tariff::rupees;
use serde::Serialize;
use serde_json::{Value, json};

use super::client::Answer;

/// One step of the story.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What was to be shown.
    pub name: String,
    /// Whether it was seen.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

/// Collects steps and prints them as they happen.
pub struct Told {
    out: Box<dyn Write + Send>,
    steps: Vec<Step>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told").field("steps", &self.steps.len()).finish_non_exhaustive()
    }
}

impl Told {
    /// Tells to `out`.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, steps: Vec::new() }
    }

    /// Prints a line of the story. A terminal that went away is no reason to stop the story.
    pub fn say(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    /// Prints a heading.
    pub fn scene(&mut self, title: &str) {
        self.say(&format!("\n── {title}"));
    }

    /// Notes a step.
    pub fn step(&mut self, name: &str, ok: bool, detail: impl Into<String>) {
        let detail = detail.into();
        let mark = if ok { "✔" } else { "✘" };
        self.say(&format!("  {mark} {name}{}{detail}", if detail.is_empty() { "" } else { ": " }));
        self.steps.push(Step { name: name.to_owned(), ok, detail });
    }

    /// Prints an answer: what was released, what was withheld and by which policy, the price and the place in the log.
    pub fn answer(&mut self, answer: &Answer) {
        if answer.status != 200 {
            return self.refusal(answer);
        }
        if let Some(data) = answer.body.get("data") {
            self.say(&format!("    released  {}", shortened(data)));
        }
        for entry in answer.body.get("withheld").and_then(Value::as_array).into_iter().flatten() {
            let text =
                |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("no policy permits it").to_owned();
            self.say(&format!("    withheld  {} ({}, {})", text("datatype"), text("code"), text("policy")));
        }
        let receipt = answer.header("ijazat-receipt").to_owned();
        if !receipt.is_empty() {
            self.say(&format!("    receipt   {receipt} = {}", rupees(amount_of(&receipt))));
        }
    }

    fn refusal(&mut self, answer: &Answer) {
        self.say(&format!("    refused   {} {}", answer.status, answer.code()));
        for name in ["title", "title_ur", "detail", "policies", "next", "action"] {
            match answer.body.get(name) {
                Some(Value::String(text)) => self.say(&format!("    {name:<9} {text}")),
                Some(other) => self.say(&format!("    {name:<9} {other}")),
                None => {}
            }
        }
    }

    /// Whether every step was seen.
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.ok)
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// `{"ok":bool,"steps":[{"name","ok","detail"}]}`.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "ok": self.ok(), "steps": self.steps })
    }
}

/// The amount in a receipt, milli-paisa; 0 if there is none.
#[must_use]
pub fn amount_of(receipt: &str) -> i64 {
    let amount = receipt.split(';').find_map(|part| part.trim().strip_prefix("amount-milli-paisa="));
    amount.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The place in the log that a receipt names.
#[must_use]
pub fn sequence_of(receipt: &str) -> Option<u64> {
    receipt.strip_prefix('"')?.split('"').next()?.rsplit('/').next()?.parse().ok()
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
