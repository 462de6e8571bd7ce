//! Loops whose body is a program of its own, traced once.
//!
//! A loop carries a state and reads one entry of each sequence per step. Its
//! derivatives are loops again, see `loops`.

use std::panic::Location;

use crate::error::Place;
use crate::op::{Kind, Op, ScanOp, Sub};
use crate::program::{Id, Input};
use crate::shape::Shape;
use crate::trace::{Builder, POISON, Var};

/// Final states, and one stacked tensor per result of the body.
pub type Scanned<'t> = (Vec<Var<'t>>, Vec<Var<'t>>);

/// A loop of `length` steps: `body(consts, state, entries)` gives the next
/// state and the results of the step.
///
/// Every sequence of `xs` has `length` entries along its first axis; the body
/// sees one of them. Results are stacked along a new first axis. The body is a
/// trace of its own: what it uses from outside comes in by `consts`.
///
/// # Errors
/// Faults of the body, or a state that changes its shape, become the fault of
/// the trace.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{input, scan, trace};
/// use wonderland_linalg::Tensor;
/// // Horner's rule: s ← s x + aᵢ.
/// let p = trace((input("x", []), input("a", [3])), |_, (x, a)| {
///     let zero = x.scalar(0.0);
///     let (s, _) = scan(3, &[x], &[zero], &[a], |c, s, a| (vec![s[0] * c[0] + a[0]], vec![]));
///     s[0]
/// })?;
/// let a = Tensor::new(&[3], vec![1.0, 2.0, 3.0])?;
/// assert_eq!(p.run_scalar(&(2.0, a))?, 1.0 * 4.0 + 2.0 * 2.0 + 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn scan<'t>(
    length: usize,
    consts: &[Var<'t>],
    init: &[Var<'t>],
    xs: &[Var<'t>],
    body: impl for<'b> FnOnce(&[Var<'b>], &[Var<'b>], &[Var<'b>]) -> (Vec<Var<'b>>, Vec<Var<'b>>),
) -> Scanned<'t> {
    let at = Location::caller();
    let all: Vec<Var<'t>> = consts.iter().chain(init).chain(xs).copied().collect();
    let Some(builder) = all.first().map(|v| v.builder) else { return (vec![], vec![]) };
    let ids: Vec<Id> = all.iter().map(|v| v.id).collect();
    let (fixed, carry) = (consts.len() + init.len(), init.len());
    let inner = Builder::default();
    let entries = declare_entries(&inner, &all, [consts.len(), fixed], length, at);
    if let Err(rule) = &entries {
        builder.poison("scan", &ids, rule.clone(), at);
    }
    // After a fault the body is run on nothing, to see how many results it has.
    let entries = entries.unwrap_or_else(|_| vec![POISON; all.len()]);
    let (n_states, outputs) = {
        let vars: Vec<Var<'_>> = entries.iter().map(|&id| Var::new(id, &inner)).collect();
        let (states, results) =
            body(&vars[..consts.len()], &vars[consts.len()..fixed], &vars[fixed..]);
        let states = states.iter().enumerate().map(|(k, v)| (format!("s{k}"), v.id));
        let results = results.iter().enumerate().map(|(k, v)| (format!("y{k}"), v.id));
        (states.len(), states.chain(results).collect::<Vec<_>>())
    };
    let n_results = outputs.len() - n_states;
    let bundle = if entries.contains(&POISON) {
        POISON
    } else if n_states != carry {
        let rule = format!("the body must give the {carry} states it was given");
        builder.poison("scan", &ids, rule, at)
    } else {
        match inner.into_program(outputs) {
            Err(fault) => builder.fail(fault),
            Ok(body) => {
                let (body, length) = (Sub(body.into()), length as u32);
                let (consts, carry) = (consts.len() as u32, carry as u32);
                let op = ScanOp { body, length, consts, carry, reverse: false };
                builder.emit(&Op::Scan(Box::new(op)), &ids, at)
            }
        }
    };
    let part = |k: usize| Var::new(builder.emit(&Op::Part(k as u32), &[bundle], at), builder);
    ((0..carry).map(part).collect(), (carry..carry + n_results).map(part).collect())
}

/// Declares the inputs of the body: constants c0, … before `at_states`, states
/// s0, … before `at_xs`, and one entry x0, … of each sequence.
fn declare_entries(
    inner: &Builder,
    all: &[Var<'_>],
    [at_states, at_xs]: [usize; 2],
    length: usize,
    at: Place,
) -> Result<Vec<Id>, String> {
    let each = all.iter().enumerate().map(|(k, v)| {
        if v.is_poison() {
            return Ok(POISON);
        }
        let (name, shape) = match v.shape() {
            shape if k < at_states => (format!("c{k}"), shape),
            shape if k < at_xs => (format!("s{}", k - at_states), shape),
            shape if shape.iter().next() == Some(length) => {
                (format!("x{}", k - at_xs), Shape::new(&shape.dims()[1..]))
            }
            _ => return Err(format!("sequence {} must have {length} entries", k - at_xs)),
        };
        Ok(inner.input(Input { name, shape, kind: Kind::Real, active: true }, at))
    });
    each.collect()
}

/// Where result `k` begins when all results lie one after the other.
pub(crate) fn part_offset(op: &ScanOp, k: usize) -> usize {
    (0..k).map(|j| op.part_shape(j).len()).sum()
}
