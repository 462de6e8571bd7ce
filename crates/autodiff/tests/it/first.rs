use wonderland_autodiff::*;
use wonderland_linalg::Tensor;

#[test]
fn smoke() {
    let loss = trace(
        (input("w", [3, 2]), input("b", [2]), data("X", [4, 3]), index("y", [4])),
        |_, (w, b, X, y)| {
            let z = X.matmul(w) + b;
            (z.logsumexp(-1) - z.pick(y)).mean()
        },
    )
    .unwrap();
    let g = loss.value_and_grad().unwrap();
    let _j = loss.grad().unwrap().jacobian().unwrap();
    let w = Tensor::new(&[3, 2], vec![0.1, -0.2, 0.3, 0.5, -0.1, 0.2]).unwrap();
    let b = Tensor::new(&[2], vec![0.1, -0.2]).unwrap();
    let X = Tensor::from_fn(4, 3, |i, j| ((i * 3 + j) as f64).sin());
    let y = vec![0_u32, 1, 1, 0];
    let all = g.run(&(&w, &b, &X, &y)).unwrap();
    let h = 1e-6;
    for k in 0..6 {
        let mut p = w.clone();
        p.as_mut_slice()[k] += h;
        let mut m = w.clone();
        m.as_mut_slice()[k] -= h;
        let fd = (loss.run_scalar::<f64>(&(&p, &b, &X, &y)).unwrap()
            - loss.run_scalar::<f64>(&(&m, &b, &X, &y)).unwrap())
            / (2.0 * h);
        assert!((fd - all[1].as_slice()[k]).abs() < 1e-8, "{fd} {}", all[1].as_slice()[k]);
    }
    let _H = loss.hessian().unwrap().run::<f64>(&(&w, &b, &X, &y)).unwrap();
    let _e = trace((input("X", [4, 3]), input("w", [2])), |_, (X, w)| X.matmul(w)).unwrap_err();
    let _e = trace((input("y", [4]), input("w", [4, 1])), |_, (y, w)| y - w).unwrap_err();
}

#[test]
fn loops() {
    let p = trace((input("x", []), input("a", [3])), |_, (x, a)| {
        let zero = x.scalar(0.0);
        let (s, _) =
            scan(3, &[x], &[zero], &[a], |c, s, a| (vec![(s[0] * c[0] + a[0]).sin()], vec![]));
        s[0]
    })
    .unwrap();
    let g = p.grad().unwrap();
    let a = Tensor::new(&[3], vec![0.1, 0.2, 0.3]).unwrap();
    let got = g.run::<f64>(&(0.7, &a)).unwrap();
    let f = |x: f64| p.run_scalar::<f64>(&(x, &a)).unwrap();
    let fd = (f(0.7 + 1e-5) - f(0.7 - 1e-5)) / 2e-5;
    assert!((fd - got[0].as_slice()[0]).abs() < 1e-9, "{fd} {got:?}");
    let h = p.hvp().unwrap().run::<f64>(&(0.7, &a, 1.0, &Tensor::zeros(&[3]))).unwrap();
    let H = p.hessian().unwrap().run::<f64>(&(0.7, &a)).unwrap();
    assert!((h[0].as_slice()[0] - H[0].as_slice()[0]).abs() < 1e-12);
}
