//! What was measured, as Markdown and as JSON.

use anyhow::Result;
use serde_json::{Value, json};

use super::runner::ENOUGH;
use super::{FEWEST_PAIRS, Measured, Row, Session};
use crate::{bench, metadata};

/// The rows as a Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        "| workload | rival | ours | rival | rival ÷ ours, 95 % interval | error ours / peer |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        text += &line(row);
        text.push('\n');
    }
    text
}

pub(super) fn line(row: &Row) -> String {
    let head = format!("| {} | {} |", row.workload, row.peer);
    match &row.outcome {
        Err(why) => format!("{head} {why} | | | |"),
        Ok(m) => {
            let note = if m.equally_accurate { "" } else { " (ours is less accurate)" };
            format!(
                "{head} {} | {} | {:.2} {} | {:.0e} / {:.0e}{note} |",
                bench::time(m.ours),
                bench::time(m.theirs),
                m.ratio.middle,
                spread(m),
                m.our_error,
                m.their_error
            )
        }
    }
}

/// The interval, and the number of pairs where it is too small for a claim;
/// the smallest and largest ratio where it is too small for an interval.
fn spread(m: &Measured) -> String {
    if m.pairs < ENOUGH {
        return format!("({} pairs, {:.2} to {:.2})", m.pairs, m.range.0, m.range.1);
    }
    let interval = format!("[{:.2}, {:.2}]", m.ratio.low, m.ratio.high);
    if m.pairs < FEWEST_PAIRS { format!("{interval} ({} pairs)", m.pairs) } else { interval }
}

/// Writes the whole session beside the other files of the benchmarks.
pub(super) fn save(session: &Session) -> Result<()> {
    let rows = session.areas.iter().flat_map(|(area, rows)| rows.iter().map(move |r| (*area, r)));
    let list: Vec<Value> = rows.map(|(area, row)| as_json(area, row)).collect();
    let path = metadata::target_directory()?.join("xtask-bench/peers.json");
    let text = json!({ "where": bench::circumstances()?, "probe": session.probe, "rows": list });
    std::fs::write(&path, serde_json::to_string_pretty(&text)?)?;
    println!("saved as {}", path.display());
    Ok(())
}

fn as_json(area: &str, row: &Row) -> Value {
    let head = json!({ "area": area, "workload": row.workload, "peer": row.peer });
    let tail = match &row.outcome {
        Err(why) => json!({ "not_run": why }),
        Ok(m) => json!({
            "ours": m.ours, "theirs": m.theirs,
            "ratio": [m.ratio.low, m.ratio.middle, m.ratio.high], "pairs": m.pairs,
            "our_error": m.our_error, "their_error": m.their_error,
        }),
    };
    json!({ "row": head, "outcome": tail })
}
