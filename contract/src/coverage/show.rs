//! Coverage as people read it.

use std::fmt::Write as _;

use super::{Counts, Coverage, ProductCoverage};
use crate::scenario::Record;

const COLUMNS: [&str; 6] = ["endpoints", "typed", "wire", "recorded", "embedded", "agents"];

/// The table for a terminal: one line a product and one an area.
#[must_use]
pub fn table(coverage: &Coverage) -> String {
    let mut text = format!("{:<28}", "");
    for column in COLUMNS {
        let _ = write!(text, "{column:>10}");
    }
    text.push('\n');
    for product in &coverage.products {
        row(&mut text, product.product.name(), product.total);
        for (area, counts) in &product.areas {
            row(&mut text, &format!("  {area}"), *counts);
        }
    }
    text.push('\n');
    for (name, record) in [("embedded", &coverage.embedded), ("agents", &coverage.agents)] {
        let _ = writeln!(text, "{name}: {}", run(record.as_ref()));
    }
    text
}

fn row(text: &mut String, name: &str, counts: Counts) {
    let _ = write!(text, "{name:<28}");
    for number in counts.all() {
        let _ = write!(text, "{number:>10}");
    }
    text.push('\n');
}

/// The committed document.
#[must_use]
pub fn markdown(coverage: &Coverage) -> String {
    let mut text = String::from(HEAD);
    for (name, record) in [("Embedded", &coverage.embedded), ("Agents", &coverage.agents)] {
        let _ = writeln!(text, "- {name}: {}.", run(record.as_ref()));
    }
    let _ = writeln!(text, "\n{}", markdown_head("product"));
    for product in &coverage.products {
        markdown_row(&mut text, product.product.name(), product.total);
    }
    for product in &coverage.products {
        section(&mut text, product);
    }
    for record in coverage.embedded.iter().chain(&coverage.agents) {
        scenarios(&mut text, record);
    }
    text
}

const HEAD: &str = "\
# Coverage

Written by `cargo run --example coverage`; `-- --check` fails where it is out of date.

- endpoints: documented endpoints, one line each in `contract/catalogue`
- typed: the client has an operation for it
- wire: a test of the client names the operation and looks at what is sent
- recorded: an answer of a real server was decoded and written again without losing a field
- embedded, agents: a scenario of `contract` that passed got an answer from it in the last recorded run

";

fn run(record: Option<&Record>) -> String {
    let Some(record) = record else {
        return "no recorded run".to_owned();
    };
    let versions: Vec<String> =
        record.versions.iter().map(|(product, version)| format!("{product} {version}")).collect();
    let count =
        |outcome: &str| record.scenarios.iter().filter(|scenario| scenario.outcome == outcome).count();
    format!(
        "{} ({}), {} scenarios passed, {} failed, {} skipped",
        record.date,
        versions.join(", "),
        count("passed"),
        count("failed"),
        count("skipped"),
    )
}

fn markdown_head(first: &str) -> String {
    format!("| {first} | {} |\n|---|{}", COLUMNS.join(" | "), "---:|".repeat(COLUMNS.len()))
}

fn markdown_row(text: &mut String, name: &str, counts: Counts) {
    let cells = counts.all().map(|number| number.to_string());
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}

fn section(text: &mut String, product: &ProductCoverage) {
    let _ = writeln!(text, "\n## {}\n\n{}", product.product, markdown_head("area"));
    for (area, counts) in &product.areas {
        markdown_row(text, area, *counts);
    }
    let mut by_area: Vec<(&str, Vec<&str>)> = Vec::new();
    for (area, title) in &product.missing {
        match by_area.iter_mut().find(|(known, _)| known == area) {
            Some((_, titles)) => titles.push(title),
            None => by_area.push((area, vec![title])),
        }
    }
    if !by_area.is_empty() {
        let _ = writeln!(
            text,
            "\n<details><summary>{} endpoints are not typed</summary>\n",
            product.missing.len()
        );
        for (area, titles) in by_area {
            let titles: Vec<String> = titles.into_iter().map(|title| format!("`{title}`")).collect();
            let _ = writeln!(text, "- {area}: {}", titles.join(", "));
        }
        text.push_str("\n</details>\n");
    }
    if !product.out_of_scope.is_empty() {
        let titles: Vec<String> = product.out_of_scope.iter().map(|title| format!("`{title}`")).collect();
        let _ = writeln!(text, "\nOut of scope (removed, user interface, debugging): {}", titles.join(", "));
    }
}

fn scenarios(text: &mut String, record: &Record) {
    let _ = writeln!(text, "\n## Scenarios, {}\n", record.backend);
    let mut passed = 0;
    for scenario in &record.scenarios {
        match &scenario.reason {
            Some(reason) => {
                let reason = reason.lines().next().unwrap_or_default();
                let _ = writeln!(text, "- {}: {} ({reason})", scenario.name, scenario.outcome);
            }
            None => passed += 1,
        }
    }
    let _ = writeln!(text, "- {passed} passed");
}
