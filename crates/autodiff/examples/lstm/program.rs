//! The LSTM of ADBench as a program: the example differentiates it, and so do the
//! benchmarks.

use wonderland_autodiff::{Program, Result, Var, data, input, scan, trace};

/// Width of a character.
pub(crate) const B: usize = 14;

/// The state of a layer after one character. `p` holds weight and bias of the
/// forget, input, output and change gates; forget and output read the input of
/// the layer, the others its previous h.
fn layer<'t>(p: &[Var<'t>], h: Var<'t>, c: Var<'t>, x: Var<'t>) -> [Var<'t>; 2] {
    let gate = |k: usize, from: Var<'t>| from * p[2 * k] + p[2 * k + 1];
    let (forget, ingate) = (gate(0, x).sigmoid(), gate(1, h).sigmoid());
    let (outgate, change) = (gate(2, x).sigmoid(), gate(3, h).tanh());
    let cell = c * forget + ingate * change;
    [outgate * cell.tanh(), cell]
}

/// Block `at` of row `k`.
fn row<'t>(v: Var<'t>, k: usize, at: usize) -> Var<'t> {
    v.slice(0, k, k + 1).slice(1, at * B, (at + 1) * B).reshape([B])
}

/// The loss of predicting every character from those before it: parameters
/// main ~ (2l, 4b) and extra ~ (3, b), state ~ (2l, b), sequence ~ (c, b).
pub(crate) fn lstm(l: usize, c: usize) -> Result<Program> {
    let spec = (
        input("main", [2 * l, 4 * B]),
        input("extra", [3, B]),
        data("state", [2 * l, B]),
        data("sequence", [c, B]),
    );
    trace(spec, |_, (main, extra, state, sequence)| {
        let init: Vec<Var<'_>> = (0..2 * l).map(|k| row(state, k, 0)).collect();
        // Cut up before the loop: inside, every adjoint would be put back into
        // a matrix of zeros at each step.
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
                let [h, cell] = layer(p, s[2 * k], s[2 * k + 1], u);
                next.extend([h, cell]);
                u = h;
            }
            (next, vec![u * extra[1] + extra[2]])
        });
        let y = ys[0];
        // The 2 is the objective's own, kept for comparison.
        let normaliser = (y.exp().sum_axes(&[1]) + 2.0).ln().keep_axis(1);
        let wanted = sequence.slice(0, 1, c);
        -(wanted * (y - normaliser)).sum() / (B * (c - 1)) as f64
    })
}
