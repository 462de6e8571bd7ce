//! The functions that are differentiated: dense networks, softmax regression,
//! a long chain, and the Gaussian mixture and the LSTM of ADBench.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

use std::error::Error;

use wonderland_autodiff::{
    Program, Result, concat, data, index, input, trace, trace_outputs, tree,
};

#[path = "../crates/autodiff/examples/lstm/program.rs"]
mod example;

tree! {
    /// Weights and biases of three dense layers.
    struct Net { W1, b1, W2, b2, W3, b3 }
}

/// Mean cross-entropy of a network of two hidden layers.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn mlp(n: usize, [a, b, c, d]: [usize; 4]) -> Result<Program> {
    let spec = Net {
        W1: [a, b].into(),
        b1: [b].into(),
        W2: [b, c].into(),
        b2: [c].into(),
        W3: [c, d].into(),
        b3: [d].into(),
    };
    trace((spec, data("X", [n, a]), index("y", [n])), |_, (p, X, y)| {
        let h = (X.matmul(p.W1) + p.b1).relu();
        let h = (h.matmul(p.W2) + p.b2).relu();
        (h.matmul(p.W3) + p.b3).cross_entropy(y).mean()
    })
}

/// Mean cross-entropy of a network of one hidden layer.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn one_hidden(n: usize, [a, b, c]: [usize; 3]) -> Result<Program> {
    let spec = (input("W1", [a, b]), input("b1", [b]), input("W2", [b, c]), input("b2", [c]));
    trace((spec, data("X", [n, a]), index("y", [n])), |_, ((W1, b1, W2, b2), X, y)| {
        let h = (X.matmul(W1) + b1).relu();
        (h.matmul(W2) + b2).cross_entropy(y).mean()
    })
}

/// A step of descent of a loss of parameters, rows and labels: the loss, and under
/// their names the next parameters.
///
/// # Errors
/// A loss without rows and labels.
pub fn step(loss: &Program, rate: f64) -> std::result::Result<Program, Box<dyn Error>> {
    let [params @ .., X, y] = loss.inputs() else { return Err("a loss of rows and labels".into()) };
    let both = loss.value_and_grad()?;
    let spec: Vec<_> = params.iter().map(|p| input(&p.name, p.shape)).collect();
    let step =
        trace_outputs((spec, data(&X.name, X.shape), index(&y.name, y.shape)), |t, (p, X, y)| {
            let mut reals = p.clone();
            reals.push(X);
            let found = t.call(&both, &reals, &[y]);
            let next = p.iter().zip(&found[1..]).map(|(&p, &g)| p - g * rate);
            let next = params.iter().zip(next).map(|(p, next)| (p.name.as_str(), next));
            [("loss", found[0])].into_iter().chain(next).collect()
        });
    Ok(step?)
}

/// Mean cross-entropy of a linear map.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn softmax(n: usize, [a, b]: [usize; 2]) -> Result<Program> {
    let spec = (input("W", [a, b]), input("b", [b]), data("X", [n, a]), index("y", [n]));
    trace(spec, |_, (W, b, X, y)| (X.matmul(W) + b).cross_entropy(y).mean())
}

/// tanh applied `steps` times to a short vector, each time scaled.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn chain(steps: usize, n: usize) -> Result<Program> {
    trace((input("x", [n]), input("w", [n])), |_, (x, w)| {
        (0..steps).fold(x, |h, _| (h * w).tanh()).sum()
    })
}

/// The log posterior of ADBench's Gaussian mixture, constants left out.
///
/// `place` says for each entry (j, i) of Qᵀ which row of (l by columns, exp q,
/// 0) it is, so that all components are one product.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn gmm(d: usize, k: usize, n: usize) -> Result<Program> {
    let below = d * (d - 1) / 2;
    let (gamma, m) = (1.0, 0.0);
    let spec = (
        input("alpha", [k]),
        input("mu", [k, d]),
        input("q", [k, d]),
        input("l", [k, below]),
        data("X", [n, d]),
        index("place", [d * d]),
    );
    trace(spec, |t, (alpha, mu, q, l, X, place)| {
        let diagonal = q.exp();
        let rows = concat(&[l.t(), diagonal.t(), t.constant(0.0, [1, k])], 0);
        let Q = rows.gather(place).reshape([d, d, k]);
        // Column (i, k) of one product is entry i of Qₖ x.
        let y = X.matmul(Q.reshape([d, d * k]));
        let center = (Q * mu.t().keep_axis(1)).sum_axes(&[0]).reshape([d * k]);
        let y = (y - center).reshape([n, d, k]);
        let sum_q = q.sum_axes(&[1]);
        let scores = (alpha + sum_q) - (y * y).sum_axes(&[1]) * 0.5;
        let size = (diagonal * diagonal).sum() + (l * l).sum();
        scores.logsumexp(1).sum() - alpha.logsumexp(0) * n as f64 - size * (0.5 * gamma * gamma)
            + sum_q.sum() * m
    })
}

/// For each entry (j, i) of Qᵀ its row in (l by columns, exp q, 0).
#[must_use]
pub fn gmm_places(d: usize) -> Vec<u32> {
    let below = d * (d - 1) / 2;
    let place = |j: usize, i: usize| match i.cmp(&j) {
        std::cmp::Ordering::Less => below + d,
        std::cmp::Ordering::Equal => below + i,
        std::cmp::Ordering::Greater => j * d - j * (j + 1) / 2 + i - j - 1,
    };
    (0..d * d).map(|at| place(at / d, at % d) as u32).collect()
}

/// ADBench's LSTM with diagonal gates, as the example has it.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn lstm(l: usize, c: usize) -> Result<Program> {
    example::lstm(l, c)
}
