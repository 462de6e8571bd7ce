//! Checkpointing of programs cut into segments: the same bits, the work and the
//! bytes that were said, and the four blocks of the notes.

use wonderland_autodiff::{Budget, Program, Tensor, Var, data, input, scan, trace};

use crate::numbers;

/// A chain of layers h ← tanh(h W), marked or not.
fn layers(count: usize, n: usize, width: usize, marked: bool) -> Program {
    let spec = (
        (0..count).map(|k| input(&format!("W{k}"), [width, width])).collect::<Vec<_>>(),
        data("X", [n, width]),
    );
    trace(spec, |_, (W, X): (Vec<Var<'_>>, _)| {
        let h = W.iter().enumerate().fold(X, |h: Var<'_>, (k, &W)| {
            let h = h.matmul(W * 0.2).tanh();
            if marked && k + 1 < count { h.segment() } else { h }
        });
        (h * h).sum()
    })
    .unwrap()
}

fn arguments(p: &Program) -> Vec<Tensor> {
    p.inputs().iter().zip(1..).map(|(i, seed)| numbers(&i.shape.dims(), seed)).collect()
}

#[track_caller]
fn same(a: &[Tensor], b: &[Tensor]) {
    for (a, b) in a.iter().zip(b) {
        let equal = a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(a.shape() == b.shape() && equal);
    }
}

/// Keeping two of four states, one block is computed again: 5/4 of the forward
/// work (the arguments count as a state).
#[test]
fn notes_6_3_four_blocks_cost_a_quarter_more() {
    let p = layers(4, 32, 8, true).grad().unwrap();
    let plan = p.plan_within::<f64>(Budget::Slots(2)).unwrap();
    let again = |name| plan.program().op_counts()[name] - p.op_counts()[name];
    assert_eq!(again("tanh"), 1, "{}", plan.program());
    let block = |name: &str| p.op_counts()[name];
    assert_eq!((again("matmul"), block("tanh")), (1, 4));
    assert!(plan.report().extra_flops > 0);
}

#[test]
fn fewer_states_take_less_memory_and_more_work_and_give_the_same_bits() {
    for marked in [true, false] {
        let p = layers(24, 64, 16, marked).value_and_grad().unwrap();
        {
            let x = arguments(&p);
            let full = p.plan::<f64>();
            let expected = full.clone().run(&x).unwrap();
            let mut last = 0;
            for slots in [2, 3, 5, 9, 25] {
                let mut plan = p.plan_within::<f64>(Budget::Slots(slots)).unwrap();
                same(&plan.run(&x).unwrap(), &expected);
                same(&plan.run(&x).unwrap(), &expected);
                let r = plan.report();
                assert_eq!(plan.verify(), Ok(()));
                assert_eq!(r.flops, full.report().flops + r.extra_flops, "{r}");
                assert!(r.total() >= last, "{slots} slots: {r}, {last} with fewer");
                last = r.total();
            }
            let few = p.plan_within::<f64>(Budget::Slots(5)).unwrap();
            let (few, all) = (few.report(), full.report());
            assert!(2 * few.total() < all.total(), "{few}\n{all}");
        }
    }
}

#[test]
fn a_budget_is_met_with_no_more_work_than_every_nth_state() {
    for marked in [true, false] {
        let p = layers(20, 64, 16, marked).value_and_grad().unwrap();
        let x = arguments(&p);
        let full = p.plan::<f64>();
        let expected = full.clone().run(&x).unwrap();
        let sqrt = p.plan_within::<f64>(Budget::Sqrt).unwrap();
        let mut last = 0;
        for part in [0.9, 0.75, 0.5, 0.4] {
            let mut plan = p.plan_within::<f64>(Budget::Fraction(part)).unwrap();
            let r = plan.report();
            assert!(r.total() as f64 <= part * full.report().total() as f64, "{part}: {r}");
            assert!(r.extra_flops >= last && r.extra_flops < full.report().flops / 2, "{r}");
            if sqrt.report().total() <= r.total() {
                assert!(r.extra_flops <= sqrt.report().extra_flops, "{r}");
            }
            last = r.extra_flops;
            same(&plan.run(&x).unwrap(), &expected);
        }
        let all = p.plan_within::<f64>(Budget::Fraction(1.0)).unwrap();
        assert_eq!(all.report().extra_flops, 0);
        assert!(p.plan_within::<f64>(Budget::Bytes(1000)).is_err());
    }
}

/// Marks survive every derivative; a wide skip over many segments, a mark on an
/// argument and a value that is an output are no obstacle.
#[test]
fn marks_survive_derivatives_and_odd_graphs() {
    let p = trace((input("a", [16, 4]), input("b", [4])), |_, (a, b)| {
        let first = (a * b).sin().segment();
        let second = (first * first + b).tanh().segment();
        let third = (second * first).exp().segment();
        (third + first * second.segment()).sum() + b.segment().sum()
    });
    let p = p.unwrap();
    let v = (numbers(&[16, 4], 8), numbers(&[4], 9));
    let x = (numbers(&[16, 4], 1), numbers(&[4], 2));
    for slots in [1, 2, 3, 6] {
        let budget = Budget::Slots(slots);
        let g = p.value_and_grad().unwrap();
        let expected = g.run::<f64>(&x).unwrap();
        same(&g.plan_within(budget).unwrap().run(&x).unwrap(), &expected);
        let h = p.hvp().unwrap();
        let expected = h.run::<f64>(&(&x, &v)).unwrap();
        same(&h.plan_within(budget).unwrap().run(&(&x, &v)).unwrap(), &expected);
        let y = p.run::<f64>(&x).unwrap();
        same(&p.plan_within(budget).unwrap().run(&x).unwrap(), &y);
    }
}

/// A loop that reads all states of another one in every step is not that loop
/// run backward.
#[test]
fn states_read_as_a_constant_are_no_history() {
    let p = trace(input("h", [4]), |_, h| {
        let (_, all) = scan(6, &[], &[h], &[], |_, s, _| (vec![s[0].sin()], vec![s[0]]));
        let (s, _) =
            scan(6, &all, &[h], &[], |c, s, _| (vec![s[0].tanh() * c[0].sum_axes(&[0])], vec![]));
        s[0].sum()
    });
    let p = p.unwrap().grad().unwrap();
    let x = numbers(&[4], 1);
    let expected = p.run::<f64>(&x).unwrap();
    for slots in 1..7 {
        let mut plan = p.plan_within(Budget::Slots(slots)).unwrap();
        assert!(slots >= 5 || plan.report().recomputed > 0, "{}", plan.report());
        same(&plan.run(&x).unwrap(), &expected);
    }
}

#[test]
fn a_checkpointed_run_allocates_nothing() {
    let p = layers(12, 32, 8, true).value_and_grad().unwrap();
    let mut plan = p.plan_within::<f64>(Budget::Slots(3)).unwrap();
    let x = arguments(&p);
    let args: Vec<_> =
        x.iter().map(|t| wonderland_autodiff::Arg::Real(t.as_slice(), t.shape().into())).collect();
    let mut outputs: Vec<Vec<f64>> = p.output_shapes().map(|s| vec![0.0; s.len()]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    plan.run_into(&args, &mut slices).unwrap();
    let info = allocation_counter::measure(|| plan.run_into(&args, &mut slices).unwrap());
    assert_eq!(info.count_total, 0);
}
