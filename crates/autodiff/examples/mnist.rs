//! A first network: handwritten digits, 784-256-10, plain gradient descent in
//! mini-batches through a plan that allocates nothing per step (notes §5.3).
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example mnist -- FOLDER [EPOCHS]
//! ```
//! FOLDER holds the four IDX files of MNIST, gzipped, under their usual names.
//! `xtask/peers/mnist.py` does the same in JAX.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "it times its steps")]

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use wonderland_autodiff::{
    Arg, Plan, Program, Result, Shape, Tensor, Tree, data, index, trace, trace_outputs, tree,
};

const BATCH: usize = 128;
const RATE: f32 = 0.1;

tree! {
    /// Weights and biases of two layers.
    struct Net { W1, b1, W2, b2 }
}

fn spec() -> Net<Shape> {
    Net { W1: [784, 256].into(), b1: [256].into(), W2: [256, 10].into(), b2: [10].into() }
}

/// Mean cross-entropy of a batch.
fn loss(n: usize) -> Result<Program> {
    trace((spec(), data("X", [n, 784]), index("y", [n])), |_, (p, X, y)| {
        let h = (X.matmul(p.W1) + p.b1).relu();
        (h.matmul(p.W2) + p.b2).cross_entropy(y).mean()
    })
}

/// A step of descent: the loss before it, and under their names the parameters
/// after it.
fn step(n: usize) -> Result<Program> {
    let both = loss(n)?.value_and_grad()?;
    let given = (spec(), data("X", [n, 784]), index("y", [n]), data("rate", []));
    trace_outputs(given, |t, (p, X, y, rate)| {
        let mut reals = p.leaves();
        reals.push(X);
        let found = t.call(&both, &reals, &[y]);
        let next = p.leaves().into_iter().zip(&found[1..]).map(|(p, &g)| p - rate * g);
        let next = p.paths().into_iter().zip(next);
        next.chain([("loss".to_owned(), found[0])]).collect()
    })
}

/// The most likely digit of every row.
fn guess(n: usize) -> Result<Program> {
    trace((spec(), data("X", [n, 784])), |_, (p, X)| {
        let h = (X.matmul(p.W1) + p.b1).relu();
        (h.matmul(p.W2) + p.b2).argmax(-1).one_hot(10)
    })
}

/// The bytes of a gzipped IDX file behind its header of `header` bytes.
fn bytes(folder: &Path, name: &str, header: usize) -> std::result::Result<Vec<u8>, Box<dyn Error>> {
    let path = folder.join(name);
    let file = File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut all = Vec::new();
    GzDecoder::new(file).read_to_end(&mut all)?;
    Ok(all.split_off(header.min(all.len())))
}

/// Images as rows of numbers in \[0, 1\], and their labels.
fn images(
    folder: &Path,
    set: &str,
) -> std::result::Result<(Tensor<f32>, Vec<u32>), Box<dyn Error>> {
    let pixels = bytes(folder, &format!("{set}-images-idx3-ubyte.gz"), 16)?;
    let labels = bytes(folder, &format!("{set}-labels-idx1-ubyte.gz"), 8)?;
    let pixels = pixels.iter().map(|&p| f32::from(p) / 255.0).collect();
    let X = Tensor::new(&[labels.len(), 784], pixels)?;
    Ok((X, labels.into_iter().map(u32::from).collect()))
}

/// Reproducible random bits.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

/// Descends once over one batch of rows, the parameters staying where they are; the
/// loss before.
fn descend(
    plan: &mut Plan<f32>,
    params: &mut [Tensor<f32>],
    (X, y): (&Tensor<f32>, &[u32]),
) -> Result<f32> {
    let mut value = [0.0];
    let X = Arg::Real(X.as_slice(), X.shape().into());
    let args = [X, Arg::Index(y, [y.len()].into()), Arg::Real(&[RATE], [].into())];
    let mut places: Vec<&mut [f32]> = params.iter_mut().map(Tensor::as_mut_slice).collect();
    places.push(&mut value);
    plan.run_into(&args, &mut places)?;
    Ok(value[0])
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let Some(folder) = args.next() else {
        println!("give the folder of the MNIST files, and the number of epochs if not 5");
        return Ok(());
    };
    let epochs = args.next().map_or(Ok(5), |e| e.parse::<usize>())?;
    let (X, y) = images(Path::new(&folder), "train")?;
    let (X_test, y_test) = images(Path::new(&folder), "t10k")?;
    let mut draws = Draws(1);
    let mut params: Vec<Tensor<f32>> = spec()
        .leaves()
        .iter()
        .map(|s| {
            // He's initialisation, uniform; biases start at 0.
            let scale = if s.rank() == 2 { (6.0 / s.dim(0) as f32).sqrt() } else { 0.0 };
            let unit = |d: &mut Draws| d.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0;
            let values = (0..s.len()).map(|_| scale * unit(&mut draws)).collect();
            Tensor::new(&s.dims(), values)
        })
        .collect::<std::result::Result<_, _>>()?;
    // The last batch of an epoch is short and has a plan of its own.
    let rest = y.len() % BATCH;
    let mut plans = [step(BATCH)?.plan_in_place()?, step(rest)?.plan_in_place()?];
    println!("{}", plans[0].report());
    let mut order: Vec<usize> = (0..y.len()).collect();
    for epoch in 1..=epochs {
        for k in (1..order.len()).rev() {
            order.swap(k, draws.below(k + 1));
        }
        let (mut total, mut seconds) = (0.0, 0.0);
        for rows in order.chunks(BATCH) {
            let labels: Vec<u32> = rows.iter().map(|&r| y[r]).collect();
            let pixels = rows.iter().flat_map(|&r| X.row(r)).copied().collect();
            let batch = Tensor::new(&[rows.len(), 784], pixels)?;
            let start = Instant::now();
            let plan = &mut plans[usize::from(rows.len() < BATCH)];
            total += descend(plan, &mut params, (&batch, &labels))? * rows.len() as f32;
            seconds += start.elapsed().as_secs_f64();
        }
        let given = (spec().with_leaves(params.clone())?, &X_test);
        let digits: Tensor<f32> = guess(y_test.len())?.plan().run(&given)?.swap_remove(0);
        let right = y_test.iter().enumerate().filter(|&(r, &y)| digits.row(r)[y as usize] > 0.5);
        println!(
            "epoch {epoch}: loss {:.4}, test accuracy {:.4}, {:.3} ms per step",
            total / y.len() as f32,
            right.count() as f64 / y_test.len() as f64,
            1e3 * seconds / order.len().div_ceil(BATCH) as f64
        );
    }
    Ok(())
}
