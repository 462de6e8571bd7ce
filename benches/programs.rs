//! The functions that are differentiated: dense networks, softmax regression,
//! a long chain, and the Gaussian mixture and the LSTM of ADBench.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

use std::error::Error;

use wonderland_autodiff::{
    Program, Result, Var, concat, data, index, input, scan, trace, trace_outputs, tree,
};

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

/// Width of a character.
const B: usize = 14;

/// Block `at` of row `k`.
fn row<'t>(v: Var<'t>, k: usize, at: usize) -> Var<'t> {
    v.slice(0, k, k + 1).slice(1, at * B, (at + 1) * B).reshape([B])
}

/// Weight and bias, each by element.
fn gate<'t>(p: &[Var<'t>], x: Var<'t>) -> Var<'t> {
    x * p[0] + p[1]
}

/// ADBench's LSTM with diagonal gates, predicting the next of `c` characters.
///
/// # Errors
/// A shape that does not fit; there is none.
pub fn lstm(l: usize, c: usize) -> Result<Program> {
    let spec = (
        input("main", [2 * l, 4 * B]),
        input("extra", [3, B]),
        data("state", [2 * l, B]),
        data("sequence", [c, B]),
    );
    trace(spec, |_, (main, extra, state, sequence)| {
        let init: Vec<Var<'_>> = (0..2 * l).map(|k| row(state, k, 0)).collect();
        let mut consts: Vec<Var<'_>> = (0..3).map(|k| row(extra, k, 0)).collect();
        for k in 0..l {
            for gate in 0..4 {
                consts.extend([row(main, 2 * k, gate), row(main, 2 * k + 1, gate)]);
            }
        }
        let xs = sequence.slice(0, 0, c - 1);
        let (_, ys) = scan(c - 1, &consts, &init, &[xs], |p, s, x| {
            let (extra, gates) = p.split_at(3);
            let mut u = x[0] * extra[0];
            let mut next = Vec::new();
            for (k, p) in gates.chunks(8).enumerate() {
                let (h, cell) = (s[2 * k], s[2 * k + 1]);
                let gate = |g: usize, from| gate(&p[2 * g..], from);
                let (forget, ingate) = (gate(0, u).sigmoid(), gate(1, h).sigmoid());
                let (outgate, change) = (gate(2, u).sigmoid(), gate(3, h).tanh());
                let cell = cell * forget + ingate * change;
                let h = outgate * cell.tanh();
                next.extend([h, cell]);
                u = h;
            }
            (next, vec![u * extra[1] + extra[2]])
        });
        let y = ys[0];
        let normaliser = (y.exp().sum_axes(&[1]) + 2.0).ln().keep_axis(1);
        let wanted = sequence.slice(0, 1, c);
        -(wanted * (y - normaliser)).sum() / (B * (c - 1)) as f64
    })
}
