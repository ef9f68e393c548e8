//! What ingest looks for: the attribute names, document paths and events of the dialect tables.
//!
//! Ingest stands above the dialects and does not know them: it is handed this lookup, touches
//! only what is in it, and hands back [`AttrId`]s.

use std::collections::HashMap;
use std::sync::Arc;

use super::census::{Census, Unread};
use super::figures::{Figure, Figures};
use super::names::Names;
use super::packed::ID_LIMIT;
use super::span::{AttrId, SpanKind};

/// Whether the presence of an attribute makes a span worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Never by itself.
    Never,
    /// Where the span is of kind client, or of no stated kind: HTTP attempts.
    IfClient,
    /// Always: only LLM calls and their wrappers carry it.
    Always,
}

/// How the value of a wanted attribute is to be taken.
#[derive(Debug, Clone)]
pub enum Take {
    /// As a scalar.
    Scalar(AttrId),
    /// As a document (JSON text or nested attributes), of which only these paths are read.
    /// The rest, which may hold prompts, is never kept.
    Document(Vec<(Path, AttrId)>),
}

/// A path into a JSON document: keys, where `*` is the first element of an array.
pub type Path = Box<[Box<str>]>;

/// A wanted attribute.
#[derive(Debug, Clone)]
pub struct Want {
    /// How to take it.
    pub take: Vec<Take>,
    /// Whether it makes the span worth keeping.
    pub keep: Keep,
    /// Whether its value is looked at, and not only whether it is there.
    pub value: bool,
}

/// A wanted event, and its wanted attributes.
#[derive(Debug, Clone)]
pub struct WantEvent {
    /// Which event.
    pub id: AttrId,
    /// Whether it makes the span worth keeping.
    pub keep: Keep,
    attrs: Vec<(Box<str>, AttrId)>,
}

impl WantEvent {
    /// The id of a wanted attribute of this event.
    pub fn attr(&self, name: &[u8]) -> Option<AttrId> {
        self.attrs.iter().find(|(have, _)| have.as_bytes() == name).map(|(_, id)| *id)
    }

    /// Whether any of its attributes is wanted.
    pub fn wants_attrs(&self) -> bool {
        !self.attrs.is_empty()
    }
}

type Lookup<T> = HashMap<Box<[u8]>, T, foldhash::fast::FixedState>;

/// How an HTTP attempt that stands outside the traces of the calls is told from other requests.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    /// Attributes that hold its URL or path.
    pub urls: Vec<Box<str>>,
    /// What is in that of a request which has an answer generated.
    pub endpoints: Vec<Box<str>>,
}

/// The lookup that ingest is handed.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    attrs: Names<Want>,
    events: Lookup<WantEvent>,
    spans: Names<()>,
    names: Vec<Box<str>>,
    /// The place of every name.
    ids: Lookup<u16>,
    attempts: Attempts,
    figures: Figures,
    /// Counts what is met and not wanted, where that was asked for.
    census: Option<Arc<Census>>,
}

impl Wanted {
    /// Wants a span or resource attribute as a scalar.
    pub fn want_attr(&mut self, name: &str, keep: Keep) -> AttrId {
        let id = self.want_presence(name, keep);
        self.entry(name, keep).value = true;
        id
    }

    /// Wants to know whether a span or resource attribute is there.
    pub fn want_presence(&mut self, name: &str, keep: Keep) -> AttrId {
        let id = self.intern(name);
        let want = self.entry(name, keep);
        if !want.take.iter().any(|have| matches!(have, Take::Scalar(_))) {
            want.take.push(Take::Scalar(id));
        }
        id
    }

    /// Wants one path of an attribute that holds a document; its id is named `attribute#a.b`.
    pub fn want_path(&mut self, name: &str, path: &[&str], keep: Keep) -> AttrId {
        let id = self.intern(&format!("{name}#{}", path.join(".")));
        let path: Path = path.iter().map(|key| Box::from(*key)).collect();
        let want = self.entry(name, keep);
        for take in &mut want.take {
            if let Take::Document(paths) = take {
                if !paths.iter().any(|(have, _)| *have == path) {
                    paths.push((path, id));
                }
                return id;
            }
        }
        want.take.push(Take::Document(vec![(path, id)]));
        id
    }

    /// Wants every event of that name; its times are kept in order.
    pub fn want_event(&mut self, event: &str, keep: Keep) -> AttrId {
        let id = self.intern(&format!("event:{event}"));
        let new = || WantEvent { id, keep, attrs: Vec::new() };
        let slot = self.events.entry(event.as_bytes().into()).or_insert_with(new);
        slot.keep = slot.keep.max(keep);
        id
    }

    /// Wants an attribute of an event, kept as if the span had it, named `event:name#attribute`.
    pub fn want_event_attr(&mut self, event: &str, attr: &str, keep: Keep) -> AttrId {
        self.want_event(event, keep);
        let id = self.intern(&format!("event:{event}#{attr}"));
        let slot = self.events.get_mut(event.as_bytes()).expect("just wanted");
        if slot.attr(attr.as_bytes()).is_none() {
            slot.attrs.push((attr.into(), id));
        }
        id
    }

    /// Wants spans of that exact name even where no attribute keeps them.
    pub fn want_span(&mut self, name: &str) {
        self.spans.entry(name.as_bytes(), || ());
    }

    /// Says how attempts outside the traces of the calls are told.
    pub fn want_attempts(&mut self, urls: &[&str], endpoints: &[&str]) {
        let boxed = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect();
        self.attempts = Attempts { urls: boxed(urls), endpoints: boxed(endpoints) };
    }

    /// How attempts outside the traces of the calls are told.
    pub fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Says where a plain figure of a call stands, behind those that are believed more.
    pub fn want_figure(&mut self, figure: Figure, attribute: &str, millis: bool) {
        self.figures.add(figure, attribute, millis);
    }

    /// Where the plain figures of a call stand.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The wanted attribute of that name.
    pub fn attr(&self, name: &str) -> Option<&Want> {
        self.attrs.get(name.as_bytes())
    }

    /// The wanted attribute of that name, as it lies in the input.
    #[inline]
    pub fn attr_bytes(&self, name: &[u8]) -> Option<&Want> {
        let found = self.attrs.get(name);
        if let (None, Some(census)) = (found, &self.census) {
            census.met(name);
        }
        found
    }

    /// From here on, attributes that are met and not wanted are counted.
    pub fn count_unread(&mut self) {
        self.census = Some(Arc::default());
    }

    /// Whether attributes that are met and not wanted are counted.
    pub fn counts_unread(&self) -> bool {
        self.census.is_some()
    }

    /// Counts an attribute that is not wanted, met so many times.
    pub fn met(&self, name: &str, times: u64) {
        if let Some(census) = &self.census {
            census.met_times(name.as_bytes(), times);
        }
    }

    /// What was met and not wanted; nothing where it was not counted.
    pub fn unread(&self) -> Unread {
        self.census.as_ref().map(|census| census.unread()).unwrap_or_default()
    }

    /// The id and weight of a wanted event.
    pub fn event(&self, name: &str) -> Option<(AttrId, Keep)> {
        self.event_bytes(name.as_bytes()).map(|event| (event.id, event.keep))
    }

    /// The wanted event of that name, as it lies in the input.
    pub fn event_bytes(&self, name: &[u8]) -> Option<&WantEvent> {
        self.events.get(name)
    }

    /// The id of a wanted attribute of a wanted event.
    pub fn event_attr(&self, event: &str, attr: &str) -> Option<AttrId> {
        self.event_bytes(event.as_bytes())?.attr(attr.as_bytes())
    }

    /// Whether spans of any name are kept whatever they carry.
    pub fn any_span(&self) -> bool {
        self.spans.names().next().is_some()
    }

    /// Whether spans of that name are kept whatever they carry.
    pub fn span(&self, name: &str) -> bool {
        self.span_bytes(name.as_bytes())
    }

    /// Whether spans of that name, as it lies in the input, are kept whatever they carry.
    pub fn span_bytes(&self, name: &[u8]) -> bool {
        self.spans.get(name).is_some()
    }

    /// Whether a span of that kind and name is kept that carries something of this weight.
    #[inline]
    pub fn keeps(&self, keep: Keep, kind: SpanKind, name: &[u8]) -> bool {
        let client = matches!(kind, SpanKind::Client | SpanKind::Unspecified);
        match keep {
            Keep::Always => true,
            Keep::IfClient if client => true,
            _ => self.span_bytes(name),
        }
    }

    /// The id of anything wanted, by its full name (`attribute`, `attribute#path`, `event:name`).
    pub fn id(&self, full_name: &str) -> Option<AttrId> {
        self.ids.get(full_name.as_bytes()).copied().map(AttrId)
    }

    /// The full name behind an id.
    pub fn name(&self, id: AttrId) -> &str {
        &self.names[usize::from(id.0)]
    }

    /// How many ids were given out: every [`AttrId`] is below it.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Every wanted attribute name, sorted: what a push-down has to select.
    pub fn attr_names(&self) -> Vec<&str> {
        let text = |name| std::str::from_utf8(name).expect("names are wanted as text");
        let mut names: Vec<&str> = self.attrs.names().map(text).collect();
        names.sort_unstable();
        names
    }

    /// Every wanted event, sorted by name, with the names of its wanted attributes.
    pub fn events(&self) -> Vec<(&str, Keep, Vec<&str>)> {
        let text = |name| std::str::from_utf8(name).expect("names are wanted as text");
        let mut events: Vec<(&str, Keep, Vec<&str>)> = self
            .events
            .iter()
            .map(|(name, event)| {
                let attrs = event.attrs.iter().map(|(attr, _)| &**attr).collect();
                (text(name), event.keep, attrs)
            })
            .collect();
        events.sort_unstable();
        events
    }

    /// Every span name that is wanted whatever the span carries, sorted.
    pub fn span_names(&self) -> Vec<&str> {
        let text = |name| std::str::from_utf8(name).expect("names are wanted as text");
        let mut names: Vec<&str> = self.spans.names().map(text).collect();
        names.sort_unstable();
        names
    }

    fn intern(&mut self, full_name: &str) -> AttrId {
        if let Some(id) = self.id(full_name) {
            return id;
        }
        let id = u16::try_from(self.names.len()).expect("fewer than 16,384 wanted names");
        assert!(usize::from(id) < ID_LIMIT, "more wanted names than ids");
        self.names.push(full_name.into());
        self.ids.insert(full_name.as_bytes().into(), id);
        AttrId(id)
    }

    fn entry(&mut self, name: &str, keep: Keep) -> &mut Want {
        let new = || Want { take: Vec::new(), keep, value: false };
        let want = self.attrs.entry(name.as_bytes(), new);
        want.keep = want.keep.max(keep);
        want
    }
}
