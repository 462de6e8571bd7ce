//! What a Jacobian costs in forward and in reverse mode, in operations of the
//! function itself, as inputs or outputs grow (notes §6.2, §6.3). With a path
//! it draws the table as a picture.
//!
//! ```text
//! cargo run -p wonderland-autodiff --example modes -- [PICTURE.svg]
//! ```

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::fmt::Write;

use wonderland_autodiff::{Result, data, input, trace};

/// Operations of both modes over those of a two-layer map from d to c numbers.
fn costs(d: usize, c: usize) -> Result<[f64; 2]> {
    let spec = (input("x", [d]), data("A", [64, d]), data("B", [c, 64]));
    let f = trace(spec, |_, (x, A, B)| B.matmul(A.matmul(x).tanh()))?;
    let j = f.jacobian()?;
    Ok([j.forward_flops, j.reverse_flops].map(|flops| flops as f64 / f.flops() as f64))
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    println!("{:>6} | {:>21} | {:>21}", "", "8 outputs, d inputs", "8 inputs, c outputs");
    println!(
        "{:>6} | {:>10} {:>10} | {:>10} {:>10}",
        "size", "forward", "reverse", "forward", "reverse"
    );
    let mut series = [const { Vec::new() }; 4];
    for n in sizes {
        let (inputs, outputs) = (costs(n, 8)?, costs(8, n)?);
        println!(
            "{n:>6} | {:>10.1} {:>10.1} | {:>10.1} {:>10.1}",
            inputs[0], inputs[1], outputs[0], outputs[1]
        );
        for (line, cost) in series.iter_mut().zip([inputs, outputs].concat()) {
            line.push((n as f64, cost));
        }
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, picture(&series))?;
    }
    Ok(())
}

/// Where a size and a cost lie in a panel: 30 units per doubling of the size,
/// 26 per doubling of the cost.
fn place(panel: usize, (n, cost): (f64, f64)) -> (f64, f64) {
    (60.0 + 320.0 * panel as f64 + 30.0 * n.log2(), 260.0 - 26.0 * cost.log2())
}

/// Two panels on logarithmic axes: inputs grow, outputs grow.
fn picture(series: &[Vec<(f64, f64)>; 4]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 660 310\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n\
         <title>Cost of a Jacobian in forward and in reverse mode</title>\n\
         <rect width=\"660\" height=\"310\" fill=\"white\"/>\n\
         <text transform=\"translate(16 156) rotate(-90)\" text-anchor=\"middle\">\
         operations, relative to the function</text>\n",
    );
    for panel in 0..2 {
        axes(&mut svg, panel);
        for (k, colour) in ["#b04a00", "#1f5fa8"].into_iter().enumerate() {
            line(&mut svg, panel, &series[2 * panel + k], (["forward", "reverse"][k], colour));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Grid, ticks and names of one panel.
fn axes(svg: &mut String, panel: usize) {
    let ((left, bottom), (right, top)) = (place(panel, (1.0, 1.0)), place(panel, (256.0, 256.0)));
    for power in (0..=8).step_by(2) {
        let n = f64::from(1 << power);
        let ((x, _), (_, y)) = (place(panel, (n, 1.0)), place(panel, (1.0, n)));
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {y}H{right}M{x} {bottom}V{top}\" stroke=\"#dddddd\"/>\n\
             <path d=\"M{left} {y}h-4M{x} {bottom}v4\" stroke=\"black\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{n}</text>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{n}</text>",
            left - 7.0,
            y + 4.0,
            bottom + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>"
    );
    let middle = f64::midpoint(left, right);
    let (what, title) = [("inputs", "8 outputs"), ("outputs", "8 inputs")][panel];
    let _ = writeln!(
        svg,
        "<text x=\"{middle}\" y=\"298\" text-anchor=\"middle\">number of {what}</text>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"bold\">{title}</text>",
        top - 12.0
    );
}

/// One line, with a mark at every point and its name at its end.
fn line(svg: &mut String, panel: usize, points: &[(f64, f64)], (name, colour): (&str, &str)) {
    let at: Vec<(f64, f64)> = points.iter().map(|&p| place(panel, p)).collect();
    let path: Vec<String> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.join(" ")
    );
    for (x, y) in &at {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
    // Where the lines are farthest apart, beside the steep one or above the flat.
    let Some(&(x, y)) = at.get(6) else { return };
    let steep = y < 150.0;
    let (x, y, anchor) = if steep { (x - 8.0, y, "end") } else { (x, y - 9.0, "middle") };
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{name} mode</text>"
    );
}
