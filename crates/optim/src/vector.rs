//! The few vector operations of the minimisers.

/// ⟨a, b⟩, in eight sums that become vector code.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + rest
}

/// ‖a‖, without overflow or underflow of the squares.
pub(crate) fn norm(a: &[f64]) -> f64 {
    let largest = max_abs(a);
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let sum: f64 = a.iter().map(|v| (v / largest).powi(2)).sum();
    largest * sum.sqrt()
}

/// max |aᵢ|; 0 of no entries.
pub(crate) fn max_abs(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |m, v| v.abs().max(m))
}

/// ‖a − b‖.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// y += s x.
pub(crate) fn add_scaled(y: &mut [f64], s: f64, x: &[f64]) {
    debug_assert_eq!(y.len(), x.len());
    y.iter_mut().zip(x).for_each(|(y, x)| *y += s * x);
}

/// Makes d zeros of a vector, in the memory that is there.
pub(crate) fn reset(x: &mut Vec<f64>, d: usize) {
    x.clear();
    x.resize(d, 0.0);
}

/// out = x + t p.
pub(crate) fn along(out: &mut [f64], x: &[f64], t: f64, p: &[f64]) {
    out.iter_mut().zip(x.iter().zip(p)).for_each(|(o, (x, p))| *o = x + t * p);
}
