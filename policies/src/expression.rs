//! Parts of a policy's conditions in their JSON form, as Cedar writes them.

use serde_json::Value;

/// What is read of what: `(of, name)` of `of.name`; `None` for any other expression.
pub(crate) fn member(expression: &Value) -> Option<(&Value, &str)> {
    let access = expression.get(".")?;
    Some((access.get("left")?, access.get("attr")?.as_str()?))
}

/// Whether the expression is the context as a whole.
pub(crate) fn is_context(expression: &Value) -> bool {
    expression.get("Var").is_some_and(|name| name == "context")
}
