//! One self-contained HTML page: text, tables, pictures and the threshold tool.
//!
//! No network, no external file: it opens from disk, prints, and follows the
//! reader's light or dark preference. Every text is escaped here, once.

use std::fmt::Write;

use crate::picture::Picture;
use crate::style;
use crate::threshold::ThresholdTool;

/// A page: a title, one sentence, sections in reading order, a footer.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Heading of the page.
    pub title: String,
    /// One or two sentences that say what was done and how it went.
    pub lead: String,
    /// The sections.
    pub sections: Vec<Section>,
    /// Settings, versions, seed: what is needed to repeat it.
    pub footer: String,
}

/// A heading and what stands under it.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Heading; empty for the first, unheaded one.
    pub title: String,
    /// Contents in reading order.
    pub blocks: Vec<Block>,
}

/// One piece of a section.
#[derive(Debug, Clone)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A remark that needs attention.
    Warning(String),
    /// A remark that reassures.
    Good(String),
    /// Large figures: value, what it is, in lines.
    Tiles(Vec<(String, String)>),
    /// A table: heads, rows.
    Table {
        /// Column heads.
        head: Vec<String>,
        /// Rows of as many cells.
        rows: Vec<Vec<String>>,
    },
    /// Pictures side by side where there is room: picture, title, explanation.
    Pictures(Vec<(Picture, String, String)>),
    /// The slider for threshold and costs of a binary classifier.
    Threshold(ThresholdTool),
    /// A table folded away behind its summary.
    Details {
        /// What is folded away.
        summary: String,
        /// Column heads.
        head: Vec<String>,
        /// Rows.
        rows: Vec<Vec<String>>,
    },
}

impl Report {
    /// The complete HTML document.
    ///
    /// # Examples
    /// ```
    /// use wonderland_report::{Block, Report, Section};
    /// let report = Report {
    ///     title: "A < B".into(),
    ///     sections: vec![Section { title: "Data".into(), blocks: vec![Block::Text("150 rows".into())] }],
    ///     ..Report::default()
    /// };
    /// let html = report.to_html();
    /// assert!(html.starts_with("<!doctype html>") && html.contains("<h1>A &lt; B</h1>"));
    /// assert!(!html.contains("http"));
    /// ```
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut out = String::new();
        let title = escape(&self.title);
        out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
        push(&mut out, format_args!("<title>{title}</title>\n<style>\n"));
        push(&mut out, format_args!(":root{{{}}}\n", style::LIGHT));
        push(
            &mut out,
            format_args!("@media(prefers-color-scheme:dark){{:root{{{}}}}}\n", style::DARK),
        );
        out.push_str(style::PICTURE);
        out.push('\n');
        out.push_str(include_str!("page.css"));
        push(&mut out, format_args!("</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"));
        if !self.lead.is_empty() {
            push(&mut out, format_args!("<p class=\"lead\">{}</p>\n", prose(&self.lead)));
        }
        for section in &self.sections {
            section.write(&mut out);
        }
        if !self.footer.is_empty() {
            push(&mut out, format_args!("<footer>{}</footer>\n", escape(&self.footer)));
        }
        out.push_str("</main>\n");
        if self.has_tool() {
            push(&mut out, format_args!("<script>\n{}</script>\n", include_str!("threshold.js")));
        }
        out.push_str("</body>\n</html>\n");
        out
    }

    fn has_tool(&self) -> bool {
        self.sections.iter().flat_map(|s| &s.blocks).any(|b| matches!(b, Block::Threshold(_)))
    }
}

impl Section {
    fn write(&self, out: &mut String) {
        out.push_str("<section>\n");
        if !self.title.is_empty() {
            push(out, format_args!("<h2>{}</h2>\n", escape(&self.title)));
        }
        for block in &self.blocks {
            block.write(out);
        }
        out.push_str("</section>\n");
    }
}

impl Block {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => push(out, format_args!("<p>{}</p>\n", prose(text))),
            Self::Warning(text) => {
                push(out, format_args!("<p class=\"note\">{}</p>\n", prose(text)))
            }
            Self::Good(text) => {
                push(out, format_args!("<p class=\"note good\">{}</p>\n", prose(text)))
            }
            Self::Tiles(tiles) => write_tiles(out, tiles),
            Self::Table { head, rows } => write_table(out, head, rows),
            Self::Pictures(pictures) => write_pictures(out, pictures),
            Self::Threshold(tool) => write_tool(out, tool),
            Self::Details { summary, head, rows } => {
                push(out, format_args!("<details><summary>{}</summary>\n", escape(summary)));
                write_table(out, head, rows);
                out.push_str("</details>\n");
            }
        }
    }
}

fn write_tiles(out: &mut String, tiles: &[(String, String)]) {
    out.push_str("<div class=\"tiles\">\n");
    for (value, name) in tiles {
        let (value, name) = (escape(value), escape(name).replace('\n', "<br>"));
        push(out, format_args!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>\n"));
    }
    out.push_str("</div>\n");
}

fn write_table(out: &mut String, head: &[String], rows: &[Vec<String>]) {
    // On a narrow screen the rows of a wide table are set one below the other,
    // each cell behind the head of its column.
    let class = if head.len() > 3 { " class=\"wide\"" } else { "" };
    push(out, format_args!("<div class=\"scroll\"><table{class}>\n<thead><tr>"));
    for cell in head {
        push(out, format_args!("<th scope=\"col\">{}</th>", escape(cell)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (cell, head) in row.iter().zip(head) {
            let (cell, head) = (escape(cell), escape(head));
            if class.is_empty() {
                push(out, format_args!("<td>{cell}</td>"));
            } else {
                push(out, format_args!("<td data-head=\"{head}\">{cell}</td>"));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn write_pictures(out: &mut String, pictures: &[(Picture, String, String)]) {
    out.push_str("<div class=\"pictures\">\n");
    for (picture, title, caption) in pictures {
        push(
            out,
            format_args!(
                "<figure>\n{}\n<figcaption><b>{}</b> {}</figcaption>\n</figure>\n",
                picture.to_inline(),
                escape(title),
                escape(caption)
            ),
        );
    }
    out.push_str("</div>\n");
}

fn write_tool(out: &mut String, tool: &ThresholdTool) {
    // A class may be called `</script>`: in JSON, `<` may be written as an escape.
    let data = serde_json::to_string(tool).unwrap_or_default().replace('<', "\\u003c");
    let (positive, negative) = (escape(tool.positive()), escape(tool.negative()));
    push(
        out,
        format_args!(
            "<div class=\"tool\">\n<script type=\"application/json\">{data}</script>\n\
             <label>Decide “{positive}” where its probability is at least <b data-id=\"shown\">0.50</b>\n\
             <input type=\"range\" data-id=\"t\" min=\"0\" max=\"100\" value=\"50\"></label>\n\
             <div class=\"costs\">\n\
             <label>cost of a false alarm (“{negative}” taken for “{positive}”)<br>\
             <input type=\"number\" data-id=\"fp\" value=\"1\" min=\"0\" step=\"any\"></label>\n\
             <label>cost of a miss (“{positive}” taken for “{negative}”)<br>\
             <input type=\"number\" data-id=\"fn\" value=\"10\" min=\"0\" step=\"any\"></label>\n</div>\n\
             <div class=\"scroll\"><table>\n\
             <thead><tr><th>decided</th><th>truly {positive}</th><th>truly {negative}</th></tr></thead>\n\
             <tbody><tr><td>{positive}</td><td data-id=\"tp\"></td><td data-id=\"alarm\"></td></tr>\n\
             <tr><td>{negative}</td><td data-id=\"miss\"></td><td data-id=\"tn\"></td></tr></tbody>\n\
             </table></div>\n\
             <p>Expected cost per sample <b data-id=\"cost\"></b>. \
             With calibrated probabilities the best threshold is <b data-id=\"bayes\"></b>. \
             <button type=\"button\" data-id=\"best\">cheapest on these samples</button></p>\n</div>\n"
        ),
    );
}

/// Sentences as HTML: a number and its per cent sign stay on one line.
fn prose(text: &str) -> String {
    escape(text).replace(" %", "\u{a0}%")
}

/// Text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = out.write_fmt(arguments);
}
