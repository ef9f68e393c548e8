//! The text for the provider's support form.
