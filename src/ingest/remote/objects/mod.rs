//! Object stores: the objects behind an address, left out where their key tells another time, and
//! fetched several at a time, a few ahead of who reads them.

mod partition;
mod pieces;
mod store;
mod subset;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::task::{JoinHandle, JoinSet};

use self::store::Place;
use super::network::{because, runtime};
use super::{Fetch, Stretch, Terms, shown};
use crate::error::{Error, Result};
use crate::ingest::discover::{Found, Source};
use crate::ingest::progress::Progress;
use crate::ingest::wanted::Wanted;

/// Objects fetched ahead.
const AHEAD: usize = 8;
/// Bytes fetched ahead at most, beside the object that is read next.
const AHEAD_BYTES: u64 = 256 << 20;
/// Most of a store's message that is shown.
const MESSAGE: usize = 400;

/// An object by its key.
#[derive(Debug, Clone)]
struct Object {
    name: String,
    key: Path,
    size: Option<u64>,
}

/// The objects of one address, in order, and those that are on their way.
#[derive(Debug)]
struct Queue {
    store: Arc<dyn ObjectStore>,
    objects: Vec<Object>,
    wanted: Arc<Wanted>,
    times: Option<Arc<[Stretch]>>,
    all_columns: bool,
    on_the_way: Mutex<BTreeMap<usize, JoinHandle<Result<Vec<u8>>>>>,
}

/// One of them.
#[derive(Debug)]
struct Next {
    queue: Arc<Queue>,
    place: usize,
}

/// The objects behind an address.
pub fn open(input: &str, terms: &Terms, wanted: &Wanted) -> Result<Vec<Found>> {
    let runtime = runtime()?;
    let place = store::place(input)?;
    let times: Option<Arc<[Stretch]>> = terms.times.as_deref().map(Into::into);
    let (objects, left_out) = runtime.block_on(objects(input, &place, times.as_deref()))?;
    if let Some(asked) = &terms.asked {
        asked.note(format!(
            "-- lists {}: reads {} objects, and leaves out {left_out} keys or prefixes whose \
             partition is of another time",
            shown(input),
            objects.len()
        ));
    }
    let queue = Arc::new(Queue {
        store: place.store,
        objects,
        wanted: Arc::new(wanted.clone()),
        times,
        all_columns: terms.whole,
        on_the_way: Mutex::default(),
    });
    let found = queue.objects.iter().enumerate().map(|(place, object)| Found {
        name: object.name.clone(),
        source: Source::Remote(Arc::new(Next { queue: Arc::clone(&queue), place })),
        named: true,
    });
    Ok(found.collect())
}

/// Every object under the key, sorted, and how many were left out for their time.
async fn objects(
    input: &str,
    place: &Place,
    times: Option<&[Stretch]>,
) -> Result<(Vec<Object>, usize)> {
    let name = shown(input);
    let object = |key: Path, size| Object { name: format!("{}{key}", place.prefix), key, size };
    let key = Path::parse(place.key.trim_end_matches('/'))
        .map_err(|_| Error::usage(format!("{name} is no key"), "check the address"))?;
    if !place.lists {
        return Ok((vec![object(key, None)], 0));
    }
    if !place.key.is_empty() && !place.key.ends_with('/') {
        match place.store.head(&key).await {
            Ok(meta) => return Ok((vec![object(key, Some(meta.size))], 0)),
            Err(object_store::Error::NotFound { .. }) => {}
            // An answer to HEAD has no words; one to GET has.
            Err(error) => match place.store.get_range(&key, 0..1).await {
                Err(told) => return Err(failed(&name, &told)),
                Ok(_) => return Err(failed(&name, &error)),
            },
        }
    }
    let (mut found, mut left_out) = (Vec::new(), 0);
    let mut level = vec![Some(key).filter(|key| !key.as_ref().is_empty())];
    while !level.is_empty() {
        let mut listing = JoinSet::new();
        for prefix in level.drain(..) {
            let store = Arc::clone(&place.store);
            listing.spawn(async move { store.list_with_delimiter(prefix.as_ref()).await });
        }
        while let Some(listed) = listing.join_next().await {
            let listed = listed.map_err(|error| lost(&name, &error))?;
            let listed = listed.map_err(|error| failed(&name, &error))?;
            for prefix in listed.common_prefixes {
                if partition::may_hold(prefix.as_ref(), times) {
                    level.push(Some(prefix));
                } else {
                    left_out += 1;
                }
            }
            for meta in listed.objects {
                let file = meta.location.filename().unwrap_or_default();
                if file.starts_with(['.', '_']) || meta.size == 0 {
                    continue;
                }
                if partition::may_hold(meta.location.as_ref(), times) {
                    found.push(object(meta.location, Some(meta.size)));
                } else {
                    left_out += 1;
                }
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    if found.is_empty() {
        let message = match left_out {
            0 => "holds no object".to_owned(),
            some => format!("holds no object of that time; {some} partitions are of another"),
        };
        return Err(Error::input(name, message, "check the bucket, the prefix and the window"));
    }
    Ok((found, left_out))
}

impl Fetch for Next {
    fn fetch(&self, progress: Option<&Progress>) -> Result<Vec<u8>> {
        let runtime = runtime()?;
        let object = &self.queue.objects[self.place];
        let handle = {
            let _inside = runtime.enter();
            self.queue.take(self.place)
        };
        let Some(handle) = handle else { return Err(lost(&object.name, &"nothing was asked")) };
        let bytes = runtime.block_on(handle).map_err(|error| lost(&object.name, &error))??;
        if let Some(progress) = progress {
            let left_out = object.size.unwrap_or(0).saturating_sub(bytes.len() as u64);
            progress.read(left_out, 0);
        }
        Ok(bytes)
    }

    fn in_order(&self) -> bool {
        true
    }

    fn size(&self) -> Option<u64> {
        self.queue.objects[self.place].size
    }

    fn when_empty(&self) -> (String, String) {
        let message = "no LLM call in these objects in the time that was asked for".to_owned();
        (message, "check the prefix and the window".to_owned())
    }
}

impl Queue {
    /// The transfer of this object, with the next ones on their way behind it.
    fn take(&self, place: usize) -> Option<JoinHandle<Result<Vec<u8>>>> {
        let mut on_the_way = self.on_the_way.lock().ok()?;
        let mut ahead = 0_u64;
        for (at, object) in self.objects.iter().enumerate().skip(place).take(AHEAD) {
            if at > place {
                ahead = ahead.saturating_add(object.size.unwrap_or(0));
                if ahead > AHEAD_BYTES {
                    break;
                }
            }
            on_the_way.entry(at).or_insert_with(|| {
                let (store, object) = (Arc::clone(&self.store), object.clone());
                let (wanted, times) = (Arc::clone(&self.wanted), self.times.clone());
                let all_columns = self.all_columns;
                tokio::spawn(async move {
                    if all_columns {
                        return pieces::whole(&*store, &object).await;
                    }
                    pieces::read(&*store, &object, &wanted, times.as_deref()).await
                })
            });
        }
        on_the_way.remove(&place)
    }
}

fn changed(object: &Object) -> Error {
    let message = "the object is damaged, or was replaced while it was read";
    Error::input(&object.name, message, "read it again, or write it again")
}

fn lost(name: &str, why: &dyn std::fmt::Display) -> Error {
    Error::input(name, format!("the transfer was lost: {why}"), "try again")
}

/// What a store refused, in its own words.
fn failed(name: &str, error: &object_store::Error) -> Error {
    let words = told(error);
    let lower = words.to_ascii_lowercase();
    let help = if lower.contains("peer certificate") {
        "name the file of the authority that signed it in SSL_CERT_FILE"
    } else if lower.contains("expired") {
        "the credentials have expired: log in again, or renew the token"
    } else if lower.contains("404") || matches!(error, object_store::Error::NotFound { .. }) {
        "check the bucket, the key and the endpoint"
    } else if ["403", "401", "denied", "credential", "signature", "authoriz"]
        .iter()
        .any(|sign| lower.contains(sign))
    {
        "check the credentials: AWS_ACCESS_KEY_ID or AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, \
         AZURE_STORAGE_ACCOUNT_NAME and its key or token; they need to read and to list"
    } else {
        "check the address, the endpoint and the network"
    };
    Error::input(name, format!("the store says: {words}"), help)
}

/// The words of an error on one line, without the question in addresses, which may be a signature.
fn told(error: &object_store::Error) -> String {
    let (text, inner) = (error.to_string(), because(error));
    let text = if text.contains(&inner) { text } else { format!("{text}: {inner}") };
    let word = |word: &str| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => format!("{address}?…"),
        _ => word.to_owned(),
    };
    let words = text.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MESSAGE) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}
