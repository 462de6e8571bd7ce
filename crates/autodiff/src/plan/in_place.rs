//! Plans in which results replace arguments: what a step of training updates stays
//! where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use wonderland_linalg::{Scalar, Tensor};

use crate::error::{Error, Result};
use crate::functions::Unary;
use crate::op::Kind;
use crate::op::{Number, Op};
use crate::plan::layout::Host;
use crate::plan::{Plan, is_alias};
use crate::program::{Input, Instr, Program};
use crate::run::{Arg, Args, said};

impl Program {
    /// Plans the program to work on its own results: an output with the name of an
    /// input is that input's next value and takes its place. Such an input is no
    /// argument of [`run_into`](Plan::run_into); the memory given for the output
    /// holds the old value before and the new one after.
    ///
    /// So a training step needs no memory for what it updates, nor, where a product
    /// is subtracted from a parameter, for the gradient: w ← w − η XᵀG is one product
    /// that adds to w.
    ///
    /// # Errors
    /// [`Error::Update`] for an output of another shape than the input of its name.
    ///
    /// # Examples
    /// ```
    /// use wonderland_autodiff::{Arg, data, input, trace, trace_outputs};
    /// // f(w) = Σ (w − a)², by descent.
    /// let f = trace((input("w", [2]), data("a", [2])), |_, (w, a)| (w - a).powi(2).sum())?;
    /// let both = f.value_and_grad()?;
    /// let spec = (input("w", [2]), data("a", [2]), data("rate", []));
    /// let step = trace_outputs(spec, |t, (w, a, rate)| {
    ///     let found = t.call(&both, &[w, a], &[]);
    ///     vec![("value", found[0]), ("w", w - rate * found[1])]
    /// })?;
    /// let mut plan = step.plan_in_place::<f64>()?;
    /// let (mut w, mut value) = ([5.0, 1.0], [0.0]);
    /// let given = [Arg::Real(&[1.0, 2.0], [2].into()), Arg::Real(&[0.25], [].into())];
    /// plan.run_into(&given, &mut [&mut value, &mut w])?;
    /// assert_eq!((value, w), ([17.0], [3.0, 1.5])); // half of the way
    /// # Ok::<(), wonderland_autodiff::Error>(())
    /// ```
    pub fn plan_in_place<T: Scalar>(&self) -> Result<Plan<T>> {
        let mut results = BTreeMap::new();
        for (k, name) in self.output_names().enumerate() {
            // The last of several outputs of one name counts.
            results.insert(name, k);
        }
        // The first of several inputs of one name is replaced.
        let of_input = self.inputs.iter().map(|i| results.remove(i.name.as_str()));
        let updates: Vec<Option<usize>> = of_input.collect();
        for (input, update) in self.inputs.iter().zip(&updates) {
            let Some(k) = *update else { continue };
            let output = self.shape_of(self.outputs[k].id);
            if input.kind != Kind::Real || input.shape != output {
                let (name, expected) = (input.name.clone(), said(input.kind, input.shape));
                return Err(Error::Update { name, expected, actual: said(Kind::Real, output) });
            }
        }
        Ok(Plan::new(self, Host::Caller(&updates)))
    }
}

/// Copies for outputs that are old values of others.
pub(crate) fn copy_old_values(program: &mut Program, updates: &[Option<usize>]) {
    for k in 0..program.outputs.len() {
        let id = program.outputs[k].id;
        let mut root = id as usize;
        while is_alias(&program.instrs[root].op) {
            root = program.instrs[root].args[0] as usize;
        }
        let result = updates.get(root).copied().flatten();
        if result.is_some_and(|result| result != k) {
            let Instr { shape, at, .. } = program.instrs[id as usize];
            let op = Op::Map(Unary::Scale(Number::new(1.0)));
            program.outputs[k].id = program.instrs.len() as u32;
            let copy = Instr { op, args: (&[id][..]).into(), shape, at };
            Arc::make_mut(&mut program.instrs).push(copy);
        }
    }
}

impl<T: Scalar> Plan<T> {
    /// Runs the plan: one tensor per output, from one argument per input, those
    /// that are updated included.
    ///
    /// # Errors
    /// As [`Program::run`](crate::Program::run).
    pub fn run(&mut self, args: &(impl Args<T> + ?Sized)) -> Result<Vec<Tensor<T>>> {
        let mut list = Vec::new();
        args.push_args(&mut list);
        self.program.check_args(&list)?;
        let mut outputs: Vec<Tensor<T>> =
            self.program.output_shapes().map(|s| Tensor::zeros(&s.dims())).collect();
        for (arg, update) in list.iter().zip(&self.updates) {
            if let (Arg::Real(old, _), Some(result)) = (arg, *update) {
                outputs[result].as_mut_slice().copy_from_slice(old);
            }
        }
        let given = list.iter().enumerate().filter(|&(k, _)| !self.is_updated(k));
        let given: Vec<Arg<'_, T>> = given.map(|(_, &arg)| arg).collect();
        let mut slices: Vec<&mut [T]> = outputs.iter_mut().map(Tensor::as_mut_slice).collect();
        self.run_into(&given, &mut slices)?;
        Ok(outputs)
    }

    /// The inputs that are arguments: all but those that are updated.
    pub(crate) fn given(&self) -> impl Iterator<Item = &Input> + Clone {
        let inputs = self.program.inputs.iter().enumerate();
        inputs.filter(|&(k, _)| !self.is_updated(k)).map(|(_, input)| input)
    }

    fn is_updated(&self, input: usize) -> bool {
        self.updates.get(input).is_some_and(Option::is_some)
    }
}
