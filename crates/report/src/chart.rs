//! The frame every chart shares: axes, grid, marks placed by data, legend.

use svg::node::element::{Circle, Element, Group, Line, Path, Rectangle, Text, Title, path::Data};

use crate::picture::Picture;
use crate::scale::{Scale, label};

const WIDTH: f64 = 440.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 46.0;
const TOP: f64 = 14.0;
const LEGEND_ROW: f64 = 20.0;

/// One axis: what it measures and how far it runs.
pub(crate) struct Axis<'a> {
    pub(crate) name: &'a str,
    pub(crate) range: (f64, f64),
    /// Labels at given values instead of round numbers.
    pub(crate) names: Option<Vec<(f64, String)>>,
}

impl<'a> Axis<'a> {
    pub(crate) fn new(name: &'a str, low: f64, high: f64) -> Self {
        Self { name, range: (low, high), names: None }
    }

    /// The axis of a probability.
    pub(crate) fn unit(name: &'a str) -> Self {
        Self::new(name, 0.0, 1.0)
    }
}

/// A chart under construction. Marks are placed in units of the data; their
/// look is a class of the style sheet.
pub(crate) struct Chart {
    x: Scale,
    y: Scale,
    height: f64,
    body: Group,
}

impl Chart {
    /// A frame with both axes, `legend` entries above the plot.
    pub(crate) fn new(height: f64, x: &Axis<'_>, y: &Axis<'_>, legend: &[(&str, &str)]) -> Self {
        let y_marks = marks(y, 5, height);
        let widest = y_marks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(1);
        let left = 34.0 + 7.0 * widest.min(22) as f64;
        let (places, rows) = legend_places(legend, left);
        let top = TOP + LEGEND_ROW * rows as f64;
        let x_scale = Scale::new(x.range.0, x.range.1, left, WIDTH - RIGHT);
        let y_scale = Scale::new(y.range.0, y.range.1, height - BOTTOM, top);
        let mut chart =
            Self { x: x_scale, y: y_scale, height, body: Group::new().set("class", "w") };
        chart.draw_axes(x, y, left, top);
        chart.draw_legend(legend, &places);
        chart
    }

    fn draw_axes(&mut self, x: &Axis<'_>, y: &Axis<'_>, left: f64, top: f64) {
        let (right, bottom) = (WIDTH - RIGHT, self.height - BOTTOM);
        for (value, text) in marks(y, 5, self.height) {
            let at = self.y.at(value);
            if y.names.is_none() {
                self.segment("grid", (left, at), (right, at));
            }
            self.write("soft end", left - 7.0, at + 4.5, &clipped(&text, 22));
        }
        for (value, text) in marks(x, 5, WIDTH) {
            let at = self.x.at(value);
            if x.names.is_none() {
                self.segment("grid", (at, top), (at, bottom));
            }
            self.write("soft mid", at, bottom + 17.0, &clipped(&text, 14));
        }
        self.segment("axis", (left, bottom), (right, bottom));
        // Centred below the plot, unless a long name would leave the picture.
        let half = 3.2 * x.name.chars().count() as f64;
        let centre = f64::midpoint(left, right).min(WIDTH - half);
        self.write("mid", centre, self.height - 8.0, x.name);
        let middle = f64::midpoint(top, bottom);
        let name = Text::new(y.name)
            .set("class", "mid")
            .set("transform", format!("translate(14 {middle:.1}) rotate(-90)"));
        self.add(name);
    }

    fn draw_legend(&mut self, entries: &[(&str, &str)], places: &[(f64, f64)]) {
        for ((class, text), &(x, y)) in entries.iter().zip(places) {
            let mark = Rectangle::new()
                .set("class", *class)
                .set("x", px(x))
                .set("y", px(y - 10.0))
                .set("width", 12)
                .set("height", 12)
                .set("rx", 2);
            self.add(mark);
            self.write("small", x + 17.0, y, text);
        }
    }

    /// A polyline through `points`; a break wherever a point is not finite.
    pub(crate) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut data = Data::new();
        let mut pen_down = false;
        for &(x, y) in points {
            if !(x.is_finite() && y.is_finite()) {
                pen_down = false;
                continue;
            }
            let at = (px(self.x.at(x)), px(self.y.at(y)));
            data = if pen_down { data.line_to(at) } else { data.move_to(at) };
            pen_down = true;
        }
        self.add(Path::new().set("class", class).set("d", data));
    }

    /// The region between `(x, low)` and `(x, high)`.
    pub(crate) fn area(&mut self, class: &str, region: &[(f64, f64, f64)]) {
        let Some(&(x, low, _)) = region.first() else { return };
        let mut data = Data::new().move_to((px(self.x.at(x)), px(self.y.at(low))));
        for &(x, _, high) in region {
            data = data.line_to((px(self.x.at(x)), px(self.y.at(high))));
        }
        for &(x, low, _) in region.iter().rev() {
            data = data.line_to((px(self.x.at(x)), px(self.y.at(low))));
        }
        self.add(Path::new().set("class", class).set("d", data.close()));
    }

    /// The rectangle from `(x0, y0)` to `(x1, y1)` in data units, inset by
    /// `inset` pixels on its sides.
    pub(crate) fn bar(
        &mut self,
        class: &str,
        x: (f64, f64),
        y: (f64, f64),
        inset: f64,
        note: &str,
    ) {
        let (a, b) = ordered(self.x.at(x.0), self.x.at(x.1));
        let (c, d) = ordered(self.y.at(y.0), self.y.at(y.1));
        let mark = Rectangle::new()
            .set("class", class)
            .set("x", px(a + inset))
            .set("y", px(c))
            .set("width", px((b - a - 2.0 * inset).max(0.5)))
            .set("height", px(d - c))
            .add(Title::new(note));
        self.add(mark);
    }

    /// A bar along the x axis at row `y`, `thick` pixels high.
    pub(crate) fn row_bar(&mut self, class: &str, x: (f64, f64), y: f64, thick: f64, note: &str) {
        let (a, b) = ordered(self.x.at(x.0), self.x.at(x.1));
        let mark = Rectangle::new()
            .set("class", class)
            .set("x", px(a))
            .set("y", px(self.y.at(y) - thick / 2.0))
            .set("width", px((b - a).max(0.5)))
            .set("height", px(thick))
            .set("rx", px((thick / 4.0).min(2.0)))
            .add(Title::new(note));
        self.add(mark);
    }

    /// A tile of a matrix, tinted by `opacity`.
    pub(crate) fn cell(
        &mut self,
        class: &str,
        opacity: f64,
        x: (f64, f64),
        y: (f64, f64),
        note: &str,
    ) {
        let (a, b) = ordered(self.x.at(x.0), self.x.at(x.1));
        let (c, d) = ordered(self.y.at(y.0), self.y.at(y.1));
        let mark = Rectangle::new()
            .set("class", format!("{class} cell"))
            .set("fill-opacity", format!("{opacity:.3}"))
            .set("x", px(a))
            .set("y", px(c))
            .set("width", px(b - a))
            .set("height", px(d - c))
            .add(Title::new(note));
        self.add(mark);
    }

    /// A dot of radius `r` pixels, with its numbers as a tooltip.
    pub(crate) fn dot(&mut self, class: &str, x: f64, y: f64, r: f64, note: &str) {
        let mut mark = Circle::new()
            .set("class", class)
            .set("cx", px(self.x.at(x)))
            .set("cy", px(self.y.at(y)))
            .set("r", px(r));
        if !note.is_empty() {
            mark = mark.add(Title::new(note));
        }
        self.add(mark);
    }

    /// A straight line between two points of the data.
    pub(crate) fn rule(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (from, to) =
            ((self.x.at(from.0), self.y.at(from.1)), (self.x.at(to.0), self.y.at(to.1)));
        self.segment(class, from, to);
    }

    /// Text at a point of the data, moved by pixels.
    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), shift: (f64, f64), text: &str) {
        self.write(class, self.x.at(at.0) + shift.0, self.y.at(at.1) + shift.1, text);
    }

    /// The finished picture with its text alternative.
    pub(crate) fn finish(self, alt: String) -> Picture {
        Picture::new(WIDTH, self.height, Element::from(self.body), alt)
    }

    fn segment(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let line = Line::new()
            .set("class", class)
            .set("x1", px(from.0))
            .set("y1", px(from.1))
            .set("x2", px(to.0))
            .set("y2", px(to.1));
        self.add(line);
    }

    fn write(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.add(Text::new(text).set("class", class).set("x", px(x)).set("y", px(y)));
    }

    fn add(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        svg::Node::append(&mut self.body, node);
    }
}

/// Where the entries of a legend stand, in as many rows as they need, and the
/// number of rows.
fn legend_places(entries: &[(&str, &str)], left: f64) -> (Vec<(f64, f64)>, usize) {
    let (mut x, mut row) = (left, 0);
    let mut places = Vec::with_capacity(entries.len());
    for (_, text) in entries {
        let width = 30.0 + 6.1 * text.chars().count() as f64;
        if x > left && x + width > WIDTH {
            (x, row) = (left, row + 1);
        }
        places.push((x, TOP + 2.0 + LEGEND_ROW * f64::from(row)));
        x += width;
    }
    let rows = if entries.is_empty() { 0 } else { row as usize + 1 };
    (places, rows)
}

fn marks(axis: &Axis<'_>, count: usize, pixels: f64) -> Vec<(f64, String)> {
    match &axis.names {
        Some(names) => names.clone(),
        None => Scale::new(axis.range.0, axis.range.1, 0.0, pixels)
            .ticks(count)
            .into_iter()
            .map(|v| (v, label(v)))
            .collect(),
    }
}

fn ordered(a: f64, b: f64) -> (f64, f64) {
    if a <= b { (a, b) } else { (b, a) }
}

/// Pixels to a tenth: finer is invisible and makes files large.
fn px(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The first `most` characters, with an ellipsis when there are more.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::{RIGHT, WIDTH, legend_places};

    #[test]
    fn legends_stay_inside_the_picture() {
        let entries = [("fa", "setosa (AUC 0.9999)"), ("fb", "versicolor (AUC 1)")];
        let (places, rows) = legend_places(&entries, 55.0);
        assert_eq!((places[0].0, places[0].1, rows), (55.0, places[1].1, 1));
        let three = [entries[0], entries[1], ("fc", "virginica (AUC 0.9917)")];
        let (places, rows) = legend_places(&three, 55.0);
        assert_eq!((places[2].0, rows), (55.0, 2));
        assert!(places[2].1 > places[1].1 && places.iter().all(|p| p.0 < WIDTH - RIGHT));
    }
}
