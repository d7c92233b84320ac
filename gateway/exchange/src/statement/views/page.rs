//! The statement as one page to print, English and Urdu side by side: no script, nothing from elsewhere, all text escaped.

use std::fmt::{Display, Write as _};

use super::words::{self, Word};
use crate::{
    statement::{Issued, Line, Part, Statement},
    tariff::{rupees, rupees_of_paisa},
};

/// Black on white, A4, wide enough for both languages.
const STYLE: &str = "\
body{font:11pt/1.5 sans-serif;color:#000;background:#fff;margin:2rem auto;max-width:60rem;padding:0 1rem}\
[lang=ur]{font-family:'Noto Nastaliq Urdu','Jameel Noori Nastaleeq',serif;line-height:2}\
header{display:flex;justify-content:space-between;border-bottom:2px solid #000}\
h1{font-size:1.4em;margin:.3em 0}\
.note{border:2px solid #000;padding:.4em .8em;margin:.8em 0;font-weight:bold;display:flex;justify-content:space-between;gap:2em}\
table{border-collapse:collapse;width:100%;margin:1em 0;page-break-inside:auto}\
tr{page-break-inside:avoid}\
th,td{border:1px solid #888;padding:.25em .5em;text-align:start;vertical-align:top}\
thead{display:table-header-group}\
th span,td span{display:block}\
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.sum td,.sum th{font-weight:bold;border-top:2px solid #000}\
code{word-break:break-all}\
@media print{body{margin:0;max-width:none;font-size:9pt}@page{size:A4;margin:15mm}}";

/// The page.
#[must_use]
pub fn page(issued: &Issued) -> String {
    let mut page = Page(String::new());
    let statement = &issued.statement;
    page.head(statement);
    if statement.sample {
        page.note(words::SAMPLE);
    }
    if issued.provisional {
        page.note(words::PROVISIONAL);
    }
    page.facts(&[
        (words::AGENCY, statement.agency.to_string()),
        (words::MONTH, statement.month.to_string()),
        (words::ISSUED, issued.issued_at.rfc3339()),
    ]);
    page.lines(statement);
    page.sums(issued);
    page.facts(&[(words::ENTRIES, issued.entries().to_string()), (words::ROOT, issued.root.to_string())]);
    page.write("<footer class=\"note\">");
    page.both(words::CHECK);
    page.write("</footer>\n</body>\n</html>\n");
    page.0
}

struct Page(String);

impl Page {
    fn write(&mut self, html: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{html}");
    }

    fn both(&mut self, Word { en, ur }: Word) {
        self.write(format_args!("<span>{}</span><span lang=\"ur\" dir=\"rtl\">{}</span>", escaped(en), escaped(ur)));
    }

    fn head(&mut self, statement: &Statement) {
        let (agency, month) = (escaped(statement.agency.as_str()), statement.month);
        let Word { en, ur } = words::TITLE;
        self.write("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.write(format_args!("<title>{en} {agency} {month}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"));
        self.write(format_args!("<header><h1>{en}</h1><h1 lang=\"ur\" dir=\"rtl\">{ur}</h1></header>\n"));
    }

    fn note(&mut self, word: Word) {
        self.write("<p class=\"note\">");
        self.both(word);
        self.write("</p>\n");
    }

    fn facts(&mut self, facts: &[(Word, String)]) {
        self.write("<table>\n");
        for (word, value) in facts {
            self.write("<tr><th>");
            self.both(*word);
            self.write(format_args!("</th><td><code dir=\"ltr\">{}</code></td></tr>\n", escaped(value)));
        }
        self.write("</table>\n");
    }

    fn lines(&mut self, statement: &Statement) {
        if statement.lines.is_empty() {
            return self.note(words::NOTHING);
        }
        let columns = [
            words::SERVICE,
            words::RATE,
            words::CLASS,
            words::UNIT,
            words::CALLS,
            words::ROWS,
            words::UNITS,
            words::RATED,
            words::SAVED,
            words::ADDED,
        ];
        self.write("<table>\n<thead><tr>");
        for column in columns {
            self.write("<th>");
            self.both(column);
            self.write("</th>");
        }
        self.write("</tr></thead>\n");
        statement.lines.iter().for_each(|line| self.line(line));
        self.write("</table>\n");
    }

    fn line(&mut self, line: &Line) {
        self.write("<tbody>\n");
        line.parts.iter().for_each(|part| self.part(line, part));
        self.sum_row(words::LINE, 7, line.value_paisa);
        if line.given_paisa != 0 {
            self.sum_row(words::GIVEN, 7, line.given_paisa.saturating_neg());
        }
        self.write("</tbody>\n");
    }

    fn part(&mut self, line: &Line, part: &Part) {
        self.write(format_args!("<tr><td dir=\"ltr\">{}</td>", escaped(&line.service)));
        self.write(format_args!("<td dir=\"ltr\">{}</td><td>", escaped(&line.rate_version)));
        self.both(words::class(line.class));
        self.write("</td><td>");
        self.both(words::unit(part.unit));
        self.write(format_args!("<span dir=\"ltr\">{}</span></td>", escaped(&part.tariff)));
        for count in [part.calls, part.rows, part.units] {
            self.number(&count.to_string());
        }
        let saved = part.saved_milli_paisa.saturating_neg();
        for amount in [part.rated_milli_paisa, saved, part.missing_milli_paisa] {
            self.number(&rupees(amount));
        }
        self.write("</tr>\n");
    }

    fn number(&mut self, text: &str) {
        self.write(format_args!("<td class=\"n\" dir=\"ltr\">{text}</td>"));
    }

    fn sum_row(&mut self, word: Word, columns: u8, paisa: i64) {
        self.write(format_args!("<tr class=\"sum\"><th colspan=\"{columns}\">"));
        self.both(word);
        self.write(format_args!(
            "</th><td class=\"n\" dir=\"ltr\" colspan=\"3\">{}</td></tr>\n",
            rupees_of_paisa(paisa)
        ));
    }

    fn sums(&mut self, issued: &Issued) {
        let statement = &issued.statement;
        self.write("<table>\n");
        self.sum_row(words::VALUE, 1, statement.value_paisa);
        if statement.given_paisa != 0 {
            self.sum_row(words::GIVEN, 1, statement.given_paisa.saturating_neg());
        }
        for tax in &statement.taxes {
            let (whole, part) = (tax.basis_points / 100, tax.basis_points % 100);
            self.write("<tr><th>");
            self.both(words::TAX);
            self.write(format_args!("<span>{}</span>", escaped(&tax.name)));
            self.write(format_args!("<span lang=\"ur\" dir=\"rtl\">{}</span>", escaped(&tax.name_ur)));
            let on = rupees_of_paisa(tax.on_paisa);
            self.write(format_args!("<span dir=\"ltr\">{whole}.{part:02} % × {on}</span>"));
            let due = rupees_of_paisa(tax.tax_paisa);
            self.write(format_args!("</th><td class=\"n\" dir=\"ltr\" colspan=\"3\">{due}</td></tr>\n"));
        }
        self.sum_row(words::TOTAL, 1, statement.total_paisa);
        if let Some(earlier) = &issued.reverses {
            self.sum_row(words::TAKEN_BACK, 1, earlier.total_paisa.saturating_neg());
            self.sum_row(words::BALANCE, 1, issued.balance_paisa());
        }
        self.write("</table>\n");
    }
}

/// Text that no browser takes for anything else.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Characters that turn the reading direction of what follows could swap numbers on paper.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup_or_turns_the_line() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{2067}c"), "abc");
        assert_eq!(escaped("ٹیکس"), "ٹیکس");
    }
}
