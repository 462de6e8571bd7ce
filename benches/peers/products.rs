//! Products, `KIND-TYPE-NxKxM` for C ~ (n, m) and an inner dimension of k.
//!
//! The kind says how the operands lie in memory: `matmul` both as they are used,
//! `matmul-tn` the first transposed (the gradient of a layer's weights),
//! `matmul-nt` the second (the gradient of its input), `gram` C = XᵀX for
//! X ~ (k, n), `batched` 64 products at once. Rivals of our own making are calls
//! of faer, of the `gemm` crate, and of ndarray, whose products are those of
//! matrixmultiply.

use std::path::Path;

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar};
use wonderland_benches::uniform;
use wonderland_gemm::{Element, Operand, multiply};
use wonderland_linalg::{MatRef, Scalar, Tensor, gram, matmul_batched_into, matmul_into};

use crate::arrays::{read_f64, write_f64};
use crate::{Fault, Loaded, Work, unknown};

/// Multiply-adds of one run: a single product takes microseconds.
const WORK: usize = 1 << 29;
/// Products in the batch of one operation.
const BATCH: usize = 64;

/// What is computed, of which sizes.
#[derive(Clone, Copy)]
struct Shape {
    kind: Kind,
    single: bool,
    n: usize,
    k: usize,
    m: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    FirstTransposed,
    SecondTransposed,
    Gram,
    Batched,
}

impl Shape {
    fn parse(workload: &str) -> Option<Self> {
        let mut words = workload.rsplitn(3, '-');
        let (sizes, element, kind) = (words.next()?, words.next()?, words.next()?);
        let kind = match kind {
            "matmul" => Kind::Plain,
            "matmul-tn" => Kind::FirstTransposed,
            "matmul-nt" => Kind::SecondTransposed,
            "gram" => Kind::Gram,
            "batched" => Kind::Batched,
            _ => return None,
        };
        let sizes: Result<Vec<usize>, _> = sizes.split('x').map(str::parse).collect();
        let [n, k, m] = *sizes.ok()? else { return None };
        Some(Self { kind, single: element == "f32", n, k, m })
    }

    /// The sizes in which the operands are stored.
    fn stored(self) -> [Vec<usize>; 2] {
        let Self { n, k, m, .. } = self;
        match self.kind {
            Kind::Plain => [vec![n, k], vec![k, m]],
            Kind::FirstTransposed => [vec![k, n], vec![k, m]],
            Kind::SecondTransposed => [vec![n, k], vec![m, k]],
            Kind::Gram => [vec![k, n], vec![k, n]],
            Kind::Batched => [vec![BATCH, n, k], vec![BATCH, k, m]],
        }
    }

    fn repeats(self) -> usize {
        let batch = if self.kind == Kind::Batched { BATCH } else { 1 };
        (WORK / (self.n * self.k * self.m * batch)).max(1)
    }
}

/// Whether the name is that of a product.
pub(crate) fn is_product(workload: &str) -> bool {
    Shape::parse(workload).is_some()
}

/// Writes A and B.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let Some(shape) = Shape::parse(workload) else { return unknown(workload, "") };
    for ((name, seed), sizes) in [("A.f64", 1), ("B.f64", 2)].into_iter().zip(shape.stored()) {
        write_f64(folder, name, uniform::<f64>(sizes.iter().product(), 1, seed).as_slice())?;
    }
    Ok(())
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    match Shape::parse(workload) {
        Some(shape) if shape.single => read::<f32>(shape, variant, folder),
        Some(shape) => read::<f64>(shape, variant, folder),
        None => unknown(workload, variant),
    }
}

fn read<T: Number>(shape: Shape, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let by = match variant {
        "" => By::Us,
        "faer" => By::Faer,
        "gemm" => By::Gemm,
        "ndarray" => By::Ndarray,
        _ => return unknown("a product", variant),
    };
    let [a, b] = shape.stored();
    let numbers = |name| -> Result<Vec<T>, Fault> {
        Ok(read_f64(folder, name)?.into_iter().map(T::from_f64).collect())
    };
    let C = match shape.kind {
        Kind::Batched => Tensor::zeros(&[BATCH, shape.n, shape.m]),
        _ => Tensor::zeros(&[shape.n, shape.m]),
    };
    let (A, B) = (Tensor::new(&a, numbers("A.f64")?)?, Tensor::new(&b, numbers("B.f64")?)?);
    Ok(Box::new(Product { shape, by, A, B, C }))
}

/// What the rivals ask of an element besides.
trait Number: Scalar + LinalgScalar + Element {}
impl Number for f32 {}
impl Number for f64 {}

enum By {
    Us,
    Faer,
    Gemm,
    Ndarray,
}

struct Product<T: Scalar> {
    shape: Shape,
    by: By,
    A: Tensor<T>,
    B: Tensor<T>,
    C: Tensor<T>,
}

/// The operands of one product as they are multiplied.
fn operands<'a, T: Scalar>(
    shape: Shape,
    A: &'a Tensor<T>,
    B: &'a Tensor<T>,
) -> (MatRef<'a, T>, MatRef<'a, T>) {
    match shape.kind {
        Kind::FirstTransposed => (A.as_mat().transpose(), B.as_mat()),
        Kind::SecondTransposed => (A.as_mat(), B.as_mat().transpose()),
        Kind::Gram => (A.as_mat().transpose(), A.as_mat()),
        Kind::Plain | Kind::Batched => (A.as_mat(), B.as_mat()),
    }
}

impl<T: Number> Work for Product<T> {
    fn run(&mut self) -> Result<(), Fault> {
        for _ in 0..self.shape.repeats() {
            match (self.shape.kind, &self.by) {
                (Kind::Batched, _) => matmul_batched_into(&mut self.C, &self.A, &self.B)?,
                (Kind::Gram, By::Us) => self.C = gram(self.A.as_mat()),
                _ => {
                    let (A, B) = operands(self.shape, &self.A, &self.B);
                    match self.by {
                        By::Us => matmul_into(self.C.as_mat_mut(), false, A, B)?,
                        By::Faer => {
                            let C = self.C.as_mat_mut();
                            matmul(C, Accum::Replace, A, B, T::ONE, Par::Seq);
                        }
                        By::Gemm => by_gemm(self.shape, &self.A, &self.B, &mut self.C),
                        By::Ndarray => by_ndarray(self.shape, &self.A, &self.B, &mut self.C)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// The largest deviation from the product in `f64`, relative to its largest
    /// entry.
    fn error(&self) -> f64 {
        let (n, m) = (self.shape.n, self.shape.m);
        let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
        let mut judge = |A: MatRef<'_, T>, B: MatRef<'_, T>, C: &[T]| {
            // Every entry would take longer than what is timed.
            for at in (0..n * m).step_by((n * m / 512).max(1)) {
                let (i, j) = (at / m, at % m);
                let terms = (0..A.ncols()).map(|l| A[(i, l)].to_f64() * B[(l, j)].to_f64());
                let exact: f64 = terms.sum();
                worst = worst.max((C[at].to_f64() - exact).abs());
                largest = largest.max(exact.abs());
            }
        };
        if self.shape.kind == Kind::Batched {
            for i in 0..BATCH {
                let (k, A, B) = (self.shape.k, self.A.row(i), self.B.row(i));
                let A = MatRef::from_row_major_slice(A, n, k);
                judge(A, MatRef::from_row_major_slice(B, k, m), self.C.row(i));
            }
        } else {
            let (A, B) = operands(self.shape, &self.A, &self.B);
            judge(A, B, self.C.as_slice());
        }
        worst / largest
    }
}

/// C = A B by the `gemm` crate.
fn by_gemm<T: Number>(shape: Shape, A: &Tensor<T>, B: &Tensor<T>, C: &mut Tensor<T>) {
    let Shape { kind, n, k, m, .. } = shape;
    let numbers = A.as_slice();
    let turned = matches!(kind, Kind::FirstTransposed | Kind::Gram);
    let left = Operand { numbers, rows: n, columns: k, turned };
    let numbers = if kind == Kind::Gram { numbers } else { B.as_slice() };
    let right = Operand { numbers, rows: k, columns: m, turned: kind == Kind::SecondTransposed };
    multiply(C.as_mut_slice(), left, right);
}

/// C = A B by ndarray, operands turned as the shape asks.
fn by_ndarray<T: Number>(
    shape: Shape,
    A: &Tensor<T>,
    B: &Tensor<T>,
    C: &mut Tensor<T>,
) -> Result<(), Fault> {
    let (mut left, mut right) = (view(A)?, view(if shape.kind == Kind::Gram { A } else { B })?);
    if matches!(shape.kind, Kind::FirstTransposed | Kind::Gram) {
        left = left.reversed_axes();
    }
    if shape.kind == Kind::SecondTransposed {
        right = right.reversed_axes();
    }
    let mut out = ArrayViewMut2::from_shape((shape.n, shape.m), C.as_mut_slice())?;
    general_mat_mul(T::ONE, &left, &right, T::ZERO, &mut out);
    Ok(())
}

fn view<T: Scalar>(X: &Tensor<T>) -> Result<ArrayView2<'_, T>, Fault> {
    Ok(ArrayView2::from_shape((X.nrows(), X.ncols()), X.as_slice())?)
}

#[cfg(test)]
mod tests {
    use wonderland_linalg::matmul;

    use super::*;

    /// What ours is measured beside computes the same; whole numbers are exact.
    #[test]
    fn the_gemm_crate_makes_the_same_products() {
        for workload in
            ["matmul-f64-3x5x4", "matmul-tn-f64-3x5x4", "matmul-nt-f64-3x5x4", "gram-f64-3x5x3"]
        {
            let shape = Shape::parse(workload).unwrap();
            let [A, B] = shape.stored().map(|sizes| {
                Tensor::<f64>::from_fn(sizes[0], sizes[1], |i, j| (i * 7 + j * 3) as f64 - 8.0)
            });
            let mut C = Tensor::zeros(&[shape.n, shape.m]);
            by_gemm(shape, &A, &B, &mut C);
            let (A, B) = operands(shape, &A, &B);
            assert_eq!(C, matmul(A, B).unwrap(), "{workload}");
        }
    }
}
