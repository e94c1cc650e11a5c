//! How an answer is held against what was wanted.

use serde_json::Value;

/// Checks what the case says, and not what it leaves out.
pub fn check_ok(wanted: &Value, got: &Value, path: &str) -> Result<(), String> {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            wanted.iter().try_for_each(|(key, value)| {
                check_ok(value, got.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
            })
        }
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            let mut pairs = wanted.iter().zip(got).enumerate();
            pairs.try_for_each(|(i, (wanted, got))| check_ok(wanted, got, &format!("{path}[{i}]")))
        }
        _ if wanted == got => Ok(()),
        _ => Err(format!("{path}: expected {wanted}, got {got}")),
    }
}
