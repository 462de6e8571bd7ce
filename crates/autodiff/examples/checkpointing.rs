//! Memory against time: the gradient of a long chain of layers within budgets
//! from all states to three, measured beside what the plan said (notes §6.3).
//!
//! A plan says how many operations it does again. All of these are forward steps,
//! whose operations do not take as long as those of a backward step; so the time
//! foretold is that of keeping everything, and the time of the value alone times
//! the share of its operations that is done again.
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example checkpointing -- \
//!     [LAYERS WIDTH BATCH [PICTURE.svg [OTHERS.csv]]]
//! ```
//! OTHERS.csv holds lines `name,bytes,seconds over those of keeping everything`
//! of other systems, drawn as crosses: `xtask/peers/checkpointing.py` writes it
//! for `jax.checkpoint` and `torch.utils.checkpoint`.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

mod timing;

use std::error::Error;
use std::fmt::Write;

use timing::{in_turn, median};
use wonderland_autodiff::{Arg, Budget, Plan, Program, Result, Tensor, Var, data, input, trace};

/// One budget: what the plan said and what was measured.
struct Point {
    slots: usize,
    planned: usize,
    measured: u64,
    /// Seconds over those of keeping everything: foretold, and taken.
    foretold: f64,
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

/// Weights that keep the layers' values about as large as they are.
fn values(
    program: &Program,
    width: usize,
) -> std::result::Result<Vec<Tensor<f32>>, Box<dyn Error>> {
    let scale = 1.7 / (width as f64).sqrt();
    let value = |k: usize| {
        let dims = program.inputs()[k].shape.dims();
        let entry = |i: usize| (scale * ((i * 37 + k * 11) as f64).sin()) as f32;
        Ok(Tensor::new(&dims, (0..dims.iter().product()).map(entry).collect())?)
    };
    (0..program.inputs().len()).map(value).collect()
}

/// Rounds of runs, of which the median counts.
const ROUNDS: usize = 5;

/// The most bytes that planning and running hold.
fn bytes(make: impl Fn() -> Result<Plan<f32>>, args: &[Arg<'_, f32>]) -> Result<u64> {
    let mut run = Ok(());
    let memory = allocation_counter::measure(|| {
        run = make().and_then(|mut plan| plan.run(args).map(drop));
    });
    run?;
    // Results are the caller's.
    let results: usize = args[..args.len() - 1]
        .iter()
        .map(|a| match a {
            Arg::Real(x, _) => size_of_val(*x),
            Arg::Index(..) => 0,
        })
        .sum();
    Ok(memory.bytes_max - results as u64)
}

/// The time of a plan over that of another, round by round.
fn ratio(plan: &mut Plan<f32>, other: &mut Plan<f32>, args: &[Arg<'_, f32>]) -> Result<f64> {
    let [plan, other] = in_turn([plan, other], args, ROUNDS)?;
    Ok(median(plan.iter().zip(&other).map(|(a, b)| a / b).collect()))
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().map_while(|w| w.parse().ok()).collect();
    let (layers, width, batch) = match numbers[..] {
        [l, w, b] => (l, w, b),
        _ => (16, 64, 256),
    };
    let value = chain(layers, width, batch)?;
    let program = value.grad()?;
    let tensors = values(&program, width)?;
    let args: Vec<Arg<'_, f32>> =
        tensors.iter().map(|t| Arg::Real(t.as_slice(), t.shape().into())).collect();
    // Once for faer's own memory.
    program.plan::<f32>().run(args.as_slice())?;
    let measured = bytes(|| Ok(program.plan()), &args)?;
    let mut whole = program.plan::<f32>();
    let full = whole.report().clone();
    let twice = ratio(&mut whole.clone(), &mut whole, &args)?;
    let forward = ratio(&mut value.plan(), &mut whole, &args)?;
    println!(
        "keeping everything: {} B planned, {measured} B measured; time {twice:.3} of its own, \
         of the value alone {forward:.3}",
        full.total()
    );
    let mut points = Vec::new();
    let mut slots = layers;
    while slots >= 3 {
        let within = || program.plan_within::<f32>(Budget::Slots(slots));
        let measured = bytes(within, &args)?;
        let mut plan = within()?;
        let (planned, again) = (plan.report().total(), plan.report().extra_flops as f64);
        let (counted, passes) = (again / full.flops as f64, again / value.flops() as f64);
        let foretold = 1.0 + passes * forward;
        let taken = ratio(&mut plan, &mut whole, &args)?;
        println!(
            "{slots} states: {planned} B planned, {measured} B measured; operations {:.3}, time \
             {foretold:.3} foretold, {taken:.3} taken: {:.3} of it",
            1.0 + counted,
            taken / foretold
        );
        points.push(Point { slots, planned, measured, foretold, taken });
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

const WIDTH: f64 = 660.0;
const HEIGHT: f64 = 360.0;
/// Corners of the plot.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 300.0;

/// Where memory and time lie on the page.
struct Plot {
    svg: String,
    /// Megabytes and relative time at the far ends of the axes.
    most: (f64, f64),
}

impl Plot {
    fn place(&self, bytes: f64, time: f64) -> (f64, f64) {
        let (x, y) = (bytes / 1e6 / self.most.0, (time - 1.0) / (self.most.1 - 1.0));
        (LEFT + (RIGHT - LEFT) * x, BOTTOM - (BOTTOM - TOP - 20.0) * y)
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, colour: &str, text: &str) {
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        );
    }

    /// Line `k` of what the colours mean.
    fn legend(&mut self, k: usize, colour: &str, text: &str) {
        self.text((RIGHT, TOP + 8.0 + 18.0 * k as f64), "end", colour, text);
    }

    fn path(&mut self, path: &str, colour: &str, width: u32) {
        let _ = writeln!(
            self.svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    fn axes(&mut self) {
        for k in 0.. {
            let megabytes = f64::from(k) * step(self.most.0);
            if megabytes > self.most.0 {
                break;
            }
            let (x, _) = self.place(megabytes * 1e6, 1.0);
            self.path(&format!("M{x:.1} {BOTTOM}V{TOP}"), "#dddddd", 1);
            self.text((x, BOTTOM + 18.0), "middle", "black", &format!("{megabytes}"));
        }
        for k in 0.. {
            let time = 1.0 + f64::from(k) * step(self.most.1 - 1.0);
            if time > self.most.1 {
                break;
            }
            let (_, y) = self.place(0.0, time);
            self.path(&format!("M{LEFT} {y:.1}H{RIGHT}"), "#dddddd", 1);
            self.text((LEFT - 8.0, y + 4.0), "end", "black", &format!("{time:.1}"));
        }
        self.path(&format!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"), "black", 1);
        self.text((f64::midpoint(LEFT, RIGHT), BOTTOM + 40.0), "middle", "black", "memory, MB");
        let title = "time of a gradient, relative to keeping every state";
        self.text((LEFT - 40.0, 20.0), "start", "black", title);
    }
}

/// A distance of ticks, 1, 2 or 5 times a power of ten, for four to ten of them.
fn step(range: f64) -> f64 {
    let power = 10_f64.powf((range / 4.0).log10().floor());
    let times = range / 4.0 / power;
    power
        * if times < 2.0 {
            1.0
        } else if times < 5.0 {
            2.0
        } else {
            5.0
        }
}

/// Time over memory: the line is what is foretold, dots are measured.
fn picture(points: &[Point], full: usize, others: &str) -> String {
    const COLOURS: [&str; 2] = ["#1f5fa8", "#b04a00"];
    let others: Vec<_> = others.lines().filter_map(other).collect();
    let bytes = others.iter().map(|other| other.2).fold(full as f64, f64::max);
    let times = points.iter().map(|p| p.foretold.max(p.taken)).chain(others.iter().map(|o| o.3));
    let time = times.fold(1.0, f64::max);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n\
         <title>Memory and time of a gradient with fewer states kept</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let mut plot = Plot { svg, most: (1.05 * bytes / 1e6, time) };
    plot.axes();

    let line = points.iter().map(|p| plot.place(p.planned as f64, p.foretold));
    let line: Vec<String> = line.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    plot.path(&format!("M{}", line.join("L")), COLOURS[0], 2);
    for p in points {
        let (x, y) = plot.place(p.measured as f64, p.taken);
        let _ = writeln!(
            plot.svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>",
            COLOURS[1]
        );
        // On the side of the dot where the line is not.
        let y = if p.taken < p.foretold { y + 17.0 } else { y - 9.0 };
        plot.text((x, y), "middle", COLOURS[1], &p.slots.to_string());
    }
    let mut systems: Vec<&str> = others.iter().map(|other| other.0).collect();
    systems.dedup();
    for (name, every, bytes, time) in &others {
        let colour = colour(systems.iter().position(|s| s == name).unwrap_or(0));
        let (x, y) = plot.place(*bytes, *time);
        plot.path(&format!("M{} {}l8 8m0 -8l-8 8", x - 4.0, y - 4.0), colour, 2);
        if !every.is_empty() {
            plot.text((x, y - 9.0), "middle", colour, every);
        }
    }
    let legend = ["as foretold", "measured, with the number of states kept"];
    for (k, text) in legend.into_iter().enumerate() {
        plot.legend(k, COLOURS[k], text);
    }
    for (k, name) in systems.iter().enumerate() {
        plot.legend(2 + k, colour(k), &format!("{name}, a checkpoint every so many layers"));
    }
    plot.svg + "</svg>\n"
}

/// Time over memory of another system: its name, how many layers have a
/// checkpoint in common (nothing if there is none), bytes, relative time.
fn other(row: &str) -> Option<(&str, &str, f64, f64)> {
    let mut cells = row.split(',').map(str::trim);
    let name = cells.next()?;
    let (name, every) = name.split_once(": every ").unwrap_or((name, ""));
    Some((name, every, cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
}

/// Colours of other systems.
fn colour(k: usize) -> &'static str {
    ["#2a7f3f", "#7a3f9a"][k % 2]
}
