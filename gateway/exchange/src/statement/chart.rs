//! A month of usage as a picture: a bar for each day, the forecast as a dashed line, everything also said in words.
//!
//! The picture is one SVG that needs nothing else: no script, no font, no address to fetch. What came from elsewhere is
//! escaped, and every number is whole until it is written.

use std::fmt::Write as _;

use super::daily::{Counts, Daily, day_text};
use crate::{
    tariff::{MILLI_PAISA, half_even, rupees_of_paisa},
    timestamp::Timestamp,
};

const WIDTH: i64 = 760;
const HEIGHT: i64 = 360;
/// Left, right, upper and lower edge of the bars.
const LEFT: i64 = 120;
const RIGHT: i64 = 740;
const TOP: i64 = 90;
const BOTTOM: i64 = 300;
/// Between two bars.
const GAP: i64 = 4;

/// Where a thing stands in the picture; days from 1.
struct Scale {
    days: i64,
    highest: i64,
}

impl Scale {
    /// The left edge of a day; of the day after the last, the right edge of the bars.
    fn x(&self, day: i64) -> i64 {
        LEFT.saturating_add(day.saturating_sub(1).saturating_mul(RIGHT - LEFT) / self.days.max(1))
    }

    /// How high an amount stands, rounded down; what is payable is never less than nothing.
    fn height(&self, amount: i64) -> i64 {
        let of_full = i128::from(amount.max(0)) * i128::from(BOTTOM - TOP) / i128::from(self.highest.max(1));
        i64::try_from(of_full).unwrap_or(BOTTOM - TOP)
    }
}

/// Draws an agency's month as it stands at an instant. The names are the agency's, in English and Urdu.
#[must_use]
pub fn chart((name, name_ur): (&str, &str), daily: &Daily, now: Timestamp) -> String {
    let month = daily.bill.month;
    let mean = daily.mean_of_full_days(now).filter(|_| daily.days_left(now).is_some_and(|left| left > 0));
    let highest = daily.days.iter().map(|(_, counts)| counts.payable_milli_paisa).chain(mean).max().unwrap_or(0);
    let scale = Scale { days: i64::from(month.days()), highest };
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" lang="en" aria-labelledby="usage-title usage-desc" font-family="sans-serif" font-size="12" fill="{INK}">"#
    );
    svg.push('\n');
    heads(&mut svg, (name, name_ur), daily, now);
    axes(&mut svg, &scale);
    for (day, counts) in &daily.days {
        bar(&mut svg, &scale, &day_text(month, *day), i64::from(*day), counts);
    }
    if let (Some(mean), (_, _, today)) = (mean, now.karachi_date()) {
        forecast(&mut svg, &scale, i64::from(today), mean);
    }
    svg.push_str("</svg>\n");
    svg
}

const INK: &str = "#1a1a1a";
const BAR: &str = "#01411c";
const DASHED: &str = "#a04000";

/// Title, description and the two lines above the bars.
fn heads(svg: &mut String, (name, name_ur): (&str, &str), daily: &Daily, now: Timestamp) {
    let (name, name_ur, month) = (escaped(name), escaped(name_ur), daily.bill.month);
    let (so_far, likely) = (money(daily.bill.payable_milli_paisa()), daily.forecast_milli_paisa(now).map(money));
    let calls = daily.days.iter().fold(0, |all: i64, (_, counts)| all.saturating_add(counts.calls));
    let foreseen = likely.as_ref().map_or_else(String::new, |likely| format!(" Forecast for the month: {likely}."));
    let foreseen_ur = likely.as_ref().map_or_else(String::new, |likely| format!(" مہینے کا تخمینہ: {likely}۔"));
    put(svg, format_args!(r#"<title id="usage-title">Usage of {name} in {month}</title>"#));
    put(
        svg,
        format_args!(
            r#"<desc id="usage-desc">A bar for each day shows what is payable for it. {calls} calls, payable {so_far} so far.{foreseen}</desc>"#
        ),
    );
    let middle = WIDTH / 2;
    put(
        svg,
        format_args!(
            r#"<text x="{LEFT}" y="28" font-size="16">Usage of {name}, {month}: {so_far} payable.{foreseen}</text>"#
        ),
    );
    put(
        svg,
        format_args!(
            r#"<text x="{middle}" y="58" font-size="16" text-anchor="middle" direction="rtl" lang="ur">{name_ur} کا استعمال، {month}: قابلِ ادائیگی {so_far}۔{foreseen_ur}</text>"#
        ),
    );
}

/// The ground, the highest amount, and the days.
fn axes(svg: &mut String, scale: &Scale) {
    let (edge, words) = (LEFT - 8, BOTTOM + 36);
    let highest = money(scale.highest);
    put(svg, format_args!(r#"<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="{INK}" stroke-width="1"/>"#));
    put(
        svg,
        format_args!(r#"<text x="{edge}" y="{TOP}" text-anchor="end" dominant-baseline="middle">{highest}</text>"#),
    );
    put(svg, format_args!(r#"<text x="{edge}" y="{BOTTOM}" text-anchor="end">{}</text>"#, money(0)));
    for day in (1..=scale.days).filter(|day| day % 5 == 0 || *day == 1) {
        let (x, y) = (i64::midpoint(scale.x(day), scale.x(day + 1)), BOTTOM + 16);
        put(svg, format_args!(r#"<text x="{x}" y="{y}" text-anchor="middle">{day}</text>"#));
    }
    put(svg, format_args!(r#"<text x="{LEFT}" y="{words}">Day of the month</text>"#));
    put(
        svg,
        format_args!(
            r#"<text x="{RIGHT}" y="{words}" text-anchor="start" direction="rtl" lang="ur">مہینے کا دن</text>"#
        ),
    );
}

/// One day, with its numbers in words.
fn bar(svg: &mut String, scale: &Scale, day: &str, place: i64, counts: &Counts) {
    let (x, height) = (scale.x(place) + GAP / 2, scale.height(counts.payable_milli_paisa));
    let width = scale.x(place + 1).saturating_sub(scale.x(place)).saturating_sub(GAP);
    let (y, amount, calls) = (BOTTOM - height, money(counts.payable_milli_paisa), counts.calls);
    put(
        svg,
        format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{BAR}"><title>{day}: {amount}, {calls} calls</title></rect>"#
        ),
    );
}

/// The mean of the full days, for each day that is left.
fn forecast(svg: &mut String, scale: &Scale, today: i64, mean: i64) {
    let (from, y) = (scale.x(today + 1), BOTTOM - scale.height(mean));
    let (words, words_ur) = (y - 8, y - 24);
    put(
        svg,
        format_args!(
            r#"<path d="M{from} {y}H{RIGHT}" fill="none" stroke="{DASHED}" stroke-width="2" stroke-dasharray="6 4"><title>Forecast: {} a day</title></path>"#,
            money(mean)
        ),
    );
    put(svg, format_args!(r#"<text x="{RIGHT}" y="{words}" text-anchor="end" fill="{DASHED}">Forecast</text>"#));
    put(
        svg,
        format_args!(
            r#"<text x="{RIGHT}" y="{words_ur}" text-anchor="start" direction="rtl" lang="ur" fill="{DASHED}">تخمینہ</text>"#
        ),
    );
}

fn put(svg: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(svg, "{line}");
}

/// Whole paisa, a half to the even one.
fn money(milli_paisa: i64) -> String {
    rupees_of_paisa(half_even(milli_paisa, MILLI_PAISA))
}

/// Text that can neither open an element nor end an attribute; what XML cannot hold at all is shown as unknown.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(char::REPLACEMENT_CHARACTER),
            letter if letter.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            letter => safe.push(letter),
        }
    }
    safe
}
