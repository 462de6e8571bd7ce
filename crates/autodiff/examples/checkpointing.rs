//! Memory against time: the gradient of a long chain of layers within budgets
//! from all states to three, measured beside what the plan said (notes §6.3).
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example checkpointing -- \
//!     [LAYERS WIDTH BATCH [PICTURE.svg [OTHERS.csv]]]
//! ```
//! OTHERS.csv holds lines `name,bytes,seconds over those of keeping everything`
//! of other systems, drawn as crosses: `xtask/peers/checkpointing.py` writes it
//! for `jax.checkpoint`.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "it times its runs")]

use std::error::Error;
use std::fmt::Write;
use std::time::Instant;

use wonderland_autodiff::{Arg, Budget, Plan, Program, Result, Tensor, Var, data, input, trace};

/// One budget: what the plan said and what was measured.
struct Point {
    slots: usize,
    planned: usize,
    measured: u64,
    /// Operations, and seconds, over those of keeping everything.
    predicted: f64,
    taken: f64,
}

/// Mean square of a chain h ← tanh(h W), marked between layers.
fn chain(layers: usize, width: usize, batch: usize) -> Result<Program> {
    let weights = (0..layers).map(|k| input(&format!("W{k}"), [width, width]));
    let spec = (weights.collect::<Vec<_>>(), data("X", [batch, width]));
    trace(spec, |_, (W, X): (Vec<Var<'_>>, Var<'_>)| {
        let h = W.iter().enumerate().fold(X, |h, (k, &W)| {
            let h = h.matmul(W).tanh();
            if k + 1 < layers { h.segment() } else { h }
        });
        (h * h).mean()
    })
}

/// Best of some runs, in seconds, and the most bytes that planning and running
/// hold.
fn measure(make: impl Fn() -> Result<Plan<f32>>, args: &[Arg<'_, f32>]) -> Result<(f64, u64)> {
    let mut best = f64::INFINITY;
    let mut failed = Ok(());
    let memory = allocation_counter::measure(|| {
        failed = make().and_then(|mut plan| {
            let shapes = plan.program().output_shapes();
            let mut results: Vec<Vec<f32>> = shapes.map(|s| vec![0.0; s.len()]).collect();
            let mut slices: Vec<&mut [f32]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            for _ in 0..3 {
                let start = Instant::now();
                plan.run_into(args, &mut slices)?;
                best = best.min(start.elapsed().as_secs_f64());
            }
            Ok(())
        });
    });
    failed?;
    // Results are the caller's.
    let results: u64 = args[..args.len() - 1]
        .iter()
        .map(|a| match a {
            Arg::Real(x, _) => 4 * x.len() as u64,
            Arg::Index(..) => 0,
        })
        .sum();
    Ok((best, memory.bytes_max - results))
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().map_while(|w| w.parse().ok()).collect();
    let (layers, width, batch) = match numbers[..] {
        [l, w, b] => (l, w, b),
        _ => (16, 64, 256),
    };
    let program = chain(layers, width, batch)?.grad()?;
    let tensors: Vec<Tensor<f32>> = (0..program.inputs().len())
        .map(|k| {
            let dims = program.inputs()[k].shape.dims();
            let scale = 1.7 / (width as f64).sqrt();
            let entry = |i: usize| (scale * ((i * 37 + k * 11) as f64).sin()) as f32;
            Tensor::new(&dims, (0..dims.iter().product()).map(entry).collect())
        })
        .collect::<std::result::Result<_, _>>()?;
    let args: Vec<Arg<'_, f32>> =
        tensors.iter().map(|t| Arg::Real(t.as_slice(), t.shape().into())).collect();
    // Once for faer's own memory.
    program.plan::<f32>().run(args.as_slice())?;
    let (whole, bytes) = measure(|| Ok(program.plan()), &args)?;
    let full = program.plan::<f32>().report().clone();
    println!("keeping everything: {} B planned, {bytes} B measured, {whole:.3} s", full.total());
    let mut points = Vec::new();
    let mut slots = layers;
    while slots >= 3 {
        let within = || program.plan_within::<f32>(Budget::Slots(slots));
        let (planned, flops) = (within()?.report().total(), within()?.report().flops);
        let (seconds, measured) = measure(within, &args)?;
        let (predicted, taken) = (flops as f64 / full.flops as f64, seconds / whole);
        println!(
            "{slots} states: {planned} B planned, {measured} B measured; \
             time {predicted:.3} predicted, {taken:.3} taken"
        );
        points.push(Point { slots, planned, measured, predicted, taken });
        slots -= slots.div_ceil(4).min((slots - 3).max(1));
    }
    for p in &points {
        // Beyond the numbers there is the list of instructions.
        let list = p.measured as f64 - p.planned as f64;
        assert!((0.0..2e6).contains(&list), "{} states: the plan is what is used", p.slots);
    }
    if let Some(path) = words.get(3) {
        let others = words.get(4).map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        std::fs::write(path, picture(&points, full.total(), &others))?;
    }
    Ok(())
}

/// Time over memory: the line is the plan's word, dots are measured.
fn picture(points: &[Point], full: usize, others: &str) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 340\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"640\" height=\"340\" fill=\"white\"/>\n\
         <text x=\"50\" y=\"18\">time of a gradient over that of keeping everything</text>\n\
         <text x=\"400\" y=\"334\">memory, MB</text>\n",
    );
    let megabytes = |bytes: f64| bytes / 1e6;
    let most = others.lines().filter_map(|row| row.split(',').nth(1)?.parse().ok());
    let right = megabytes(most.fold(full as f64, f64::max)) * 1.05;
    let place = |bytes: f64, time: f64| {
        (50.0 + 560.0 * megabytes(bytes) / right, 300.0 - 190.0 * (time - 0.9))
    };
    let _ = writeln!(svg, "<path d=\"M50 30V300H620\" fill=\"none\" stroke=\"black\"/>");
    for tenth in (10..=22).step_by(3) {
        let time = f64::from(tenth) / 10.0;
        let (_, y) = place(0.0, time);
        let _ = writeln!(svg, "<text x=\"22\" y=\"{:.0}\">{time:.1}</text>", y + 4.0);
    }
    for part in 1..=5 {
        let at = right * f64::from(part) / 5.0;
        let (x, _) = place(at * 1e6, 1.0);
        let _ = writeln!(svg, "<text x=\"{:.0}\" y=\"316\">{at:.0}</text>", x - 10.0);
    }
    let line = points.iter().map(|p| place(p.planned as f64, p.predicted));
    let line: Vec<String> = line.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>",
        line.join(" ")
    );
    for p in points {
        let (x, y) = place(p.measured as f64, p.taken);
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#b04a00\"/>");
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 6.0, y - 6.0, p.slots);
    }
    let legend = "the plan&#8217;s word (line), measured (dots, with the number of states)";
    let _ = writeln!(svg, "<text x=\"230\" y=\"40\" fill=\"#1f5fa8\">{legend}</text>");
    for row in others.lines() {
        let mut cells = row.split(',');
        let name = cells.next().unwrap_or_default();
        let mut number = || cells.next().and_then(|c| c.trim().parse::<f64>().ok());
        if let (Some(bytes), Some(time)) = (number(), number()) {
            let (x, y) = place(bytes, time);
            let cross = format!("M{} {}l8 8m0 -8l-8 8", x - 4.0, y - 4.0);
            let _ = writeln!(svg, "<path d=\"{cross}\" stroke=\"#2a7f3f\" stroke-width=\"2\"/>");
            let (x, y) = (x + 2.0, y - 8.0);
            let _ = writeln!(
                svg,
                "<text transform=\"translate({x:.1} {y:.1}) rotate(-40)\" fill=\"#2a7f3f\">{name}</text>"
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
