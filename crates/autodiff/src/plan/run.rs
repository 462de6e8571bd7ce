//! Running a plan: every instruction on slices of the arena, cut so that the
//! result is writable and all else readable. Nothing is allocated.

use wonderland_linalg::{Scalar, Tensor};

use crate::error::{Error, Result};
use crate::kernels::{elementwise, index, matmul, reduce};
use crate::op::Op;
use crate::plan::report::is_step;
use crate::plan::{Place, Plan};
use crate::program::{Instr, Program};
use crate::run::{Arg, Args};
use crate::shape::Shape;

impl<T: Scalar> Plan<T> {
    /// Runs the plan: one tensor per output.
    ///
    /// # Errors
    /// As [`Program::run`](crate::Program::run).
    pub fn run(&mut self, args: &(impl Args<T> + ?Sized)) -> Result<Vec<Tensor<T>>> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        let mut outputs: Vec<Tensor<T>> =
            self.program.output_shapes().map(|s| Tensor::zeros(&s.dims())).collect();
        let mut slices: Vec<&mut [T]> = outputs.iter_mut().map(Tensor::as_mut_slice).collect();
        self.run_into(&list, &mut slices)?;
        Ok(outputs)
    }

    /// Runs the plan into given memory; allocates nothing.
    ///
    /// # Errors
    /// As [`run`](Plan::run); [`Error::OutputSlots`] when the outputs are not
    /// as many, or not as long, as those of the program.
    pub fn run_into(&mut self, args: &[Arg<'_, T>], outputs: &mut [&mut [T]]) -> Result<()> {
        self.program.check_args(args)?;
        let fits = outputs.len() == self.program.outputs.len()
            && outputs.iter().zip(self.program.output_shapes()).all(|(o, s)| o.len() == s.len());
        if !fits {
            let expected = self.program.output_shapes().map(|s| s.len()).collect();
            let actual = outputs.iter().map(|o| o.len()).collect();
            return Err(Error::OutputSlots { expected, actual });
        }
        self.execute(&|k| args[k])?;
        for (k, out) in outputs.iter_mut().enumerate() {
            self.copy_output(k, &|k| args[k], out);
        }
        Ok(())
    }

    /// Copies output `k` out.
    pub(crate) fn copy_output<'a>(
        &self,
        k: usize,
        input: &dyn Fn(usize) -> Arg<'a, T>,
        out: &mut [T],
    ) {
        let id = self.program.outputs[k].id as usize;
        match self.places[id] {
            Place::Arena { start, len } => out.copy_from_slice(&self.arena[start..start + len]),
            Place::Fixed { start, len } => out.copy_from_slice(&self.fixed[start..start + len]),
            Place::FixedOne(at) => out.fill(self.fixed[at]),
            Place::Index { start, len } => convert(&self.indices[start..start + len], out),
            Place::Input(k) => match input(k) {
                Arg::Real(x, _) => out.copy_from_slice(x),
                Arg::Index(x, _) => convert(x, out),
            },
            Place::Nowhere => unreachable!("outputs have a place"),
        }
    }

    pub(crate) fn execute<'a>(&mut self, input: &dyn Fn(usize) -> Arg<'a, T>) -> Result<()> {
        if cfg!(debug_assertions) {
            // Nothing of an earlier run may be read.
            self.arena.fill(T::NAN);
        }
        let Self { program, places, in_place, arena, fixed, indices, loops, .. } = self;
        let mut loops = loops.iter_mut();
        for (k, instr) in program.instrs.iter().enumerate() {
            if !is_step(&instr.op) {
                continue;
            }
            if let (Op::ArgMax(axis), Place::Index { start, len }) = (&instr.op, places[k]) {
                let view = View {
                    program,
                    places,
                    input,
                    fixed,
                    indices: &[],
                    low: arena,
                    high: &[],
                    cut: usize::MAX,
                };
                let x = view.real(instr.args[0] as usize);
                reduce::argmax(*axis, x, &mut indices[start..start + len]);
                continue;
            }
            let Place::Arena { start, len } = places[k] else {
                unreachable!("results of numbers are in the arena")
            };
            let (low, rest) = arena.split_at_mut(start);
            let (out, high) = rest.split_at_mut(len);
            let view = View { program, places, input, fixed, indices, low, high, cut: start + len };
            match (in_place[k], &instr.op) {
                (Some(j), _) => view.overwrite(instr, usize::from(j), out),
                (None, Op::Scan(_) | Op::Rewind(_)) => {
                    let runner = loops.next().expect("one per loop, in order");
                    runner.run(instr, &view, out)?;
                }
                (None, _) => view.compute(instr, out)?,
            }
        }
        Ok(())
    }
}

fn convert<T: Scalar>(from: &[u32], to: &mut [T]) {
    for (to, &i) in to.iter_mut().zip(from) {
        *to = T::from_f64(f64::from(i));
    }
}

/// All memory but the result that is being written.
pub(crate) struct View<'v, 'a, T> {
    program: &'v Program,
    places: &'v [Place],
    input: &'v dyn Fn(usize) -> Arg<'a, T>,
    fixed: &'v [T],
    indices: &'v [u32],
    low: &'v [T],
    high: &'v [T],
    /// Where `high` begins.
    cut: usize,
}

impl<'v, 'a: 'v, T: Scalar> View<'v, 'a, T> {
    /// The numbers of a value, and the shape they have (that of a scalar for a
    /// constant kept once).
    pub(crate) fn real(&self, id: usize) -> (&'v [T], Shape) {
        let shape = self.program.instrs[id].shape;
        match self.places[id] {
            Place::Arena { len: 0, .. } => (&[], shape),
            Place::Arena { start, len } if start >= self.cut => {
                (&self.high[start - self.cut..start - self.cut + len], shape)
            }
            Place::Arena { start, len } => (&self.low[start..start + len], shape),
            Place::Fixed { start, len } => (&self.fixed[start..start + len], shape),
            Place::FixedOne(at) => (&self.fixed[at..=at], Shape::SCALAR),
            Place::Input(k) => match (self.input)(k) {
                Arg::Real(x, _) => (x, shape),
                Arg::Index(..) => unreachable!("numbers are expected here"),
            },
            Place::Index { .. } | Place::Nowhere => unreachable!("numbers are expected here"),
        }
    }

    pub(crate) fn index(&self, id: usize) -> &'v [u32] {
        match self.places[id] {
            Place::Index { start, len } => &self.indices[start..start + len],
            Place::Input(k) => match (self.input)(k) {
                Arg::Index(x, _) => x,
                Arg::Real(..) => unreachable!("indices are expected here"),
            },
            _ => unreachable!("indices are expected here"),
        }
    }

    /// An elementwise result in the place of argument `j`.
    fn overwrite(&self, instr: &Instr, j: usize, y: &mut [T]) {
        let arg = |k: usize| self.real(instr.args[k] as usize);
        match &instr.op {
            Op::Map(f) => elementwise::map_in_place(*f, y),
            Op::Zip(f) if instr.args[0] == instr.args[1] => elementwise::square(*f, y),
            Op::Zip(f) => elementwise::zip_in_place(*f, j == 1, (y, instr.shape), arg(1 - j)),
            _ => elementwise::select_in_place(arg(0), j == 1, arg(3 - j), (y, instr.shape)),
        }
    }

    fn compute(&self, instr: &Instr, out: &mut [T]) -> Result<()> {
        let arg = |k: usize| self.real(instr.args[k] as usize);
        let index_arg = |k: usize| self.index(instr.args[k] as usize);
        let y = (out, instr.shape);
        match &instr.op {
            Op::Zip(f) => elementwise::zip(*f, arg(0), arg(1), y),
            Op::Map(f) => elementwise::map(*f, arg(0).0, y.0),
            Op::Along(f, axis) => reduce::along(*f, *axis, arg(0), y.0),
            Op::Select => elementwise::select(arg(0), arg(1), arg(2), y),
            Op::MatMul { ta, tb } => matmul::matmul((*ta, *tb), false, arg(0), arg(1), y),
            Op::Sum(axes) => reduce::sum_axes(*axes, arg(0), y.0),
            Op::Broadcast(axes, _) => elementwise::broadcast(*axes, arg(0).0, y),
            Op::Permute(perm) => elementwise::permute(*perm, arg(0), y),
            Op::Slice { start, .. } => elementwise::slice(*start, arg(0), y),
            Op::Pad { start, .. } => elementwise::pad(*start, arg(0), y),
            Op::Gather { along } => {
                let (x, indices) = (arg(0), index_arg(1));
                crate::run::in_range(instr, indices, x.1.dim(usize::from(*along)))?;
                index::gather(*along, x, indices, y.0);
            }
            Op::Scatter { along, .. } => {
                let indices = index_arg(1);
                crate::run::in_range(instr, indices, instr.shape.dim(usize::from(*along)))?;
                index::scatter(*along, arg(0).0, indices, y);
            }
            Op::OneHot(n) => {
                crate::run::in_range(instr, index_arg(0), *n as usize)?;
                index::one_hot(*n as usize, index_arg(0), y.0);
            }
            op => unreachable!("{} is not computed here", op.name()),
        }
        Ok(())
    }
}
