//! Gradient checkpointing of chains (notes §6.3): which states to keep when
//! not all fit, and what that costs, known exactly before anything runs.
//!
//! A chain is l steps hᵢ = fᵢ(hᵢ₋₁); its backward pass visits the steps in
//! reverse and needs hᵢ₋₁ at step i. Equal steps have a closed-form optimum,
//! [`revolve`] (Griewank and Walther 2000); unequal ones a dynamic programme,
//! [`Chain::plan`] (the model of Beaumont et al. 2019), optimal among
//! *persistent* schedules, which keep a state until its backward step. Beyond
//! chains the problem is NP-hard.
//!
//! # Two ways to count the same schedule
//! An *advance* runs one step forward without going back at once.
//! With t advances in all, *replaying* (the pullback of a step needs only its
//! input) runs t + 1 steps forward, the one more being the last, for the value;
//! *taping* (each step is run once more, recording) runs t + l. Slots hold
//! states, h₀ included.
//!
//! # Examples
//! The four-block example of the notes: keeping two of the four states, one
//! block is computed again, 5/4 of the forward work.
//! ```
//! use wonderland_autodiff::checkpoint::{advances, replayed, revolve, simulate};
//! assert_eq!(advances(4, 2), 4);
//! assert_eq!(replayed(4, 2), 5);
//! let counts = simulate(&revolve(4, 2), 4).map_err(|e| e.to_string())?;
//! assert_eq!((counts.advances, counts.peak_slots), (4, 2));
//! # Ok::<(), String>(())
//! ```

mod actions;
mod binomial;
mod chain;
mod revolve;

pub use actions::{Action, Counts, Violation, simulate};
pub use binomial::{advances, longest_chain, min_slots, replayed, sweeps, taped, writes};
pub use chain::{Chain, ChainPlan, Stage};
pub use revolve::revolve;

#[cfg(test)]
mod tests;
