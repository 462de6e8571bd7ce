//! How large the terms are of which a derivative is the sum.
//!
//! A linear program adds up products along paths. With every coefficient
//! replaced by its absolute value it gives |J| |v|, the sum of the sizes of
//! all terms: rounding leaves an error of that size times ε, also where the
//! terms cancel and J v itself is small.

use crate::functions::{Binary, Unary};
use crate::graph::rewritten;
use crate::linearize::Linear;
use crate::op::{Number, Op, Sub};
use crate::program::Program;

/// The linear program with absolute coefficients; values stay as they are.
pub(crate) fn absolute(linear: &Linear) -> Program {
    absolute_program(&linear.program, &linear.inputs())
}

fn absolute_program(program: &Program, linear: &[bool]) -> Program {
    let taint = program.tainted(linear);
    rewritten(program, |g, k, mut args, _| {
        let instr = &program.instrs[k];
        let at = instr.at;
        let op = match &instr.op {
            op if !taint[k] => op.clone(),
            Op::Zip(Binary::Sub) => Op::Zip(Binary::Add),
            Op::Map(Unary::Scale(c)) => Op::Map(Unary::Scale(Number::new(c.get().abs()))),
            op @ (Op::Zip(Binary::Mul | Binary::Div) | Op::MatMul { .. }) => {
                for (arg, &a) in args.iter_mut().zip(&instr.args) {
                    if !taint[a as usize] {
                        *arg = g.map(Unary::Abs, *arg, at);
                    }
                }
                op.clone()
            }
            Op::Scan(scan) => {
                let tainted = |k: usize| taint[instr.args[k] as usize];
                let flags: Vec<bool> =
                    (0..args.len()).map(|k| tainted(k) || scan.is_state(k)).collect();
                let mut scan = scan.clone();
                scan.body = Sub(absolute_program(&scan.body.0, &flags).into());
                Op::Scan(scan)
            }
            op => op.clone(),
        };
        g.emit(&op, &args, at)
    })
}

#[cfg(test)]
mod tests {
    use super::absolute;
    use crate::linearize::{Mode, linearize};
    use crate::{Tensor, input, trace};

    /// d/dx (sin x − 2x + x A) by hand: |cos x| |v| + 2 |v| + |v| |A|.
    #[test]
    fn coefficients_lose_their_sign() {
        let p = trace(input("x", [2]), |t, x| {
            let A = t.eye(2) * -3.0;
            x.sin() - 2.0 * x + x.matmul(A)
        });
        let p = absolute(&linearize(&p.expect("the shapes fit"), Mode::Split));
        let (x, v) = (Tensor::full(&[2], 2.0), Tensor::full(&[2], 1.0));
        let sizes = p.run(&(x, v)).expect("two arguments").swap_remove(1);
        let by_hand = 2.0_f64.cos().abs() + 2.0 + 3.0;
        assert!((sizes.as_slice()[0] - by_hand).abs() < 1e-15);
    }
}
