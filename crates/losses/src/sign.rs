//! What the losses on the labels −1 and +1 share (notes §3.2).

/// What a target breaks that is neither −1 nor +1.
pub(crate) fn target_rule(y: f64) -> Option<&'static str> {
    (![-1.0, 1.0].contains(&y)).then_some("targets of this loss are -1 or +1")
}
