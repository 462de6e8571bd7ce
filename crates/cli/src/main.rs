//! The `wonderland` program.

fn main() {}
