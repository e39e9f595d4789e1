//! The market on one graph, against brute force where that is possible and against published numbers where it is not.

#[cfg(test)]
mod markets;
#[cfg(test)]
mod published;
