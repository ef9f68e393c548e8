//! Pseudonyms for tenants, sessions and users: the same person has the same pseudonym everywhere,
//! and the pseudonym does not tell who.

use sha2::{Digest, Sha256};

use super::column::Column;
use super::{CallTable, Codes};
use crate::schema::{Col, SEGMENT_PREFIX};

/// Columns that name a person or a customer.
const PERSONAL: [Col; 2] = [Col::Tenant, Col::SessionId];

/// Words in the name of a kept attribute that names a person or a customer.
const WORDS: [&str; 12] = [
    "user",
    "enduser",
    "tenant",
    "session",
    "customer",
    "account",
    "org",
    "organization",
    "team",
    "email",
    "conversation",
    "thread",
];

/// Last words of such a name that describe instead of naming (`customer.tier`).
const DESCRIBES: [&str; 8] =
    ["tier", "plan", "type", "kind", "class", "region", "count", "segment"];

/// Bytes of the hash that a pseudonym shows: a clash among a million is one in a billion.
const SHOWN: usize = 8;

/// Whether a kept attribute names a person or a customer.
fn personal(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut words = lower.split(['.', '_', '-', '/']).peekable();
    let describes =
        lower.rsplit(['.', '_', '-', '/']).next().is_some_and(|w| DESCRIBES.contains(&w));
    !describes && words.any(|word| WORDS.contains(&word))
}

/// The pseudonym of a value. With a key that only the reader's side knows, nobody else can try
/// values until one fits.
fn pseudonym(key: &str, value: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key.as_bytes());
    hash.update(value.as_bytes());
    let hex: String =
        hash.finalize().iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    format!("id-{hex}")
}

impl CallTable {
    /// The same table with pseudonyms for tenants, sessions and users.
    #[must_use]
    pub fn redacted(&self, key: &str) -> Self {
        self.mapped(|col, name, column| {
            let hidden = match col {
                Some(col) => PERSONAL.contains(&col),
                None => name.strip_prefix(SEGMENT_PREFIX).is_some_and(personal),
            };
            if hidden { self.hidden(key, col, name) } else { column.cloned() }
        })
    }

    fn hidden(&self, key: &str, col: Option<Col>, name: &str) -> Option<Column> {
        let Codes { codes, values } = self.codes(name);
        let hidden: Vec<String> = values.iter().map(|value| pseudonym(key, value)).collect();
        let text = |code: &u32| hidden.get(usize::try_from(*code).ok()?).map(String::as_str);
        Column::texts(col, codes.iter().map(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, Cell};

    #[test]
    fn the_same_id_has_one_pseudonym_and_null_stays_null() {
        let call = |start: i64, tenant: Option<&str>| -> Call<'static> {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(start));
            call.set_text(Col::ServiceName, "shop");
            if let Some(tenant) = tenant {
                call.set_text(Col::Tenant, tenant);
                call.segments.push(("user.id".into(), tenant.to_owned().into()));
                call.segments.push(("customer.tier".into(), "gold".into()));
            }
            call
        };
        let table =
            CallTable::from_calls(vec![call(1, Some("bob")), call(2, None), call(3, Some("bob"))]);
        let hidden = table.redacted("");
        let of = |row| hidden.text(Col::Tenant, row);
        assert_eq!(of(0), of(2));
        assert_eq!(of(1), None);
        assert!(of(0).unwrap().starts_with("id-") && !of(0).unwrap().contains("bob"));
        assert_eq!(hidden.segment("user.id").get(0), of(0).as_deref());
        assert_eq!(hidden.segment("customer.tier").get(0), Some("gold"));
        assert_eq!(hidden.text(Col::ServiceName, 0).as_deref(), Some("shop"));
        assert_ne!(table.redacted("key").text(Col::Tenant, 0), of(0));
        assert_eq!(hidden.len(), 3);
    }

    #[test]
    fn attributes_that_name_people_are_told_by_their_words() {
        for name in
            ["user.id", "enduser.id", "app.tenant_name", "langfuse.session.id", "Account-Id"]
        {
            assert!(personal(name), "{name}");
        }
        for name in
            ["customer.tier", "app.route", "k8s.cluster.name", "service.version", "users_page"]
        {
            assert!(!personal(name), "{name}");
        }
    }
}
