//! Shapes of tensors (notes §2.1): up to eight axes, held inline.
//!
//! Users write ranks 0 to 4; the others appear when a tangent axis is put in
//! front or when a Jacobian joins the axes of an output and an input.

use std::fmt;
use std::hash::{Hash, Hasher};

/// Largest number of axes.
pub const MAX_RANK: usize = 8;

const TOO_MUCH: &str = "at most eight axes of at most 2^32 - 1 elements";

/// Sizes of the axes of a tensor; a scalar has none.
///
/// # Examples
/// ```
/// use wonderland_autodiff::Shape;
/// let shape = Shape::from([4, 3]);
/// assert_eq!((shape.rank(), shape.len(), shape.to_string()), (2, 12, "(4, 3)".to_owned()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    rank: u8,
    dims: [u32; MAX_RANK],
}

impl Shape {
    /// The shape of a scalar: no axes.
    pub const SCALAR: Self = Self { rank: 0, dims: [0; MAX_RANK] };

    /// The shape with these sizes, or `None` beyond eight axes or 2³² − 1.
    #[must_use]
    pub fn try_new(dims: &[usize]) -> Option<Self> {
        Self::try_of(dims.iter().copied())
    }

    fn try_of(dims: impl Iterator<Item = usize>) -> Option<Self> {
        let mut shape = Self::SCALAR;
        for d in dims {
            *shape.dims.get_mut(usize::from(shape.rank))? = u32::try_from(d).ok()?;
            shape.rank += 1;
        }
        Some(shape)
    }

    /// The shape with these sizes, known to be few and small enough.
    #[track_caller]
    pub(crate) fn of(dims: impl Iterator<Item = usize>) -> Self {
        Self::try_of(dims).expect(TOO_MUCH)
    }

    /// The shape with these sizes.
    ///
    /// # Panics
    /// Beyond eight axes or when a size exceeds 2³² − 1.
    #[must_use]
    #[track_caller]
    pub fn new(dims: &[usize]) -> Self {
        Self::of(dims.iter().copied())
    }

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// Size of one axis.
    ///
    /// # Panics
    /// When there is no such axis.
    #[must_use]
    pub fn dim(&self, axis: usize) -> usize {
        self.dims[..self.rank()][axis] as usize
    }

    /// Sizes of all axes.
    #[must_use]
    pub fn dims(&self) -> Vec<usize> {
        self.iter().collect()
    }

    /// Sizes of all axes, one after the other.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + Clone + '_ {
        self.dims[..self.rank()].iter().map(|&d| d as usize)
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().product()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row-major strides, in elements.
    pub(crate) fn strides(&self) -> [usize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut step = 1;
        for axis in (0..self.rank()).rev() {
            strides[axis] = step;
            step *= self.dim(axis);
        }
        strides
    }

    /// This shape without the axes of the set.
    pub(crate) fn without(&self, axes: Axes) -> Self {
        Self::of(self.iter().enumerate().filter(|&(a, _)| !axes.has(a)).map(|(_, d)| d))
    }

    /// This shape with the axes of the set made 1.
    pub(crate) fn kept(&self, axes: Axes) -> Self {
        let mut shape = *self;
        for axis in axes.iter() {
            shape.dims[axis] = 1;
        }
        shape
    }

    /// This shape with another size of one axis.
    #[track_caller]
    pub(crate) fn resized(&self, axis: u8, size: usize) -> Self {
        let mut shape = *self;
        shape.dims[..self.rank()][usize::from(axis)] = u32::try_from(size).expect(TOO_MUCH);
        shape
    }

    /// This shape after the axes `front`.
    pub(crate) fn after(&self, front: &[usize]) -> Self {
        Self::of(front.iter().copied().chain(self.iter()))
    }

    /// The leading sizes and the size of the matrix (rows, columns) at the end.
    pub(crate) fn matrix(&self) -> (usize, usize, usize) {
        let r = self.rank();
        (self.iter().take(r - 2).product(), self.dim(r - 2), self.dim(r - 1))
    }

    /// This shape as (outer, axis, inner) sizes around one axis.
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        let outer = self.iter().take(axis).product();
        (outer, self.dim(axis), self.iter().skip(axis + 1).product())
    }

    /// Whether this shape stretches to `full`: aligned at the last axis, every
    /// size is 1 or the size there.
    pub(crate) fn stretches_to(&self, full: &Self) -> bool {
        self.rank() <= full.rank()
            && self.iter().rev().zip(full.iter().rev()).all(|(a, b)| a == b || a == 1)
    }

    /// Axes of `full` along which this shape is repeated.
    pub(crate) fn stretched_axes(&self, full: &Self) -> Axes {
        let offset = full.rank() - self.rank();
        Axes::of(
            (0..full.rank())
                .filter(|&a| a < offset || (self.dim(a - offset) == 1 && full.dim(a) != 1)),
        )
    }
}

/// By the sizes there are.
impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.rank);
        self.dims[..self.rank()].iter().for_each(|&d| state.write_u32(d));
    }
}

impl<const R: usize> From<[usize; R]> for Shape {
    #[track_caller]
    fn from(dims: [usize; R]) -> Self {
        Self::new(&dims)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.iter().map(|d| d.to_string()).collect();
        write!(f, "({})", dims.join(", "))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of axes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Axes(u8);

impl Axes {
    /// The set of these axes.
    pub(crate) fn of(axes: impl IntoIterator<Item = usize>) -> Self {
        Self(axes.into_iter().fold(0, |set, a| set | 1 << a))
    }

    /// The first `n` axes.
    pub(crate) fn first(n: usize) -> Self {
        Self::of(0..n)
    }

    pub(crate) fn has(self, axis: usize) -> bool {
        self.0 >> axis & 1 == 1
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = usize> {
        (0..MAX_RANK).filter(move |&a| self.has(a))
    }

    /// The set with every axis moved one place back, behind a new first axis.
    pub(crate) fn behind_one(self) -> Self {
        Self(self.0 << 1)
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.iter().map(|a| a.to_string()).collect();
        write!(f, "{}", axes.join(","))
    }
}

/// Calls `f` with the offsets, under each of the stride lists, of every
/// element of `shape` in row-major order.
pub(crate) fn walk<const K: usize>(
    shape: &Shape,
    strides: [[usize; MAX_RANK]; K],
    mut f: impl FnMut([usize; K]),
) {
    let rank = shape.rank();
    if shape.is_empty() {
        return;
    }
    let mut index = [0; MAX_RANK];
    let mut offsets = [0; K];
    loop {
        f(offsets);
        let mut axis = rank;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            for (offset, stride) in offsets.iter_mut().zip(&strides) {
                *offset += stride[axis];
            }
            if index[axis] < shape.dim(axis) {
                break;
            }
            for (offset, stride) in offsets.iter_mut().zip(&strides) {
                *offset -= stride[axis] * index[axis];
            }
            index[axis] = 0;
        }
    }
}

/// Strides under which a tensor of shape `small` reads as one of shape `full`.
pub(crate) fn stretched_strides(small: &Shape, full: &Shape) -> [usize; MAX_RANK] {
    let mut strides = [0; MAX_RANK];
    let own = small.strides();
    let offset = full.rank() - small.rank();
    for axis in 0..small.rank() {
        if small.dim(axis) != 1 {
            strides[axis + offset] = own[axis];
        }
    }
    strides
}
