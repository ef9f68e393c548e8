//! The published JSON Schema as a validator, as it stands and closed to fields it does not name.

use jsonschema::Validator;
use serde_json::Value;

/// The document in `docs/`.
pub fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/diagnosis.schema.json")).unwrap()
}

/// As readers use it: fields may be added.
pub fn published() -> Validator {
    assert!(jsonschema::meta::is_valid(&document()), "the schema itself is a valid schema");
    jsonschema::validator_for(&document()).unwrap()
}

/// As we hold ourselves to it: every field that is written is described.
pub fn closed() -> Validator {
    closed_to(document())
}

/// Any of the published schemas, closed to fields that it does not name.
pub fn closed_to(mut document: Value) -> Validator {
    assert!(jsonschema::meta::is_valid(&document), "the schema itself is a valid schema");
    close(&mut document);
    jsonschema::validator_for(&document).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && members.contains_key("type") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What the report breaks, with the place.
pub fn complaints(validator: &Validator, report: &Value) -> Vec<String> {
    let errors = validator.iter_errors(report);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}
