//! The LSTM of ADBench and GradBench: diagonal gates, next-character loss, its
//! gradient by reverse mode through a loop, and the same gradient by hand.
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example lstm -- [layers characters]
//! ```

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

#[path = "../hand/mod.rs"]
mod hand;
mod program;

use hand::{compare, numbers};
use program::{B, lstm};
use wonderland_autodiff::{Result, Tensor};

/// Value and gradient by hand: every step kept, then backpropagation.
fn by_hand(l: usize, c: usize, p: &[Tensor]) -> (f64, [Tensor; 2]) {
    let (main, extra, state, sequence) = (&p[0], &p[1], &p[2], &p[3]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let weight = |k: usize, gate: usize, b: usize| main[[2 * k, gate * B + b]];
    let bias = |k: usize, gate: usize, b: usize| main[[2 * k + 1, gate * B + b]];
    let mut grads = [Tensor::zeros(main.shape()), Tensor::zeros(extra.shape())];
    let scale = -1.0 / (B * (c - 1)) as f64;
    let mut value = 0.0;
    // Per step and layer: input, previous h and c, the four gates, tanh(cell).
    let mut tape: Vec<[f64; 8]> = Vec::new();
    let mut ys = Vec::new();
    let mut s: Vec<Vec<f64>> = (0..2 * l).map(|k| state.row(k).to_vec()).collect();
    for t in 0..c - 1 {
        let mut u: Vec<f64> = (0..B).map(|b| sequence[[t, b]] * extra[[0, b]]).collect();
        for k in 0..l {
            for b in 0..B {
                let (h, cell) = (s[2 * k][b], s[2 * k + 1][b]);
                let f = sigmoid(u[b] * weight(k, 0, b) + bias(k, 0, b));
                let i = sigmoid(h * weight(k, 1, b) + bias(k, 1, b));
                let o = sigmoid(u[b] * weight(k, 2, b) + bias(k, 2, b));
                let g = (h * weight(k, 3, b) + bias(k, 3, b)).tanh();
                let next = cell * f + i * g;
                let tanh = next.tanh();
                tape.push([u[b], h, cell, f, i, o, g, tanh]);
                (s[2 * k][b], s[2 * k + 1][b]) = (o * tanh, next);
                u[b] = o * tanh;
            }
        }
        let y: Vec<f64> = (0..B).map(|b| u[b] * extra[[1, b]] + extra[[2, b]]).collect();
        let total = 2.0 + y.iter().map(|y| y.exp()).sum::<f64>();
        let wanted = sequence.row(t + 1);
        value += scale * wanted.iter().zip(&y).map(|(w, y)| w * (y - total.ln())).sum::<f64>();
        let mass: f64 = wanted.iter().sum();
        let y_bar = (0..B).map(|b| scale * (wanted[b] - mass * y[b].exp() / total));
        ys.push((u, y_bar.collect::<Vec<f64>>()));
    }
    let mut s_bar = vec![vec![0.0; B]; 2 * l];
    for t in (0..c - 1).rev() {
        let (u, y_bar) = &ys[t];
        let mut u_bar = [0.0; B];
        for b in 0..B {
            grads[1][[1, b]] += y_bar[b] * u[b];
            grads[1][[2, b]] += y_bar[b];
            u_bar[b] = y_bar[b] * extra[[1, b]];
        }
        for k in (0..l).rev() {
            for b in 0..B {
                let [x, h, cell, f, i, o, g, tanh] = tape[(t * l + k) * B + b];
                let h_bar = s_bar[2 * k][b] + u_bar[b];
                let cell_bar = s_bar[2 * k + 1][b] + h_bar * o * (1.0 - tanh * tanh);
                let bars = [
                    cell_bar * cell * f * (1.0 - f),
                    cell_bar * g * i * (1.0 - i),
                    h_bar * tanh * o * (1.0 - o),
                    cell_bar * i * (1.0 - g * g),
                ];
                for (gate, bar) in bars.into_iter().enumerate() {
                    let from = if gate % 2 == 0 { x } else { h };
                    grads[0][[2 * k, gate * B + b]] += bar * from;
                    grads[0][[2 * k + 1, gate * B + b]] += bar;
                }
                u_bar[b] = bars[0] * weight(k, 0, b) + bars[2] * weight(k, 2, b);
                s_bar[2 * k][b] = bars[1] * weight(k, 1, b) + bars[3] * weight(k, 3, b);
                s_bar[2 * k + 1][b] = cell_bar * f;
            }
        }
        for b in 0..B {
            grads[1][[0, b]] += u_bar[b] * sequence[[t, b]];
        }
    }
    (value, grads)
}

fn main() -> Result<()> {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (l, c) = match sizes[..] {
        [l, c] => (l, c),
        _ => (2, 64),
    };
    let mut angle = 0.0;
    let mut numbers = |dims: &[usize], f: fn(f64) -> f64| numbers(&mut angle, dims, f);
    let args = vec![
        numbers(&[2 * l, 4 * B], |x| x),
        numbers(&[3, B], |x| x),
        numbers(&[2 * l, B], |x| x),
        numbers(&[c, B], |x| if x > 0.0 { 1.0 } else { 0.0 }),
    ];
    let (value, grads) = by_hand(l, c, &args);
    compare(&lstm(l, c)?, &args, (value, &grads), 3.5)
}
