//! Operations joined into one that goes over the elements once: a product and a
//! sum, two products and their sum.
//!
//! On short tiles an operation costs what it takes to start it. Each function of a
//! joined operation is rounded as it would be alone.

use wonderland_linalg::Scalar;

use super::writer::Writer;
use super::{Source, Sources, Target, Work};
use crate::functions::Binary;
use crate::kernels::tile::Pair;
use crate::plan::memory::Base;
use crate::plan::near::Function;

/// How many operations back one is looked for that can be joined with the next.
const NEARBY: usize = 8;

impl<T: Scalar> Writer<'_, T> {
    /// Joins the operation with those that made its arguments, a register each that
    /// no one else reads, into one; gives the register of one of them.
    pub(super) fn join(
        &mut self,
        work: &mut Work,
        args: &mut Sources<T>,
        own: Option<Base>,
        done: &[usize],
    ) -> Option<usize> {
        let Work::Function(Function::Binary(then)) = *work else { return None };
        let [a, b, ..] = *args;
        if a == b {
            return None;
        }
        let made = [a, b].map(|s| self.maker(s, own, done));
        let function = |k: usize| match self.operations[k].work {
            Work::Function(f) => Some(f),
            _ => None,
        };
        let near = |s: &Source<T>| matches!(s, Source::Register(_) | Source::Tile(Base::Arena(_)));
        let own_near = own.is_none_or(|base| matches!(base, Base::Arena(_)));
        if let [Some(k), Some(l)] = made
            && matches!(then, Binary::Add | Binary::Sub)
            && [k, l].iter().all(|&k| function(k) == Some(Function::Binary(Binary::Mul)))
        {
            let [x, y] = [k, l].map(|k| self.operations[k].args);
            let all = [x[0], x[1], y[0], y[1]];
            if own_near && all.iter().all(near) {
                *work = Work::Function(Function::Products { minus: then == Binary::Sub });
                args[..4].copy_from_slice(&all);
                self.operations.remove(k.min(l));
                return self.operations.remove(k.max(l) - 1).target.register();
            }
        }
        // The later of the two rather than the other.
        let last = usize::from(made[1] > made[0]);
        let (k, joined, other) = [last, 1 - last].into_iter().find_map(|j| {
            let (k, other) = (made[j]?, if j == 0 { b } else { a });
            let joined = match function(k)? {
                Function::Binary(first) => {
                    let pair = Pair::of(first, then, j == 1)?;
                    let constant = matches!(other, Source::Constant(_));
                    if constant && !pair.is_complement() {
                        return None;
                    }
                    Function::Pair(pair)
                }
                Function::Products { minus: false }
                    if then == Binary::Add && own_near && near(&other) =>
                {
                    Function::ProductsAnd
                }
                _ => return None,
            };
            Some((k, joined, other))
        })?;
        let gone = self.operations.remove(k);
        *args = gone.args;
        args[joined.arity() - 1] = other;
        *work = Work::Function(joined);
        gone.target.register()
    }

    /// The operation that made the argument in a register that no one else reads, if
    /// it can as well be done now: its arguments are slices that are still there, and
    /// not where the result, `own`, goes.
    fn maker(&self, s: Source<T>, own: Option<Base>, done: &[usize]) -> Option<usize> {
        let Source::Register(register) = s else { return None };
        if !done.contains(&register) {
            return None;
        }
        for (k, operation) in self.operations.iter().enumerate().rev().take(NEARBY) {
            if operation.target == Target::Register(register) {
                let Work::Function(function) = operation.work else { return None };
                let later = &self.operations[k + 1..];
                let stays = |&s: &Source<T>| match s {
                    Source::Tile(base) => {
                        Some(base) != own && later.iter().all(|o| o.target != Target::Tile(base))
                    }
                    Source::Register(r) => later.iter().all(|o| o.target != Target::Register(r)),
                    Source::Row(_) => true,
                    _ => false,
                };
                return operation.args[..function.arity()].iter().all(stays).then_some(k);
            }
            if operation.args.contains(&s) {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ready;
    use super::*;
    use crate::plan::Step;
    use crate::plan::loops::Runner;
    use crate::plan::near::Near;
    use crate::{Program, Var, input, scan, trace};
    use wonderland_linalg::Tensor;

    /// One step of a loop over four constants and a state, all in the arena.
    fn step(f: impl for<'t> Fn([Var<'t>; 5]) -> Var<'t>) -> Program {
        let p = trace((input("x", [4, 14]), input("s", [14])), |_, (x, s)| {
            let rows: Vec<_> = (0..4).map(|k| x.slice(0, k, k + 1).reshape([14])).collect();
            let (s, _) = scan(3, &rows, &[s], &[], |c, s, _| {
                (vec![f([c[0], c[1], c[2], c[3], s[0]]).sin()], vec![])
            });
            s[0]
        });
        p.expect("it fits")
    }

    /// The functions of two and more numbers in the loop, in order.
    fn functions(p: &Program) -> Vec<Function> {
        let plan = p.plan::<f64>();
        let Some(Runner::Scan(body)) = plan.loops.last() else { panic!("a loop is expected") };
        let mut found = Vec::new();
        for step in &body.plan.steps {
            let Step::Group(tiles) = step else { continue };
            for ready in &tiles.ready {
                if let Ready::Near(list) = ready {
                    found.extend(list.iter().map(Near::function));
                }
            }
        }
        found.retain(|f| f.arity() > 1);
        found
    }

    #[test]
    fn products_and_sums_are_joined_with_the_bits_of_each_alone() {
        let pair = |first, then, turned| {
            Function::Pair(Pair::of(first, then, turned).expect("both are simple"))
        };
        let (sub, mul) = (Binary::Sub, Binary::Mul);
        let products = |minus| Function::Products { minus };
        let cases: [(Program, Vec<Function>); 5] = [
            (step(|[a, b, c, d, _]| a * b + c * d), vec![products(false)]),
            (step(|[a, b, c, d, _]| a * b - c * d), vec![products(true)]),
            (step(|[a, b, c, d, s]| s + (a * b + c * d)), vec![Function::ProductsAnd]),
            (
                step(|[a, b, c, _, s]| (c - a * b) * s),
                vec![pair(mul, sub, true), Function::Binary(mul)],
            ),
            // A product that is read twice is made once.
            (
                step(|[a, b, c, _, s]| (a * b - c) * (a * b - s)),
                vec![Function::Binary(mul), Function::Binary(sub), pair(sub, mul, true)],
            ),
        ];
        let x = Tensor::new(&[4, 14], (0..56).map(|i| f64::from(i).sin()).collect()).expect("56");
        let s = Tensor::full(&[14], 0.7);
        for (p, expected) in cases {
            assert_eq!(functions(&p), expected, "{p}");
            let (found, expected) = (p.plan().run(&(&x, &s)), p.run(&(&x, &s)));
            let bits =
                |t: Vec<Tensor>| t[0].as_slice().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(found.expect("it runs")), bits(expected.expect("it runs")), "{p}");
        }
    }
}
