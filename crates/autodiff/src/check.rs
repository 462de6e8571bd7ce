//! Checks of derivatives against witnesses that share nothing with the rules:
//! difference quotients for the tangents, the adjoint identity
//! ⟨w, J v⟩ = ⟨Jᵀ w, v⟩ for the transpose.

use std::fmt;

use wonderland_linalg::{Scalar, Tensor};

use crate::absolute::absolute;
use crate::error::{Error, Result};
use crate::linearize::{Mode, linearize};
use crate::numeric::Quotient;
use crate::op::Kind;
use crate::program::Program;
use crate::run::{Arg, Args};
use crate::shape::Shape;

/// Settings of [`check_grads`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradCheck {
    /// Random directions to try.
    pub directions: usize,
    /// Highest order checked: 1, or 2 (the derivative of the gradient).
    pub order: usize,
    /// Largest difference from the five-point quotient, relative to the size of
    /// the derivative and of the value.
    pub rtol: f64,
    /// Seed of the directions.
    pub seed: u64,
}

impl Default for GradCheck {
    /// Two directions, both orders, 1e-9: the quotient itself is good to about
    /// 1e-12 at smooth points of moderate size.
    fn default() -> Self {
        Self { directions: 2, order: 2, rtol: 1e-9, seed: 0 }
    }
}

/// The largest differences found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradReport {
    /// Of a tangent from the quotient, relative.
    pub tangent: f64,
    /// Of ⟨w, J v⟩ from ⟨Jᵀ w, v⟩, relative to ⟨|w|, |J| |v|⟩, in units of ε.
    pub adjoint: f64,
    /// Of the derivative of the gradient from its quotient, relative; 0 if not
    /// checked.
    pub second: f64,
}

impl fmt::Display for GradReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tangent, adjoint, second } = self;
        write!(
            f,
            "tangents within {tangent:.0e} of difference quotients, adjoints within {adjoint:.1} ε \
             of tangents, second derivatives within {second:.0e} of difference quotients"
        )
    }
}

/// Checks the derivatives of a program at a point, by default settings.
///
/// The point must be ten steps of 1e-2 away from any kink.
///
/// # Errors
/// [`Error::CheckFailed`] names the check and both numbers; also what running
/// the program may return.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{check_grads, input, trace};
/// let f = trace(input("x", []), |_, x| (x * x).sin())?;
/// let report = check_grads(&f, &0.7)?;
/// assert!(report.tangent < 1e-11);
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
pub fn check_grads(program: &Program, args: &(impl Args<f64> + ?Sized)) -> Result<GradReport> {
    GradCheck::default().check(program, args)
}

impl GradCheck {
    /// Checks the derivatives of a program at a point.
    ///
    /// # Errors
    /// As [`check_grads`].
    pub fn check(&self, program: &Program, args: &(impl Args<f64> + ?Sized)) -> Result<GradReport> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        program.check_args(&list)?;
        let mut report = GradReport::default();
        let mut draws = Draws(self.seed);
        let identity = Identity::of(program)?;
        for _ in 0..self.directions {
            let v = directions(program, &mut draws);
            report.tangent = report.tangent.max(self.check_tangent(program, &list, &v)?);
            report.adjoint = report.adjoint.max(identity.gap(&list, &v, &mut draws)?);
            if self.order >= 2 && program.scalar_output().is_ok() {
                let second = self.check_tangent(&program.grad()?, &list, &v)?;
                report.second = report.second.max(second);
            }
        }
        Ok(report)
    }

    /// Checks ⟨w, J v⟩ = ⟨Jᵀ w, v⟩ alone, in either precision: the largest gap
    /// relative to ⟨|w|, |J| |v|⟩, in units of ε.
    ///
    /// # Numerics
    /// Both sides are the same sum of products along paths, added up in two
    /// orders from the same coefficients. With m roundings on a path each errs
    /// by about ε √m ⟨|w|, |J| |v|⟩, where |J| adds up the sizes of the terms
    /// (Higham and Mary 2019); 16 ε √m of it is allowed. Where no terms
    /// cancel that is at most 16 ε √m |J v| |w|.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] beyond that; also what running may return.
    ///
    /// # References
    /// Higham, Mary: A new approach to probabilistic rounding error analysis,
    /// SIAM J. Sci. Comput. 41 (2019).
    pub fn check_adjoint<T: Scalar>(
        &self,
        program: &Program,
        args: &(impl Args<T> + ?Sized),
    ) -> Result<f64> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        program.check_args(&list)?;
        let (identity, mut draws) = (Identity::of(program)?, Draws(self.seed));
        let mut worst = 0.0_f64;
        for _ in 0..self.directions {
            let v = directions(program, &mut draws);
            worst = worst.max(identity.gap(&list, &v, &mut draws)?);
        }
        Ok(worst)
    }

    /// The relative difference of J v from its quotient.
    fn check_tangent(&self, program: &Program, args: &[Arg<'_, f64>], v: &[Tensor]) -> Result<f64> {
        let n = program.outputs.len();
        let jvp = program.jvp()?.run(&(args, &v.to_vec()))?;
        let (values, tangents) = jvp.split_at(n);
        let given = flat(tangents);
        let size = largest(&flat(values));
        let mut best = f64::INFINITY;
        let mut witness = Vec::new();
        for h in [1e-2, 1e-3, 1e-4] {
            let quotient = Quotient::FivePoint.of(h, |t| {
                Ok::<_, Error>(real_outputs(
                    program,
                    &program.run(moved(program, args, v, t).as_slice())?,
                ))
            })?;
            let error = distance(&given, &quotient);
            if error < best || witness.is_empty() {
                (best, witness) = (error, quotient);
            }
        }
        let scale = largest(&given) + size + f64::MIN_POSITIVE;
        if best <= self.rtol * scale {
            return Ok(best / scale);
        }
        let worst = (0..given.len())
            .max_by(|&a, &b| {
                let gap = |k: usize| (given[k] - witness[k]).abs();
                gap(a).total_cmp(&gap(b))
            })
            .unwrap_or(0);
        Err(Error::CheckFailed {
            check: "tangent",
            given: given[worst],
            witness: "the five-point quotient",
            expected: witness[worst],
            difference: best,
            allowed: self.rtol * scale,
        })
    }
}

/// The programs of both sides of ⟨w, J v⟩ = ⟨Jᵀ w, v⟩, and of the sizes of
/// their terms.
struct Identity {
    jvp: Program,
    vjp: Program,
    sizes: Program,
    /// Number of outputs that are values; tangents and adjoints follow.
    values: usize,
}

impl Identity {
    fn of(program: &Program) -> Result<Self> {
        let sizes = absolute(&linearize(program, Mode::Split));
        Ok(Self { jvp: program.jvp()?, vjp: program.vjp()?, sizes, values: program.outputs.len() })
    }

    /// The gap of both sides relative to ⟨|w|, |J| |v|⟩, in units of ε.
    fn gap<T: Scalar>(
        &self,
        args: &[Arg<'_, T>],
        v: &[Tensor<T>],
        draws: &mut Draws,
    ) -> Result<f64> {
        let size = |t: &Tensor<T>| t.map(|x| x.abs());
        let Jv = self.jvp.run(&(args, &v.to_vec()))?;
        let n = self.values;
        let w: Vec<Tensor<T>> = Jv[n..].iter().map(|t| draws.tensor(t.shape())).collect();
        let Jw = self.vjp.run(&(args, &w))?;
        let sizes = self.sizes.run(&(args, &v.iter().map(size).collect::<Vec<_>>()))?;
        let dot = |a: &[Tensor<T>], b: &[Tensor<T>]| -> f64 {
            flat(a).iter().zip(flat(b)).map(|(a, b)| a * b).sum()
        };
        let (left, right) = (dot(&w, &Jv[n..]), dot(&Jw[n..], v));
        let scale = dot(&w.iter().map(size).collect::<Vec<_>>(), &sizes[n..]);
        // Roundings on a path: no more than operations, or numbers in a sum.
        let roundings = (flat(v).len() + flat(&w).len()).max(self.jvp.n_ops());
        let eps = T::EPSILON.to_f64();
        let allowed = 16.0 * eps * (roundings as f64).sqrt() * scale;
        let difference = (left - right).abs();
        // Below the normal numbers a rounding is not relative.
        if difference <= allowed + T::MIN_POSITIVE.to_f64() {
            return Ok(if scale > 0.0 { difference / scale / eps } else { 0.0 });
        }
        Err(Error::CheckFailed {
            check: "adjoint identity",
            given: right,
            witness: "the tangent",
            expected: left,
            difference,
            allowed,
        })
    }
}

fn directions<T: Scalar>(program: &Program, draws: &mut Draws) -> Vec<Tensor<T>> {
    let active = program.inputs.iter().filter(|i| i.active);
    active.map(|i| draws.tensor(&i.shape.dims())).collect()
}

/// x + t v on the active inputs.
fn moved<'a>(program: &Program, args: &[Arg<'a, f64>], v: &'a [Tensor], t: f64) -> Vec<Owned<'a>> {
    let mut v = v.iter();
    let both = program.inputs.iter().zip(args);
    both.map(|(input, arg)| match *arg {
        Arg::Real(x, shape) if input.active => {
            let v = v.next().map_or(&[][..], Tensor::as_slice);
            Owned::Moved(x.iter().zip(v).map(|(x, v)| x + t * v).collect(), shape)
        }
        arg => Owned::Same(arg),
    })
    .collect()
}

enum Owned<'a> {
    Moved(Vec<f64>, Shape),
    Same(Arg<'a, f64>),
}

impl Args<f64> for [Owned<'_>] {
    fn push_args<'a>(&'a self, out: &mut Vec<Arg<'a, f64>>) {
        out.extend(self.iter().map(|o| match o {
            Owned::Moved(x, shape) => Arg::Real(x, *shape),
            Owned::Same(arg) => *arg,
        }));
    }
}

fn real_outputs(program: &Program, values: &[Tensor]) -> Vec<f64> {
    let real = program
        .outputs
        .iter()
        .zip(values)
        .filter(|(o, _)| program.instrs[o.id as usize].op.kind() == Kind::Real);
    real.flat_map(|(_, t)| t.as_slice().iter().copied()).collect()
}

fn flat<T: Scalar>(tensors: &[Tensor<T>]) -> Vec<f64> {
    tensors.iter().flat_map(|t| t.as_slice().iter().map(|x| x.to_f64())).collect()
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, v| m.max(v.abs()))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m, (a, b)| {
        let gap = (a - b).abs();
        if gap.is_nan() { f64::INFINITY } else { m.max(gap) }
    })
}

/// SplitMix64: directions need no more, and the crate no dependency for them.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [−1, 1).
    fn tensor<T: Scalar>(&mut self, dims: &[usize]) -> Tensor<T> {
        let n = dims.iter().product();
        let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        let data = (0..n).map(|_| T::from_f64(unit(self.next()))).collect();
        Tensor::new(dims, data).expect("one number per element")
    }
}
