//! The optimum for equal steps, in closed form.

/// C(n, k), saturating.
fn choose(n: u64, k: u64) -> u64 {
    let k = k.min(n.saturating_sub(k));
    if n == 0 && k > 0 {
        return 0;
    }
    let mut value: u128 = 1;
    for j in 1..=u128::from(k) {
        // Exact at every step: a product of j neighbours is divisible by j!.
        value = value * (u128::from(n) - u128::from(k) + j) / j;
        if value > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    value as u64
}

/// β(c, r) = C(c + r, c): the longest chain that c slots reverse with no step
/// advanced more than r times. 1 for r = 0.
#[must_use]
pub fn longest_chain(slots: u64, sweeps: u64) -> u64 {
    choose(slots + sweeps, slots)
}

/// r: how often the most advanced step is advanced, the least r with
/// β(c, r) ≥ l.
///
/// # Panics
/// When `slots` is 0: h₀ needs one.
#[must_use]
pub fn sweeps(steps: u64, slots: u64) -> u64 {
    assert!(slots > 0, "the initial state needs a slot");
    // One slot needs steps − 1 sweeps; more slots need few.
    if slots == 1 {
        return steps.saturating_sub(1);
    }
    let mut r = 0;
    while longest_chain(slots, r) < steps {
        r += 1;
    }
    r
}

/// t(l, c) = r l − C(c + r, c + 1): the fewest advances that reverse l steps
/// with c slots.
///
/// # Panics
/// When `slots` is 0.
///
/// # Examples
/// ```
/// use wonderland_autodiff::checkpoint::advances;
/// assert_eq!(advances(100, 10), 222);
/// assert_eq!(advances(1000, 30), 2472);
/// ```
#[must_use]
pub fn advances(steps: u64, slots: u64) -> u64 {
    if steps <= 1 {
        return 0;
    }
    if slots == 1 {
        return steps * (steps - 1) / 2;
    }
    let r = sweeps(steps, slots);
    r * steps - choose(slots + r, slots + 1)
}

/// The fewest writes of slots among schedules of the fewest advances, h₀
/// included: max(C(c + r − 2, c − 1), l − β(c, r − 1)).
///
/// Between two β the count first stays level, then grows by one per step.
///
/// # Panics
/// When `slots` is 0.
#[must_use]
pub fn writes(steps: u64, slots: u64) -> u64 {
    let r = sweeps(steps, slots);
    if steps <= 1 || r == 0 {
        return steps.min(1);
    }
    choose(slots + r - 2, slots - 1).max(steps.saturating_sub(longest_chain(slots, r - 1)))
}

/// Steps run forward when the pullback of a step needs only its input: t + 1,
/// for at least one step.
///
/// # Panics
/// When `slots` is 0.
#[must_use]
pub fn replayed(steps: u64, slots: u64) -> u64 {
    advances(steps, slots) + steps.min(1)
}

/// Steps run forward when each is run once more to record it: t + l.
///
/// # Panics
/// When `slots` is 0.
#[must_use]
pub fn taped(steps: u64, slots: u64) -> u64 {
    advances(steps, slots) + steps
}

/// The fewest slots with which no step is advanced more than `sweeps` times.
///
/// # Panics
/// When `sweeps` is 0 and there is more than one step.
///
/// # Examples
/// ```
/// use wonderland_autodiff::checkpoint::min_slots;
/// assert_eq!(min_slots(1_000_000, 2), 1413);
/// ```
#[must_use]
pub fn min_slots(steps: u64, sweeps: u64) -> u64 {
    assert!(steps <= 1 || sweeps > 0, "more than one step needs an advance");
    if steps <= 1 {
        return 1;
    }
    // β grows with the slots: find the first that reaches.
    let (mut low, mut high) = (0, steps);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if longest_chain(middle, sweeps) >= steps {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
