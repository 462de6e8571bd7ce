//! A finished picture and the two ways to write it out.

use svg::Document;
use svg::node::element::{Element, Style};

use crate::style;

pub(crate) mod coefficients;
pub(crate) mod confusion;
pub(crate) mod coverage;
pub(crate) mod curve;
pub(crate) mod histogram;
pub(crate) mod reliability;
pub(crate) mod residual;

/// How a stand-alone picture chooses its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on white paper.
    Light,
    /// Light ink on dark paper.
    Dark,
    /// Whatever the reader's system prefers.
    Auto,
}

/// A drawing with its text alternative.
#[derive(Debug, Clone)]
pub struct Picture {
    width: f64,
    height: f64,
    body: Element,
    alt: String,
}

impl Picture {
    pub(crate) fn new(width: f64, height: f64, body: Element, alt: String) -> Self {
        Self { width, height, body, alt }
    }

    /// What the picture shows, in words, for those who cannot see it.
    #[must_use]
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// The picture as a complete SVG file with its own colours.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> String {
        let colours = match theme {
            Theme::Light => format!("svg{{{}}}", style::LIGHT),
            Theme::Dark => format!("svg{{{}}}", style::DARK),
            Theme::Auto => format!(
                "svg{{{}}}@media(prefers-color-scheme:dark){{svg{{{}}}}}",
                style::LIGHT,
                style::DARK
            ),
        };
        let sheet = format!("{colours}svg{{background:var(--paper)}}{}", style::PICTURE);
        self.document().add(Style::new(sheet)).add(self.body.clone()).to_string()
    }

    /// The picture as an element of a page that brings the style sheet.
    pub(crate) fn to_inline(&self) -> String {
        self.document().add(self.body.clone()).to_string()
    }

    fn document(&self) -> Document {
        Document::new()
            .set("viewBox", (0, 0, self.width, self.height))
            .set("role", "img")
            .set("aria-label", self.alt.as_str())
    }
}
