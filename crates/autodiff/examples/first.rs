//! A newcomer's first program: the loss of a logistic regression, its gradient
//! in both precisions, a check, and a Hessian-vector product.
//!
//! ```text
//! cargo run -p wonderland-autodiff --example first
//! ```

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

use wonderland_autodiff::{Result, Tensor, check_grads, data, input, trace};

fn main() -> Result<()> {
    let loss = trace((input("w", [2]), data("X", [3, 2]), data("y", [3])), |_, (w, X, y)| {
        X.matmul(w).logistic_loss(y).mean()
    })?;
    let grad = loss.grad()?;
    println!("The loss:\n{loss}\nIts gradient:\n{grad}");
    let (w, y) = (Tensor::full(&[2], 0.5), Tensor::full(&[3], 1.0));
    let X = Tensor::from_rows(&[[1.0, 2.0], [-1.0, 0.5], [0.0, -1.0]]);
    println!("in double precision {}", grad.run(&(&w, &X, &y))?[0]);
    println!("in single precision {}", grad.run::<f32>(&(w.cast(), X.cast(), y.cast()))?[0]);
    println!("{}", check_grads(&loss, &(&w, &X, &y))?);
    println!("Hessian times w {}", loss.hvp()?.run(&(&w, &X, &y, &w))?[0]);
    Ok(())
}
