//! Plans against the interpreter, bit for bit; memory and allocations.

use proptest::prelude::*;
use wonderland_autodiff::{
    Arg, Budget, Error, Program, Shape, Tensor, Threads, checkpoint::advances, data, index, input,
    scan, trace, trace_outputs,
};

use crate::numbers;
use crate::operations::{CASES, arguments as operation_arguments, program as operation};
use crate::random_programs::{arguments, cases, codes, directions, program};

#[track_caller]
pub(crate) fn same_bits(a: &[Tensor], b: &[Tensor], p: &Program) {
    assert_eq!(a.len(), b.len());
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert_eq!(a.shape(), b.shape());
        let same = |x: &f64, y: &f64| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
        let equal = a.as_slice().iter().zip(b.as_slice()).all(|(x, y)| same(x, y));
        assert!(equal, "output {k}: {a:?} and {b:?} of\n{p}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_and_the_interpreter_give_the_same_bits(codes in codes(), seed in 0..1000_u64) {
        let p = program(&codes, false);
        let (x, v) = (arguments(seed), directions(seed + 100));
        let both = p.value_and_grad().unwrap();
        let mut plan = both.plan::<f64>();
        prop_assert_eq!(plan.verify(), Ok(()));
        let expected = both.run::<f64>(&x).unwrap();
        same_bits(&plan.run(&x).unwrap(), &expected, &both);
        // Again: nothing is left over from the first run.
        same_bits(&plan.run(&x).unwrap(), &expected, &both);
        let hvp = p.hvp().unwrap();
        same_bits(&hvp.plan().run(&(&x, &v)).unwrap(), &hvp.run(&(&x, &v)).unwrap(), &hvp);
    }
}

#[test]
fn every_operation_is_planned() {
    for sizes in [(3, 4, 2), (1, 1, 1), (2, 5, 3), (0, 3, 1), (4, 0, 2)] {
        for case in CASES.iter().filter(|c| (c.needs)(sizes.0, sizes.1, sizes.2)) {
            let p = operation(case, sizes);
            let args = operation_arguments::<f64>(sizes, 3);
            same_bits(
                &p.plan().run(args.as_slice()).unwrap(),
                &p.run(args.as_slice()).unwrap(),
                &p,
            );
            let d = p.vjp().unwrap();
            let y = Tensor::full(&p.output_shapes().next().unwrap().dims(), 1.0);
            let args = (args.as_slice(), &y);
            same_bits(&d.plan().run(&args).unwrap(), &d.run(&args).unwrap(), &d);
        }
    }
}

fn mlp(n: usize) -> Program {
    let spec = (
        input("W1", [20, 64]),
        input("b1", [64]),
        input("W2", [64, 64]),
        input("b2", [64]),
        input("W3", [64, 4]),
        input("b3", [4]),
        data("X", [n, 20]),
        index("y", [n]),
    );
    trace(spec, |_, (W1, b1, W2, b2, W3, b3, X, y)| {
        let h = (X.matmul(W1) + b1).relu();
        let h = (h.matmul(W2) + b2).tanh();
        (h.matmul(W3) + b3).cross_entropy(y).mean()
    })
    .unwrap()
}

fn recurrent(n: usize) -> Program {
    trace((input("W", [8, 8]), input("h", [4, 8]), data("X", [n, 4, 8])), |_, (W, h, X)| {
        let (s, ys) = scan(n, &[W], &[h], &[X], |c, s, x| {
            let h = (s[0].matmul(c[0]) + x[0]).tanh();
            (vec![h], vec![h.sin()])
        });
        (s[0] * s[0]).sum() + ys[0].sum()
    })
    .unwrap()
}

fn real_arguments(p: &Program) -> (Vec<Tensor>, Vec<u32>) {
    let reals = p.inputs().iter().filter(|i| i.kind == wonderland_autodiff::Kind::Real);
    let reals = reals.enumerate().map(|(k, i)| numbers(&i.shape.dims(), k as u64 + 1)).collect();
    (reals, (0..32).map(|k| k % 4).collect())
}

#[test]
fn running_a_plan_allocates_nothing() {
    for p in [mlp(32), recurrent(6)] {
        for (p, slots) in [(p.value_and_grad().unwrap(), 3), (p.hvp().unwrap(), 100)] {
            let mut plan = p.plan_within::<f64>(Budget::Slots(slots)).unwrap();
            let (reals, labels) = real_arguments(&p);
            let mut tensors = reals.iter();
            let args: Vec<Arg<'_, f64>> = p
                .inputs()
                .iter()
                .map(|i| match i.kind {
                    wonderland_autodiff::Kind::Index => Arg::Index(&labels, Shape::from([32])),
                    _ => Arg::Real(tensors.next().unwrap().as_slice(), i.shape),
                })
                .collect();
            let mut outputs: Vec<Vec<f64>> =
                p.output_shapes().map(|s| vec![0.0; s.len()]).collect();
            let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
            // The first product of a thread makes faer's packing buffer.
            plan.run_into(&args, &mut slices).unwrap();
            let info = allocation_counter::measure(|| plan.run_into(&args, &mut slices).unwrap());
            assert_eq!(info.count_total, 0, "{p}");
        }
    }
}

#[test]
fn arenas_are_near_their_lower_bound_and_reported() {
    for p in [mlp(128), recurrent(20)] {
        let p = p.value_and_grad().unwrap();
        let plan = p.plan::<f32>();
        let r = plan.report();
        assert!(r.peak >= r.lower_bound && r.peak as f64 <= 1.05 * r.lower_bound as f64, "{r}");
        assert!(r.in_place > 0 && r.steps > 0 && r.flops == p.flops(), "{r}");
        let text = r.to_string();
        assert!(text.contains(&format!("arena {} B", r.peak)), "{text}");
    }
}

/// Any number of states gives the same bits, runs the steps it said it would,
/// and takes the memory it said it would.
#[test]
fn a_checkpointed_gradient_has_the_same_bits() {
    let n = 40;
    for p in [recurrent(n).value_and_grad().unwrap(), recurrent(n).hvp().unwrap()] {
        let (x, _) = real_arguments(&p);
        let full = p.plan::<f64>();
        let expected = full.clone().run(&x).unwrap();
        let mut last = 0;
        for slots in [1, 2, 3, 5, 9, 20, 39] {
            let mut plan = p.plan_within::<f64>(Budget::Slots(slots)).unwrap();
            same_bits(&plan.run(&x).unwrap(), &expected, &p);
            same_bits(&plan.run(&x).unwrap(), &expected, &p);
            let r = plan.report();
            // The first sweep is the forward loop itself.
            let t = advances(n as u64, slots as u64);
            assert_eq!(r.recomputed, t - (n as u64 - 1), "{r}");
            assert!(r.total() > last, "{slots} slots take more than fewer: {r}");
            last = r.total();
        }
        assert_eq!(full.report().recomputed, 0);
        let few = p.plan_within::<f64>(Budget::Slots(3)).unwrap().report().total();
        assert!(few < full.report().total(), "{few} of {}", full.report());
    }
}

#[test]
fn a_budget_in_bytes_is_kept_or_refused() {
    let p = recurrent(100).grad().unwrap();
    let full = p.plan::<f32>().report().total();
    let (x, _) = real_arguments(&p);
    let x: Vec<Tensor<f32>> = x
        .iter()
        .map(|t| Tensor::new(t.shape(), t.as_slice().iter().map(|&v| v as f32).collect()).unwrap())
        .collect();
    let expected = p.run(&x).unwrap();
    for budget in [Budget::Bytes(full), Budget::Fraction(0.8), Budget::Fraction(0.6), Budget::Sqrt]
    {
        let mut plan = p.plan_within::<f32>(budget).unwrap();
        match budget {
            Budget::Bytes(b) => assert!(plan.report().total() <= b),
            Budget::Fraction(f) => assert!(plan.report().total() as f64 <= f * full as f64),
            // 13 states for 100 steps, each run again at most twice.
            _ => assert_eq!(plan.report().recomputed, advances(100, 13) - 99),
        }
        assert_eq!(plan.run(&x).unwrap(), expected);
    }
    let error = p.plan_within::<f32>(Budget::Bytes(1000)).unwrap_err();
    let Error::Budget { bytes: 1000, least } = error else { panic!("{error}") };
    assert_eq!(p.plan_within::<f32>(Budget::Bytes(least)).unwrap().report().total(), least);
    assert!(p.plan_within::<f32>(Budget::Bytes(least - 1)).is_err());
    assert_eq!(
        error.to_string(),
        format!("a budget of 1000 B cannot be met: the least for this program is {least} B")
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let spec = (input("W1", [96, 300]), input("W2", [300, 200]), data("X", [210, 96]));
    let p = trace(spec, |_, (W1, W2, X)| (X.matmul(W1).tanh().matmul(W2)).powi(2).mean()).unwrap();
    let p = p.value_and_grad().unwrap();
    let (x, mut plan) = (real_arguments(&p).0, p.plan::<f64>());
    let expected = plan.run(&x).unwrap();
    let args: Vec<Arg<'_, f64>> =
        x.iter().map(|t| Arg::Real(t.as_slice(), t.shape().into())).collect();
    for count in [1, 2, 3, 8] {
        let mut found: Vec<Tensor> = expected.iter().map(|t| Tensor::zeros(t.shape())).collect();
        let mut slices: Vec<&mut [f64]> = found.iter_mut().map(Tensor::as_mut_slice).collect();
        let threads = Threads::new(count).unwrap();
        threads.run(|team| plan.run_with(team, &args, &mut slices)).unwrap();
        same_bits(&found, &expected, &p);
    }
}

/// What a group needs of small values is made before it, so that it is not cut
/// in two; unless they need the group's own results.
#[test]
fn small_values_do_not_cut_a_group() {
    let spec = (input("X", [64, 32]), input("v", [32]));
    let before = trace(spec.clone(), |_, (X, v)| (X.exp() * v.softmax(0)).tanh()).unwrap();
    let after = trace(spec, |_, (X, _)| {
        let y = X.exp();
        (y * y.sum_axes(&[0]).softmax(0)).tanh()
    });
    let after = after.unwrap();
    for (p, steps) in [(before, 2), (after, 3)] {
        let (x, mut plan) = (real_arguments(&p).0, p.plan::<f64>());
        assert_eq!(plan.report().steps, steps, "{plan}");
        assert_eq!(plan.verify(), Ok(()));
        same_bits(&plan.run(&x).unwrap(), &p.run(&x).unwrap(), &p);
    }
}

/// A row that every tile reads whole is read where it is; others have registers.
#[test]
fn rows_of_any_length_are_repeated() {
    for n in [1, 3, 255, 256, 257, 500, 1024, 1600, 2047, 2048, 2049, 4097] {
        let spec = (input("X", [7, n]), input("a", [n]), input("b", [n]));
        let p = trace(spec, |_, (X, a, b)| ((X - a).sin() * b + a).sum_axes(&[1])).unwrap();
        let (x, mut plan) = (real_arguments(&p).0, p.plan::<f64>());
        same_bits(&plan.run(&x).unwrap(), &p.run(&x).unwrap(), &p);
        if n == 2048 {
            // Two for what lies between operations, none for the rows.
            assert_eq!(plan.report().scratch, 2 * 2048 * 8, "{plan}");
        }
    }
}

/// States that are kept, exchanged, summed and read by others in the same step.
#[test]
fn states_of_all_kinds_have_the_bits_of_the_interpreter() {
    let spec = (input("w", [6]), input("h", [6]), data("X", [9, 6]));
    let p = trace(spec, |_, (w, h, X)| {
        let (s, ys) = scan(9, &[w], &[h, h * 0.5, h.sin(), h], &[X], |c, s, x| {
            let sum = s[2] + s[0] * x[0];
            (vec![s[1], (s[0] * c[0]).tanh(), sum, s[3]], vec![sum * s[3], s[0]])
        });
        (s[0] * s[1] + s[2] * s[3]).sum() + (ys[0] * ys[1]).sum()
    });
    let p = p.unwrap();
    for p in [p.clone(), p.value_and_grad().unwrap(), p.hvp().unwrap()] {
        let (x, expected) = (real_arguments(&p).0, p.run(&real_arguments(&p).0).unwrap());
        for slots in [1, 3, 9] {
            let mut plan = p.plan_within::<f64>(Budget::Slots(slots)).unwrap();
            assert_eq!(plan.verify(), Ok(()));
            for _ in 0..2 {
                same_bits(&plan.run(&x).unwrap(), &expected, &p);
            }
        }
    }
}

/// Some sequences are looked up once for all steps, others in each.
#[test]
fn a_loop_reads_any_number_of_sequences() {
    for n in [1, 47, 48, 49, 60] {
        let spec = (input("h", [2]), input("X", [n, 5, 2]));
        let p = trace(spec, |_, (h, X)| {
            let xs: Vec<_> = (0..n).map(|k| X.slice(0, k, k + 1).reshape([5, 2])).collect();
            let (s, _) = scan(5, &[], &[h], &xs, |_, s, x| {
                (vec![x.iter().fold(s[0], |s, &x| (s + x).sin())], vec![])
            });
            s[0].sum()
        });
        let p = p.unwrap().value_and_grad().unwrap();
        let x = real_arguments(&p).0;
        same_bits(&p.plan().run(&x).unwrap(), &p.run(&x).unwrap(), &p);
    }
}

/// A product and the sum it goes into are one operation: nothing lies between.
#[test]
fn two_functions_are_one_operation_if_nothing_else_reads_the_first() {
    let spec = ["a", "b", "c", "d"].map(|name| input(name, [50, 100]));
    let [a, b, c, d] = spec;
    let p = trace((a, b, c, d), |_, (a, b, c, d)| (a * b + c * d).sum_axes(&[1])).unwrap();
    let (x, mut plan) = (real_arguments(&p).0, p.plan::<f64>());
    same_bits(&plan.run(&x).unwrap(), &p.run(&x).unwrap(), &p);
    // Registers of five blocks: a b, and then the sum.
    assert_eq!(plan.report().scratch, 2 * 500 * 8, "{plan}");
}

#[test]
fn a_listing_shows_groups_and_places() {
    let p = trace((input("x", [8, 4]), input("b", [4])), |_, (x, b)| (x + b).tanh().sum());
    let text = p.unwrap().plan::<f64>().to_string();
    let lines = [
        "plan(x, b)",
        "  group over 32 elements",
        "    h1 = add x b : (8, 4)  in a register",
        "    h2 = tanh h1 : (8, 4)  in a register",
        "    h3 = sum h2 axes 0,1 : ()  in result 0",
    ];
    assert!(text.starts_with(&lines.join("\n")), "{text}");
}

#[test]
fn one_program_runs_in_both_precisions() {
    let p = trace(input("x", [3]), |_, x| x.softmax(0).dot(x)).unwrap();
    let x = [0.1, 0.7, -0.4];
    let wide = p.plan().run(&Tensor::new(&[3], x.to_vec()).unwrap()).unwrap();
    let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let narrow = p.plan().run(&Tensor::new(&[3], narrow).unwrap()).unwrap();
    assert!((wide[0].as_slice()[0] - f64::from(narrow[0].as_slice()[0])).abs() < 1e-7);
}

#[test]
fn outputs_may_be_inputs_constants_and_each_other() {
    let p = trace_outputs((input("x", [4]), index("i", [2])), |t, (x, i)| {
        vec![
            ("x", x),
            ("again", x.reshape([2, 2])),
            ("one", t.constant(1.0, [3])),
            ("taken", x.gather(i)),
            ("sum", x.sum()),
            ("place", Tensorless::index(x)),
        ]
    })
    .unwrap();
    let args = (numbers(&[4], 1), vec![3_u32, 0]);
    same_bits(&p.plan().run(&args).unwrap(), &p.run(&args).unwrap(), &p);
}

struct Tensorless;
impl Tensorless {
    /// The place of the largest entry, as numbers.
    fn index(x: wonderland_autodiff::Var<'_>) -> wonderland_autodiff::Var<'_> {
        x.argmax(0).one_hot(4)
    }
}

#[test]
fn faults_of_a_run_are_errors() {
    let p = trace((input("x", [4]), index("i", [2])), |_, (x, i)| x.gather(i)).unwrap();
    let mut plan = p.plan::<f64>();
    let x = numbers(&[4], 1);
    let error = plan.run(&(&x, vec![0_u32, 4])).unwrap_err();
    assert!(matches!(error, Error::IndexOutOfRange { index: 4, .. }), "{error}");
    assert!(matches!(plan.run(&x), Err(Error::ArgumentCount { .. })));
    let args = [Arg::Real(x.as_slice(), Shape::from([4])), Arg::Index(&[0, 1], Shape::from([2]))];
    let error = plan.run_into(&args, &mut [&mut [0.0; 3]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "outputs of [2] elements need as much memory each but [3] were given"
    );
}
