//! Who may call a route, and whose object it is about: the two columns of the route table that tests go by.

/// Whose object the `{id}` of a path, or the body, names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectClass {
    /// Nobody's: public, or about the service itself.
    Nothing,
    /// The caller's own.
    Own,
    /// Another person, in the path.
    MemberInPath,
    /// Another person, in the body.
    MemberInBody,
    /// A room, in the path.
    Room,
    /// A friend request, in the path.
    FriendRequest,
    /// A signed-in device, in the path.
    Session,
    /// A picture, in the path.
    Photo,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anybody; a token is not looked at.
    Public,
    /// A signed-in member.
    Member,
    /// Whoever has a signed address.
    Signed,
}
