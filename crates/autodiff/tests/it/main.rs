//! Tests of the public interface.
#![allow(
    non_snake_case,
    clippy::float_cmp,
    reason = "matrices are upper case; equal means equal bits here"
)]

mod first;
