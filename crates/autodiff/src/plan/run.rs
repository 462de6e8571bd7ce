//! Running a plan: every instruction on slices of the arena, cut so that the
//! result is writable and all else readable. Nothing is allocated.

use wonderland_linalg::{Scalar, Team};

use crate::error::{Error, Result};
use crate::kernels::{matmul, reduce};
use crate::op::Op;
use crate::plan::memory::{Base, Memory, Rest};
use crate::plan::onto::Onto;
use crate::plan::{Place, Plan, Step, base};
use crate::program::{Instr, Program};
use crate::run::{Arg, check_args, compute};
use crate::shape::Shape;

impl<T: Scalar> Plan<T> {
    /// Runs the plan into given memory; allocates nothing. One argument per input
    /// but those that are updated [in place](Program::plan_in_place).
    ///
    /// # Errors
    /// As [`run`](Plan::run); [`Error::OutputSlots`] when the outputs are not
    /// as many, or not as long, as those of the program.
    pub fn run_into(&mut self, args: &[Arg<'_, T>], outputs: &mut [&mut [T]]) -> Result<()> {
        self.run_with(Team::alone(), args, outputs)
    }

    /// As [`run_into`](Plan::run_into), with large products shared between the
    /// threads of a team; the bits do not depend on their number. While it runs,
    /// a second thread stays awake if there is such a product.
    ///
    /// # Errors
    /// As [`run_into`](Plan::run_into).
    ///
    /// # Examples
    /// ```
    /// use wonderland_autodiff::{Arg, Tensor, Threads, input, trace};
    /// let p = trace(input("A", [300, 300]), |_, A| A.matmul(A).sum())?;
    /// let (A, mut plan) = (Tensor::full(&[300, 300], 0.1), p.plan::<f64>());
    /// let (mut one, mut two) = ([0.0], [0.0]);
    /// let args = [Arg::Real(A.as_slice(), [300, 300].into())];
    /// plan.run_into(&args, &mut [&mut one])?;
    /// let threads = Threads::new(2).expect("two threads");
    /// threads.run(|team| plan.run_with(team, &args, &mut [&mut two]))?;
    /// assert_eq!(one, two);
    /// # Ok::<(), wonderland_autodiff::Error>(())
    /// ```
    pub fn run_with(
        &mut self,
        team: Team,
        args: &[Arg<'_, T>],
        outputs: &mut [&mut [T]],
    ) -> Result<()> {
        check_args(self.given(), args.iter().map(Arg::what))?;
        let fits = outputs.len() == self.program.outputs.len()
            && outputs.iter().zip(self.program.output_shapes()).all(|(o, s)| o.len() == s.len());
        if !fits {
            let expected = self.program.output_shapes().map(|s| s.len()).collect();
            let actual = outputs.iter().map(|o| o.len()).collect();
            return Err(Error::OutputSlots { expected, actual });
        }
        if self.shares {
            team.awake(|| self.execute(team, args, outputs))?;
        } else {
            self.execute(team, args, outputs)?;
        }
        for k in 0..outputs.len() {
            self.copy_output(k, args, outputs);
        }
        Ok(())
    }

    /// Copies result `k` out unless it was written where it belongs.
    fn copy_output(&self, k: usize, args: &[Arg<'_, T>], outputs: &mut [&mut [T]]) {
        let id = self.program.outputs[k].id as usize;
        match self.places[id] {
            Place::Output { output, .. } if output == k => {}
            Place::Output { output, .. } => {
                let own = std::mem::take(&mut outputs[k]);
                own.copy_from_slice(outputs[output]);
                outputs[k] = own;
            }
            Place::Input(from) => match args[from] {
                Arg::Real(x, _) => outputs[k].copy_from_slice(x),
                Arg::Index(x, _) => convert(x, outputs[k]),
            },
            _ => self.copy_kept(k, outputs[k]),
        }
    }

    /// Copies result `k` out of the plan's own memory.
    pub(crate) fn copy_kept(&self, k: usize, out: &mut [T]) {
        match self.places[self.program.outputs[k].id as usize] {
            Place::Arena { start, len } => out.copy_from_slice(&self.arena[start..start + len]),
            Place::Fixed { start, len } => out.copy_from_slice(&self.fixed[start..start + len]),
            Place::FixedOne(at) => out.fill(self.fixed[at]),
            Place::Index { start, len } => convert(&self.indices[start..start + len], out),
            place => unreachable!("{place:?} is not in the plan's memory"),
        }
    }

    pub(crate) fn execute(
        &mut self,
        team: Team,
        args: &[Arg<'_, T>],
        outputs: &mut [&mut [T]],
    ) -> Result<()> {
        if cfg!(debug_assertions) {
            // Nothing of an earlier run may be read.
            self.arena[self.reserved..].fill(T::NAN);
        }
        let Self { program, places, steps, arena, fixed, indices, loops, .. } = self;
        let mut memory = Memory { args, outputs, arena, fixed };
        let mut entered = 0;
        for step in steps.iter() {
            let k = match step {
                Step::Group(tiles) => {
                    tiles.run(&mut memory);
                    continue;
                }
                Step::Onto(onto) => {
                    let (base, len) = written(places[onto.sum]);
                    memory.write(base, 0, len, |out, rest| {
                        View { program, places, rest, indices, team }.add_product(onto, out);
                    });
                    continue;
                }
                Step::One(k) => *k,
            };
            let instr = &program.instrs[k];
            if let (Op::ArgMax(axis), Place::Index { start, len }) = (&instr.op, places[k]) {
                let view = View { program, places, rest: &memory.all(), indices: &[], team };
                let x = view.real(instr.args[0] as usize);
                reduce::argmax(*axis, x, &mut indices[start..start + len]);
                continue;
            }
            let (base, len) = written(places[k]);
            memory.write(base, 0, len, |out, rest| {
                let view = View { program, places, rest, indices, team };
                match &instr.op {
                    Op::Scan(_) | Op::Rewind(_) => {
                        // One per loop, in order.
                        let (earlier, rest) = loops.split_at_mut(entered);
                        entered += 1;
                        rest[0].run(earlier, instr, &view, out)
                    }
                    _ => view.compute(instr, out),
                }
            })?;
        }
        Ok(())
    }
}

/// Where a result begins, and its length.
fn written(place: Place) -> (Base, usize) {
    match place {
        Place::Arena { start, len } => (Base::Arena(start), len),
        Place::Output { output, len } => (Base::Output(output), len),
        place => unreachable!("no result goes to {place:?}"),
    }
}

fn convert<T: Scalar>(from: &[u32], to: &mut [T]) {
    for (to, &i) in to.iter_mut().zip(from) {
        *to = T::from_f64(f64::from(i));
    }
}

/// All values but the result that is being written.
pub(crate) struct View<'v, T> {
    program: &'v Program,
    places: &'v [Place],
    rest: &'v Rest<'v, T>,
    indices: &'v [u32],
    pub(crate) team: Team,
}

impl<'v, T: Scalar> View<'v, T> {
    /// The numbers of a value, and the shape they have (that of a scalar for a
    /// constant kept once).
    pub(crate) fn real(&self, id: usize) -> (&'v [T], Shape) {
        let shape = match self.places[id] {
            Place::FixedOne(_) => Shape::SCALAR,
            _ => self.program.instrs[id].shape,
        };
        let base = base(self.places[id]).expect("numbers are expected here");
        (self.rest.read(base, 0, shape.len()), shape)
    }

    pub(crate) fn index(&self, id: usize) -> &'v [u32] {
        match self.places[id] {
            Place::Index { start, len } => &self.indices[start..start + len],
            Place::Input(k) => self.rest.index(k),
            place => unreachable!("no indices are in {place:?}"),
        }
    }

    /// Adds a product to what is in the memory of the result.
    fn add_product(&self, onto: &Onto, out: &mut [T]) {
        let instr = &self.program.instrs[onto.product];
        let Op::MatMul { ta, tb } = instr.op else { unreachable!("products are added") };
        let factor = onto.factor.map_or(T::ONE, |k| self.real(k).0[0]);
        let (times, y) = (T::from_f64(onto.times) * factor, (out, instr.shape));
        let arg = |k: usize| self.real(instr.args[k] as usize);
        matmul::matmul(self.team, (ta, tb), Some(times), arg(0), arg(1), y);
    }

    fn compute(&self, instr: &Instr, out: &mut [T]) -> Result<()> {
        let arg = |k: usize| self.real(instr.args[k] as usize);
        let index_arg = |k: usize| self.index(instr.args[k] as usize);
        compute(instr, self.team, arg, index_arg, out)
    }
}
