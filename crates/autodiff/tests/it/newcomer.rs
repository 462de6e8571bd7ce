//! Twelve lines of a newcomer: trace, print, differentiate, run, check.

use wonderland_autodiff::{check_grads, data, input, trace};
use wonderland_linalg::Tensor;

#[test]
fn logistic_regression_in_twelve_lines() {
    let loss = trace((input("w", [2]), data("X", [3, 2]), data("y", [3])), |_, (w, X, y)| {
        X.matmul(w).logistic_loss(y).mean()
    })
    .unwrap();
    let grad = loss.grad().unwrap();
    let (w, y) = (Tensor::full(&[2], 0.5), Tensor::new(&[3], vec![1.0, -1.0, 1.0]).unwrap());
    let X = Tensor::from_rows(&[[1.0, 2.0], [-1.0, 0.5], [0.0, -1.0]]);
    let g = grad.run(&(&w, &X, &y)).unwrap();
    let g32 = grad.run::<f32>(&(f32s(&w), f32s(&X), f32s(&y))).unwrap();
    let report = check_grads(&loss, &(&w, &X, &y)).unwrap();
    let Hv = loss.hvp().unwrap().run(&(&w, &X, &y, Tensor::full(&[2], 1.0))).unwrap();

    assert_eq!(
        loss.to_string(),
        "program(w: (2), X: (3, 2), y: (3))
  h1 = reshape w : (2, 1)
  h2 = matmul X h1 : (3, 1)
  h3 = reshape h2 : (3)
  h4 = mul y h3 : (3)
  h5 = scale h4 -1 : (3)
  h6 = softplus h5 : (3)
  h7 = sum h6 axes 0 : ()
  h8 = div h7 3 : ()
  return f = h8 : ()
"
    );
    assert_eq!(
        grad.to_string(),
        "program(w: (2), X: (3, 2), y: (3))
  h1 = reshape w : (2, 1)
  h2 = matmul X h1 : (3, 1)
  h3 = reshape h2 : (3)
  h4 = mul y h3 : (3)
  h5 = scale h4 -1 : (3)
  h6 = sigmoid h5 : (3)
  h7 = scale h6 -0.3333333333333333 : (3)
  h8 = mul h7 y : (3)
  h9 = reshape h8 : (3, 1)
  h10 = matmul Xᵀ h9 : (2, 1)
  h11 = reshape h10 : (2)
  return w_bar = h11 : (2)
"
    );
    // By hand: ∇ = −1/n Σ σ(−yᵢ zᵢ) yᵢ xᵢ with z = (1.5, −0.25, −0.5).
    let s = |z: f64| 1.0 / (1.0 + (-z).exp());
    let by_hand = [-(s(-1.5) + s(-0.25)) / 3.0, -(2.0 * s(-1.5) - 0.5 * s(-0.25) - s(0.5)) / 3.0];
    for (k, by_hand) in by_hand.iter().enumerate() {
        assert!((g[0].as_slice()[k] - by_hand).abs() < 4.0 * f64::EPSILON);
        assert!((f64::from(g32[0].as_slice()[k]) - by_hand).abs() < 1e-6);
    }
    assert!(report.tangent < 1e-11 && report.second < 1e-11, "{report:?}");
    // The Hessian is positive definite: v'Hv > 0.
    assert!(Hv[0].as_slice().iter().sum::<f64>() > 0.0);
}

fn f32s(x: &Tensor) -> Tensor<f32> {
    Tensor::new(x.shape(), x.as_slice().iter().map(|&v| v as f32).collect()).unwrap()
}
