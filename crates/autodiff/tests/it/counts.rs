//! Golden counts: the size of derived programs and the operations they need,
//! so that lost efficiency fails a test.

use wonderland_autodiff::{Direction, Program, data, index, input, scan, trace};

fn dense() -> Program {
    trace((data("X", [8, 5]), input("W", [5, 3]), input("b", [3])), |_, (X, W, b)| X.matmul(W) + b)
        .unwrap()
}

#[test]
fn a_dense_layer_is_two_instructions_and_its_pullback_at_most_four() {
    assert_eq!(dense().n_ops(), 2);
    let all = dense().with_respect_to(&["X", "W", "b"]).unwrap();
    let dual = all.vjp().unwrap();
    // Adjoints of X and W by a product each, of b by a sum; the value apart.
    assert_eq!(dual.n_ops() - 2, 3);
    assert_eq!(dual.op_counts()["matmul"], 3);
}

#[test]
fn softmax_cross_entropy_pulls_back_in_four_instructions() {
    let loss = trace((input("z", [8, 3]), index("y", [8])), |_, (z, y)| z.cross_entropy(y).mean());
    let grad = loss.unwrap().grad().unwrap();
    assert!(grad.n_ops() <= 4, "{grad}");
    assert_eq!(
        grad.to_string(),
        "program(z: (8, 3), y: index (8))
  h1 = softmax z axis 1 : (8, 3)
  h2 = place -0.125 y : (8, 3)
  h3 = scale h1 0.125 : (8, 3)
  h4 = add h2 h3 : (8, 3)
  return z_bar = h4 : (8, 3)
"
    );
}

fn mlp(n: usize, sizes: &[usize]) -> Program {
    let layers: Vec<_> = sizes.windows(2).enumerate().collect();
    let weights = layers.iter().map(|(k, s)| input(&format!("W{k}"), [s[0], s[1]])).collect();
    let biases = layers.iter().map(|(k, s)| input(&format!("b{k}"), [s[1]])).collect();
    let spec: (Vec<_>, Vec<_>, _, _) = (weights, biases, data("X", [n, sizes[0]]), index("y", [n]));
    trace(spec, |_, (W, b, X, y)| {
        let mut h = X;
        for k in 0..W.len() {
            h = h.matmul(W[k]) + b[k];
            if k + 1 < W.len() {
                h = h.relu();
            }
        }
        h.cross_entropy(y).mean()
    })
    .unwrap()
}

/// For dense layers: value and gradient cost 3 times the value, less what the
/// first layer need not hand on.
#[test]
fn a_dense_network_needs_the_flops_of_theory() {
    let net = mlp(128, &[784, 256, 256, 10]);
    let products = |p: &Program| p.flops() as f64;
    let ratio = products(&net.value_and_grad().unwrap()) / products(&net);
    assert!((ratio - 2.253).abs() < 0.01, "{ratio}");
    let softmax = mlp(128, &[784, 10]);
    let ratio = products(&softmax.value_and_grad().unwrap()) / products(&softmax);
    assert!((ratio - 2.0).abs() < 0.02, "{ratio}");
}

/// Whatever the number of inputs: a product's tangent takes three operations
/// beside its own, so at most 4 in all; a gradient at most 5 (Baur and
/// Strassen; Griewank and Walther find 3 to 4); their composition 7 to 10.
#[test]
fn derivatives_stay_within_the_bounds_of_theory() {
    let elementwise = trace(input("x", [50]), |_, x| {
        let y = (x.sin() * x.exp() + x.powi(3)).tanh() / (x * x + 1.0);
        (y.sigmoid() * x.softplus()).sum()
    });
    let attention =
        trace((input("Q", [6, 4]), input("K", [6, 4]), input("V", [6, 4])), |_, (q, k, v)| {
            (q.matmul(k.t()) / 2.0).softmax(-1).matmul(v).tanh().sum()
        });
    for p in [elementwise.unwrap(), attention.unwrap(), mlp(32, &[20, 30, 30, 4])] {
        let f = p.flops() as f64;
        let cost = |d: Program| d.flops() as f64 / f;
        let (tangent, gradient, hvp) =
            (cost(p.jvp().unwrap()), cost(p.value_and_grad().unwrap()), cost(p.hvp().unwrap()));
        assert!(tangent <= 4.0 && gradient <= 4.0 && hvp <= 10.0, "{tangent} {gradient} {hvp}");
    }
}

#[test]
fn the_cheaper_direction_of_a_jacobian_follows_from_its_shape() {
    let map = |d: usize, c: usize| {
        trace((input("x", [d]), data("A", [d, 8]), data("B", [8, c])), |_, (x, A, B)| {
            x.matmul(A).tanh().matmul(B)
        })
        .unwrap()
    };
    for (d, c, direction) in [(2, 40, Direction::Forward), (40, 2, Direction::Reverse)] {
        let j = map(d, c).jacobian().unwrap();
        assert_eq!(j.direction, direction, "{j}");
        assert_eq!(j.program.output_shapes().next().unwrap().dims(), [c, d]);
        assert_eq!(
            j.to_string(),
            format!(
                "{direction:?} mode: forward needs {} operations, reverse {}",
                j.forward_flops, j.reverse_flops
            )
        );
    }
    // Forward mode grows with inputs, reverse mode with outputs.
    let flops = |d, c| {
        let j = map(d, c).jacobian().unwrap();
        (j.forward_flops as f64, j.reverse_flops as f64)
    };
    let (few, many) = (flops(8, 8), flops(80, 8));
    assert!(many.0 / few.0 > 20.0 && many.1 / few.1 < 12.0, "{few:?} {many:?}");
}

/// The forward loop leaves what its derivative reads: no product and no
/// transcendental function is computed twice.
#[test]
fn a_loop_does_not_compute_its_steps_again() {
    let net = trace((input("W", [8, 8]), input("h", [4, 8])), |_, (W, h)| {
        scan(20, &[W], &[h], &[], |c, s, _| (vec![s[0].matmul(c[0]).tanh()], vec![])).0[0].sum()
    })
    .unwrap();
    let both = net.value_and_grad().unwrap();
    let listing = both.to_string();
    assert_eq!(listing.matches("= tanh").count(), 1, "{listing}");
    assert_eq!(listing.matches("= matmul").count(), 3, "{listing}");
    let ratio = both.flops() as f64 / net.flops() as f64;
    assert!(ratio < 3.3, "{ratio}");
}

/// Every pass is linear in the program: ten times the steps, ten times the
/// instructions, of the Hessian-vector product too.
#[test]
fn derived_programs_grow_linearly() {
    let chain = |n: usize| {
        trace(input("x", [4]), |_, x| (0..n).fold(x, |h, _| (h.sin() + x).tanh()).sum()).unwrap()
    };
    let size = |n: usize| chain(n).hvp().unwrap().n_ops() as f64;
    let ratio = size(1000) / size(100);
    assert!((9.5..10.5).contains(&ratio), "{ratio}");
}

#[test]
fn nothing_is_computed_twice_and_nothing_dead_is_kept() {
    let p = trace((input("x", [3]), input("unused", [2])), |_, (x, unused)| {
        let _dead = unused.exp().sum();
        let (a, b) = (x.sin() * 2.0, x.sin() * 2.0);
        ((a * b) + 0.0).reshape([3, 1]).reshape([3]).sum() * 1.0
    })
    .unwrap();
    assert_eq!(
        p.to_string(),
        "program(x: (3), unused: (2))
  h1 = sin x : (3)
  h2 = scale h1 2 : (3)
  h3 = mul h2 h2 : (3)
  h4 = sum h3 axes 0 : ()
  return y = h4 : ()
"
    );
    let again = |c: f64| trace(input("x", [3]), move |_, x| (x * c).sum()).unwrap();
    assert_eq!(again(2.0), again(2.0));
    assert_eq!(again(2.0).to_string(), again(2.0).to_string());
    assert_ne!(again(2.0), again(3.0));
}
