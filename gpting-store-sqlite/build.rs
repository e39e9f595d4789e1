//! Tells Cargo that the embedded migrations are input, so that a new file is noticed.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
