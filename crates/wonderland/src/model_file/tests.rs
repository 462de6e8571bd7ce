//! Files that are whole, and files that are not.
