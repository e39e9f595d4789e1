//! The route table as data, for tests that try every route as every kind of person.
//!
//! A test goes over [`routes`] and does to each what its object class tells: a route added tomorrow is tried
//! tomorrow, by nobody, by a stranger, by somebody blocked, unmatched or gone.

use crate::access::{Access, ObjectClass};

/// One operation of the route table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RouteRow {
    /// The method.
    pub method: http::Method,
    /// The path as documented, with `{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whose object it is about.
    pub object: ObjectClass,
}

/// Every operation that is served, aliases aside.
pub fn routes() -> Vec<RouteRow> {
    let rows = crate::router::table().into_iter().flat_map(|route| {
        let (path, access, object) = (route.path, route.access, route.object);
        route.methods.iter().map(move |method| RouteRow { method: method.clone(), path, access, object })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_an_id_says_whose_it_is_and_is_not_public() {
        for row in routes() {
            let names_something = row.path.contains("{id}");
            let in_path = !matches!(row.object, ObjectClass::Nothing | ObjectClass::Own | ObjectClass::MemberInBody);
            assert_eq!(names_something, in_path, "{} {}", row.method, row.path);
            if names_something {
                assert_ne!(row.access, Access::Public, "{} {}", row.method, row.path);
            }
        }
    }
}
