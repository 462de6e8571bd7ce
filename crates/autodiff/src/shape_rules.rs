//! The shape of every operation's result, or what it expects of its arguments.

use crate::functions::Along;
use crate::op::{Op, ScanOp};
use crate::shape::{Axes, MAX_RANK, Shape};

impl Op {
    /// Shape of the result, or what the operation expects of its arguments.
    pub(crate) fn shape(&self, args: &[Shape]) -> Result<Shape, String> {
        match self {
            Op::Input(..) => Err("inputs are declared, not computed".to_owned()),
            Op::Const(_, shape) => Ok(*shape),
            Op::Iota(n) => Ok(Shape::from([*n as usize])),
            Op::Zip(_) | Op::Select => stretch(args),
            Op::MatMul { ta, tb } => matmul_shape(*ta, *tb, args[0], args[1]),
            Op::Sum(axes) => check_axes(*axes, args[0]).map(|()| args[0].without(*axes)),
            Op::Broadcast(axes, shape) => {
                check_axes(*axes, *shape)?;
                let rule = || format!("{shape} without axes {axes} must be the shape given");
                must(shape.without(*axes) == args[0], rule).map(|()| *shape)
            }
            Op::Reshape(shape) => {
                let (n, to) = (args[0].len(), shape.len());
                let rule = || format!("{n} elements cannot take the shape {shape} of {to}");
                must(n == to, rule).map(|()| *shape)
            }
            Op::Permute(perm) => permuted(perm, args[0]),
            &Op::Slice { axis, start, end } => {
                check_axis(axis, args[0])?;
                let rule = || format!("{start}..{end} must lie inside axis {axis}");
                must(start <= end && end <= args[0].dim(usize::from(axis)), rule)?;
                Ok(args[0].resized(axis, end - start))
            }
            &Op::Pad { axis, before, after } => {
                check_axis(axis, args[0])?;
                let size = args[0].dim(usize::from(axis)).saturating_add(before);
                let size = size.saturating_add(after);
                let rule = || format!("axis {axis} cannot have {size} entries");
                must(u32::try_from(size).is_ok(), rule).map(|()| args[0].resized(axis, size))
            }
            Op::Gather { along } => gather_shape(*along, args[0], args[1]),
            Op::Scatter { along, shape } => {
                let rows = gather_shape(*along, *shape, args[1])?;
                let rule =
                    || format!("rows taken from {shape} at these indices must have this shape");
                must(rows == args[0], rule).map(|()| *shape)
            }
            Op::Map(_) | Op::StopGradient | Op::Segment => Ok(args[0]),
            Op::Along(Along::Softmax, axis) => check_axis(*axis, args[0]).map(|()| args[0]),
            Op::Along(f, axis) => reduced(*axis, *f == Along::Max, args[0]),
            Op::ArgMax(axis) => reduced(*axis, true, args[0]),
            Op::OneHot(n) => {
                let mut dims = args[0].dims();
                dims.push(*n as usize);
                Shape::try_new(&dims).ok_or_else(|| "at most eight axes".to_owned())
            }
            Op::Scan(scan) => scan.check(args),
            Op::Rewind(_) => Ok(Shape::SCALAR),
            Op::Part(_) => Err("parts are made by the loop".to_owned()),
            Op::Custom(custom) => {
                let value = &custom.value.0;
                for (given, input) in args.iter().zip(value.inputs.iter()) {
                    let rule = || format!("argument `{}` must be {}", input.name, input.shape);
                    must(*given == input.shape, rule)?;
                }
                Ok(value.shape_of(value.outputs[0].id))
            }
        }
    }
}

fn must(holds: bool, rule: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule()) }
}

fn permuted(perm: &[u8; MAX_RANK], x: Shape) -> Result<Shape, String> {
    let rank = x.rank();
    let named = Axes::of(perm[..rank].iter().map(|&a| usize::from(a).min(7)));
    must(named == Axes::first(rank), || format!("every axis of 0..{rank} must be named once"))?;
    Ok(Shape::of(perm[..rank].iter().map(|&a| x.dim(usize::from(a)))))
}

fn reduced(axis: u8, needs_one: bool, x: Shape) -> Result<Shape, String> {
    check_axis(axis, x)?;
    let at = usize::from(axis);
    must(!needs_one || x.dim(at) > 0, || format!("axis {axis} must not be empty"))?;
    Ok(x.without(Axes::of([at])))
}

fn stretch(args: &[Shape]) -> Result<Shape, String> {
    if args.iter().all(|a| *a == args[0]) {
        return Ok(args[0]);
    }
    args.iter().find(|full| args.iter().all(|a| a.stretches_to(full))).copied().ok_or_else(|| {
        "one must have the shape of the result and the others stretch to it \
             (aligned at the last axis, sizes equal or 1); reshape or broadcast explicitly"
            .to_owned()
    })
}

fn check_axis(axis: u8, shape: Shape) -> Result<(), String> {
    must(usize::from(axis) < shape.rank(), || format!("axis {axis} does not exist"))
}

fn check_axes(axes: Axes, shape: Shape) -> Result<(), String> {
    match axes.iter().find(|&a| a >= shape.rank()) {
        Some(axis) => Err(format!("axis {axis} does not exist")),
        None => Ok(()),
    }
}

fn matmul_shape(ta: bool, tb: bool, a: Shape, b: Shape) -> Result<Shape, String> {
    if a.rank() < 2 || b.rank() < 2 {
        return Err("both must have at least two axes".to_owned());
    }
    let (_, n, k) = a.matrix();
    let (n, k) = if ta { (k, n) } else { (n, k) };
    let (_, k2, m) = b.matrix();
    let (k2, m) = if tb { (m, k2) } else { (k2, m) };
    if k != k2 {
        return Err(format!("the {k} columns of the first must equal the {k2} rows of the second"));
    }
    let [front_a, front_b] = [a, b].map(|s| Shape::of(s.iter().take(s.rank() - 2)));
    let front = if front_b.rank() == 0 { front_a } else { front_b };
    let rule = || "the leading axes must be equal, or one must be a plain matrix".to_owned();
    must(front_a.rank() == 0 || front_a == front, rule)?;
    Ok(Shape::of(front.iter().chain([n, m])))
}

fn gather_shape(along: bool, x: Shape, index: Shape) -> Result<Shape, String> {
    if along {
        if x.rank() < 2 || index.rank() != 1 || index.dim(0) != x.dim(0) {
            return Err("one index per row of a tensor of two axes or more".to_owned());
        }
        return Ok(x.without(Axes::of([1])));
    }
    if x.rank() == 0 {
        return Err("a scalar has no rows".to_owned());
    }
    let rest = x.without(Axes::of([0]));
    if rest.rank() + index.rank() > MAX_RANK {
        return Err("at most eight axes".to_owned());
    }
    Ok(rest.after(&index.dims()))
}

impl ScanOp {
    fn check(&self, args: &[Shape]) -> Result<Shape, String> {
        let (body, carry) = (&self.body.0, self.carry as usize);
        let fixed = (self.consts + self.carry) as usize;
        if body.inputs.len() != args.len() || body.outputs.len() < carry {
            return Err("the body must take and give as many values as the loop".to_owned());
        }
        for (k, (given, input)) in args.iter().zip(body.inputs.iter()).enumerate() {
            let wanted =
                if k < fixed { input.shape } else { input.shape.after(&[self.length as usize]) };
            if *given != wanted {
                return Err(format!("argument {k} of the loop must be {wanted}"));
            }
        }
        for k in 0..carry {
            let (before, after) =
                (body.inputs[self.consts as usize + k].shape, body.shape_of(body.outputs[k].id));
            if before != after {
                return Err(format!("state {k} enters the body as {before} but leaves as {after}"));
            }
        }
        Ok(Shape::SCALAR)
    }

    /// Whether argument `k` is a state.
    pub(crate) fn is_state(&self, k: usize) -> bool {
        (self.consts..self.consts + self.carry).contains(&(k as u32))
    }

    /// Whether argument `k` is a sequence.
    pub(crate) fn is_sequence(&self, k: usize) -> bool {
        k as u32 >= self.consts + self.carry
    }

    /// Number of results: final states, then stacked results.
    pub(crate) fn n_parts(&self) -> u32 {
        self.body.0.outputs.len() as u32
    }

    /// The state of which the stacked result holds what it was before each step.
    pub(crate) fn state_before(&self, part: u32) -> Option<u32> {
        let id = self.body.0.outputs[part as usize].id;
        (part >= self.carry && self.is_state(id as usize)).then(|| id - self.consts)
    }

    /// Shape of result `k`: final states, then stacked results.
    pub(crate) fn part_shape(&self, k: usize) -> Shape {
        let shape = self.body.0.shape_of(self.body.0.outputs[k].id);
        if k < self.carry as usize { shape } else { shape.after(&[self.length as usize]) }
    }
}
