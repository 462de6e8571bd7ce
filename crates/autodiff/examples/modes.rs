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

/// Two panels on logarithmic axes: inputs grow, outputs grow.
fn picture(series: &[Vec<(f64, f64)>; 4]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 300\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"640\" height=\"300\" fill=\"white\"/>\n",
    );
    let place = |panel: usize, (n, cost): (f64, f64)| {
        (50.0 + 310.0 * panel as f64 + 30.0 * n.log2(), 250.0 - 26.0 * cost.log2())
    };
    for panel in 0..2 {
        let (x, y) = place(panel, (1.0, 1.0));
        let what = ["inputs (8 outputs)", "outputs (8 inputs)"][panel];
        let _ = writeln!(svg, "<path d=\"M{x} 30V{y}h250\" fill=\"none\" stroke=\"black\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"290\">{what}</text>", x + 70.0);
        for power in (0..=8).step_by(2) {
            let n = f64::from(1 << power);
            let (at, _) = place(panel, (n, 1.0));
            let (_, level) = place(panel, (1.0, n));
            let _ = writeln!(svg, "<text x=\"{}\" y=\"266\">{n}</text>", at - 6.0);
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{n}</text>", x - 26.0, level + 4.0);
        }
        for (k, colour) in ["#b04a00", "#1f5fa8"].into_iter().enumerate() {
            let points: Vec<String> = series[2 * panel + k]
                .iter()
                .map(|&p| place(panel, p))
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            let name = ["forward", "reverse"][k];
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
                x + 10.0,
                44 + 16 * k
            );
        }
    }
    svg.push_str("<text x=\"50\" y=\"18\">operations of a Jacobian over those of the function</text>\n</svg>\n");
    svg
}
