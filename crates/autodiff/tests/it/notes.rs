//! The worked examples of the notes, by section.

use wonderland_autodiff::{Program, Tensor, data, input, trace};

use crate::numbers;

#[test]
fn notes_2_2_2_linearisation_at_one_half() {
    let f = trace(input("x", []), |_, x| x * x - 1.5 * x).unwrap();
    let both = f.value_and_grad().unwrap().run::<f64>(&0.5).unwrap();
    let (value, slope) = (both[0].as_slice()[0], both[1].as_slice()[0]);
    let exact: f64 = f.run_scalar(&0.51).unwrap();
    let linear = value + slope * 0.01;
    assert_eq!(format!("{exact:.4} {linear:.4}"), "-0.5049 -0.5050");
    // The error of the linearisation is ½ f'' h² = h².
    assert!((exact - linear - 1e-4).abs() < 1e-15);
}

/// Erratum: row i of ∂f ~ (c, d) is the gradient of output i, column j how all
/// outputs respond to input j.
#[test]
fn notes_2_2_2_rows_and_columns_of_the_jacobian() {
    let A = Tensor::from_rows(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let f = trace((input("x", [3]), data("A", [2, 3])), |_, (x, A)| A.matmul(x)).unwrap();
    let args = (Tensor::full(&[3], 1.0), &A);
    let J = f.jacobian().unwrap().program.run(&args).unwrap().swap_remove(0);
    assert_eq!(J, A);
    let row = f.vjp().unwrap().run(&(&args, Tensor::new(&[2], vec![0.0, 1.0]).unwrap())).unwrap();
    assert_eq!(row[1].as_slice(), J.row(1));
    let e1 = Tensor::new(&[3], vec![0.0, 1.0, 0.0]).unwrap();
    let column = f.jvp().unwrap().run(&(&args, e1)).unwrap();
    assert_eq!(column[1].as_slice(), [J[[0, 1]], J[[1, 1]]]);
}

#[test]
fn notes_2_2_1_directional_derivatives() {
    let f = trace(input("x", [2]), |_, x| (x * x).sum()).unwrap();
    let (x, v) = (numbers(&[2], 1), numbers(&[2], 2));
    let slope = f.jvp().unwrap().run::<f64>(&(&x, &v)).unwrap()[1].as_slice()[0];
    let g = f.grad().unwrap().run::<f64>(&x).unwrap().swap_remove(0);
    let dot = g.as_slice()[0] * v.as_slice()[0] + g.as_slice()[1] * v.as_slice()[1];
    assert!((slope - dot).abs() <= 2.0 * f64::EPSILON);
}

/// The chain rule: the Jacobian of a composition is the product of Jacobians.
#[test]
fn notes_2_2_2_jacobians_compose() {
    let outer = trace(input("h", [3]), |_, h| (h * h).slice(0, 0, 2) + h.sum()).unwrap();
    let inner = trace((input("x", [2]), data("A", [3, 2])), |_, (x, A)| A.matmul(x).sin()).unwrap();
    let both = trace((input("x", [2]), data("A", [3, 2])), |_, (x, A)| {
        let h = A.matmul(x).sin();
        (h * h).slice(0, 0, 2) + h.sum()
    });
    let J = |p: &Program, args: &[&Tensor]| {
        let args: Vec<Tensor> = args.iter().map(|&t| t.clone()).collect();
        p.jacobian().unwrap().program.run::<f64>(&args).unwrap().swap_remove(0)
    };
    let (x, A) = (numbers(&[2], 1), numbers(&[3, 2], 2));
    let h = inner.run(&(&x, &A)).unwrap().swap_remove(0);
    let (Jo, Ji) = (J(&outer, &[&h]), J(&inner, &[&x, &A]));
    let product = wonderland_linalg::matmul(Jo.as_mat(), Ji.as_mat()).unwrap();
    let J = J(&both.unwrap(), &[&x, &A]);
    for (a, b) in J.as_slice().iter().zip(product.as_slice()) {
        assert!((a - b).abs() <= 8.0 * f64::EPSILON, "{a} {b}");
    }
}

/// `h_i = f_i(h_{i−1}, w_i)` (erratum to 6.1.1), then a sum.
fn layers(x: usize, hidden: usize, out: usize) -> Program {
    let spec = (
        input("W1", [hidden, x]),
        input("b1", [hidden]),
        input("W2", [out, hidden]),
        input("b2", [out]),
        data("x", [x]),
    );
    trace(spec, |_, (W1, b1, W2, b2, x)| {
        let h1 = (W1.matmul(x) + b1).tanh();
        (W2.matmul(h1) + b2).tanh()
    })
    .unwrap()
}

/// Table 1 of the notes: dimensions of the tangent matrices of a network of
/// layers (`d_out`, `d_in`), and of the gradients 1ᵀ Ŵ.
#[test]
fn notes_6_2_table_of_dimensions() {
    let (d_in, d_hidden, d_final) = (3, 4, 2);
    let net = layers(d_in, d_hidden, d_final);
    let shape = |name: &str| {
        let k = net.inputs().iter().position(|i| i.name == name).unwrap();
        net.inputs()[k].shape.dims()
    };
    assert_eq!(shape("x"), [d_in]); // input to layer 1: d_in × 1
    assert_eq!(shape("W1"), [d_hidden, d_in]); // weights: d_out × d_in
    assert_eq!(shape("b1"), [d_hidden]); // bias: d_out × 1
    assert_eq!(net.output_shapes().next().unwrap().dims(), [d_final]);
    // Weight tangent d_final × (d_out · d_in), bias tangent d_final × d_out.
    let tangents = net.jacobian_by(wonderland_autodiff::Direction::Forward).unwrap().program;
    let sizes: Vec<_> = tangents
        .output_names()
        .zip(tangents.output_shapes())
        .map(|(name, s)| (name.to_owned(), s.dim(0), s.len() / s.dim(0)))
        .collect();
    assert_eq!(
        sizes,
        [
            ("d_y/d_W1".to_owned(), d_final, d_hidden * d_in),
            ("d_y/d_b1".to_owned(), d_final, d_hidden),
            ("d_y/d_W2".to_owned(), d_final, d_final * d_hidden),
            ("d_y/d_b2".to_owned(), d_final, d_final),
        ]
    );
    // The final gradient 1ᵀ Ŵ is 1 × (d_out · d_in), and equals reverse mode.
    let args = vec![
        numbers(&[d_hidden, d_in], 1),
        numbers(&[d_hidden], 2),
        numbers(&[d_final, d_hidden], 3),
        numbers(&[d_final], 4),
        numbers(&[d_in], 5),
    ];
    let W_hat = tangents.run::<f64>(&args).unwrap();
    let ones = Tensor::full(&[d_final], 1.0);
    let adjoints = net.vjp().unwrap().run::<f64>(&(&args, &ones)).unwrap();
    for (W_hat, W_bar) in W_hat.iter().zip(&adjoints[1..]) {
        for (k, bar) in W_bar.as_slice().iter().enumerate() {
            let sum: f64 = (0..d_final).map(|row| W_hat.row(row)[k]).sum();
            assert!((sum - bar).abs() <= 16.0 * f64::EPSILON, "{sum} {bar}");
        }
    }
}

/// Forward mode multiplies matrices, reverse mode vectors: its cost does not
/// grow with the number of weights in front.
#[test]
fn notes_6_3_reverse_mode_is_cheaper_for_one_output() {
    let net = |hidden| {
        let p = layers(6, hidden, 1);
        let j = p.jacobian().unwrap();
        (j.forward_flops as f64 / p.flops() as f64, j.reverse_flops as f64 / p.flops() as f64)
    };
    let (small, large) = (net(8), net(64));
    assert!(large.0 > 6.0 * small.0, "{small:?} {large:?}");
    assert!(large.1 < 4.0 && small.1 < 4.0, "{small:?} {large:?}");
}

/// f(x) = a sin x + b x sin x: symbolic differentiation writes sin x twice, a
/// program computes it once, in the derivative too.
#[test]
fn notes_6_1_2_the_derivative_shares_sin() {
    let spec = || (input("x", []), data("a", []), data("b", []));
    let f = trace(spec(), |_, (x, a, b)| a * x.sin() + b * x * x.sin()).unwrap();
    let both = f.value_and_grad().unwrap();
    assert_eq!(f.op_counts()["sin"], 1);
    assert_eq!(both.op_counts()["sin"], 1);
    assert_eq!(both.op_counts()["cos"], 1);
    let got = both.run::<f64>(&(0.7, 2.0, 3.0)).unwrap();
    let by_hand = 2.0 * 0.7_f64.cos() + 3.0 * 0.7_f64.sin() + 3.0 * 0.7 * 0.7_f64.cos();
    assert!((got[1].as_slice()[0] - by_hand).abs() <= 4.0 * f64::EPSILON * by_hand);
}
