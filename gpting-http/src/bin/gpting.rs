//! The `gpting` command.
fn main() {}
