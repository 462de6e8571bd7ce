//! Gradients, Jacobians and Hessians: compositions of linearising, transposing
//! and batching (notes §2.2, §6.2, §6.3).

use std::fmt;

use crate::batch::{batch, directions};
use crate::error::{Error, Place, Result};
use crate::graph::{Graph, here};
use crate::linearize::{Linear, Mode, inline, linearize};
use crate::op::Kind;
use crate::program::{Id, Input, Program};
use crate::shape::MAX_RANK;
use crate::transpose::{gradient, transpose};

impl Program {
    /// Forward mode (notes §6.2): inputs, then a tangent for each active input;
    /// outputs, then the tangent of each.
    ///
    /// ẏ = ∂f(x) ẋ, at a cost of at most about 2.5 times that of the program.
    ///
    /// # Errors
    /// [`Error::NothingActive`] when no input is differentiable.
    ///
    /// # Examples
    /// ```
    /// use wonderland_autodiff::{input, trace};
    /// let f = trace(input("x", []), |_, x| x * x - 1.5 * x)?;
    /// let at = f.jvp()?.run::<f64>(&(0.5, 1.0))?;
    /// assert_eq!(at[1].as_slice(), [-0.5]); // 2 · 0.5 − 1.5
    /// # Ok::<(), wonderland_autodiff::Error>(())
    /// ```
    pub fn jvp(&self) -> Result<Self> {
        self.some_active()?;
        Ok(linearize(self, Mode::Forward).program)
    }

    /// Reverse mode (notes §6.3), the *dual program*: inputs, then an adjoint
    /// for each real output; outputs, then the adjoint of each active input.
    ///
    /// x̄ = ∂f(x)ᵀ ȳ, at a cost of at most about 4 times that of the program,
    /// whatever the number of inputs.
    ///
    /// # Errors
    /// [`Error::NothingActive`] when no input is differentiable.
    pub fn vjp(&self) -> Result<Self> {
        Ok(self.pullback()?.program)
    }

    /// The gradient of the one scalar output: one output per active input.
    ///
    /// # Errors
    /// [`Error::OutputCount`], [`Error::NotScalar`], [`Error::NothingActive`].
    pub fn grad(&self) -> Result<Self> {
        self.gradient(false)
    }

    /// The value and the gradient of the one scalar output.
    ///
    /// # Errors
    /// As [`grad`](Program::grad).
    ///
    /// # Examples
    /// ```
    /// use wonderland_autodiff::{input, trace};
    /// let f = trace(input("x", []), |_, x| x * x - 1.5 * x)?;
    /// let both = f.value_and_grad()?.run::<f64>(&0.5)?;
    /// assert_eq!((both[0].as_slice()[0], both[1].as_slice()[0]), (-0.5, -0.5));
    /// # Ok::<(), wonderland_autodiff::Error>(())
    /// ```
    pub fn value_and_grad(&self) -> Result<Self> {
        self.gradient(true)
    }

    /// The Hessian-vector product ∇²f(x) v: inputs, then the direction; one
    /// output per active input.
    ///
    /// It is reverse mode over forward mode: the gradient of ⟨∇f(x), v⟩.
    ///
    /// # Errors
    /// As [`grad`](Program::grad).
    pub fn hvp(&self) -> Result<Self> {
        self.scalar_output()?;
        let mut slope = self.jvp()?;
        slope.outputs.remove(0);
        slope.without_dead().grad()
    }

    /// The Jacobian of every real output by every active input, in the cheaper
    /// mode: one output per pair, of shape (output…, input…).
    ///
    /// Row i of ∂f ~ (c, d) is the gradient of output i, column j how all
    /// outputs respond to input j.
    ///
    /// # Errors
    /// [`Error::NothingActive`]; [`Error::Shape`] beyond eight axes.
    pub fn jacobian(&self) -> Result<Jacobian> {
        self.jacobian_by(None)
    }

    /// The Jacobian in a given mode.
    ///
    /// # Errors
    /// As [`jacobian`](Program::jacobian).
    pub fn jacobian_by(&self, direction: impl Into<Option<Direction>>) -> Result<Jacobian> {
        self.some_active()?;
        for o in &self.outputs {
            for i in self.inputs.iter().filter(|i| i.active) {
                let rank = self.shape_of(o.id).rank() + i.shape.rank();
                if rank >= MAX_RANK {
                    return Err(Error::JacobianRank {
                        output: o.name.clone(),
                        input: i.name.clone(),
                    });
                }
            }
        }
        let forward = linearize(self, Mode::Split);
        let reverse = transpose(&forward);
        let by_columns = jacobian(&forward, self, Direction::Forward);
        let by_rows = jacobian(&reverse, self, Direction::Reverse);
        let (forward_flops, reverse_flops) = (by_columns.flops(), by_rows.flops());
        let cheaper =
            if forward_flops <= reverse_flops { Direction::Forward } else { Direction::Reverse };
        let direction = direction.into().unwrap_or(cheaper);
        let program = match direction {
            Direction::Forward => by_columns,
            Direction::Reverse => by_rows,
        };
        Ok(Jacobian { program, direction, forward_flops, reverse_flops })
    }

    /// The Hessian of the one scalar output: the Jacobian of its gradient, one
    /// output per pair of active inputs.
    ///
    /// # Errors
    /// As [`grad`](Program::grad) and [`jacobian`](Program::jacobian).
    pub fn hessian(&self) -> Result<Self> {
        Ok(self.grad()?.jacobian_by(Direction::Forward)?.program)
    }

    /// Forward mode in `n` directions at once: tangents of active inputs and of
    /// outputs have a new leading axis, the tangent matrices of notes §6.2.
    ///
    /// # Errors
    /// [`Error::NothingActive`] when no input is differentiable.
    pub fn jvp_many(&self, n: usize) -> Result<Self> {
        self.some_active()?;
        Ok(batch(&linearize(self, Mode::Split), n).program)
    }

    /// Reverse mode for `n` adjoints at once, along a new leading axis.
    ///
    /// # Errors
    /// [`Error::NothingActive`] when no input is differentiable.
    pub fn vjp_many(&self, n: usize) -> Result<Self> {
        Ok(batch(&self.pullback()?, n).program)
    }

    fn pullback(&self) -> Result<Linear> {
        self.some_active()?;
        Ok(transpose(&linearize(self, Mode::Split)))
    }

    fn gradient(&self, with_value: bool) -> Result<Self> {
        self.scalar_output()?;
        self.some_active()?;
        let mut both = gradient(linearize(self, Mode::Split));
        if with_value {
            return Ok(both);
        }
        both.outputs.remove(0);
        Ok(both.without_dead())
    }

    fn some_active(&self) -> Result<()> {
        if self.inputs.iter().any(|i| i.active) { Ok(()) } else { Err(Error::NothingActive) }
    }

    pub(crate) fn scalar_output(&self) -> Result<()> {
        let [output] = self.outputs.as_slice() else {
            return Err(Error::OutputCount { outputs: self.outputs.len() });
        };
        let shape = self.shape_of(output.id);
        if shape.rank() != 0 {
            return Err(Error::NotScalar { name: output.name.clone(), shape });
        }
        Ok(())
    }
}

/// Forward or reverse mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Column by column: one tangent per input element.
    Forward,
    /// Row by row: one adjoint per output element.
    Reverse,
}

/// A Jacobian, with the reason for its mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Jacobian {
    /// Computes it; outputs are named `d_output/d_input`.
    pub program: Program,
    /// The mode it uses.
    pub direction: Direction,
    /// Operations that forward mode needs.
    pub forward_flops: u64,
    /// Operations that reverse mode needs.
    pub reverse_flops: u64,
}

impl fmt::Display for Jacobian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} mode: forward needs {} operations, reverse {}",
            self.direction, self.forward_flops, self.reverse_flops
        )
    }
}

/// The Jacobian from a program that is linear in tangents of the active inputs
/// (forward) or in adjoints of the outputs (reverse).
fn jacobian(linear: &Linear, program: &Program, direction: Direction) -> Program {
    let (mut g, at) = (Graph::default(), here());
    let found = responses(&mut g, linear, at);
    let mut outputs = Vec::new();
    let real =
        program.outputs.iter().filter(|o| program.instrs[o.id as usize].op.kind() == Kind::Real);
    for (o, output) in real.enumerate() {
        let out = program.shape_of(output.id);
        for (i, input) in program.inputs.iter().filter(|i| i.active).enumerate() {
            let id = match direction {
                // (directions, output…) → (output…, directions).
                Direction::Forward => {
                    let order: Vec<usize> = (1..=out.rank()).chain([0]).collect();
                    g.permute(found[i][o], &order, at)
                }
                Direction::Reverse => found[o][i],
            };
            let id = g.reshape(id, input.shape.after(&out.dims()), at);
            outputs.push((format!("d_{}/d_{}", output.name, input.name), id));
        }
    }
    g.finish(outputs)
}

/// For each linear input, what all its unit directions give: the linear outputs,
/// with the directions along a new leading axis.
fn responses(g: &mut Graph, linear: &Linear, at: Place) -> Vec<Vec<Id>> {
    let (given, ends) = linear.program.inputs.split_at(linear.given);
    let own = given.iter().zip(linear.program.instrs.iter());
    let own: Vec<Id> = own.map(|(input, instr)| g.input(input.clone(), instr.at)).collect();
    let of_end = |(k, end): (usize, &Input)| {
        let n = end.shape.len();
        let mut args = own.clone();
        for (j, other) in ends.iter().enumerate() {
            args.push(match j == k {
                true => directions(g, end.shape, at),
                false => g.constant(0.0, other.shape.after(&[n]), at),
            });
        }
        inline(g, &batch(linear, n).program, &args, None).split_off(linear.values)
    };
    ends.iter().enumerate().map(of_end).collect()
}
