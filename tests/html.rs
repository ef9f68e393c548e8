//! The HTML page and the plots: complete, inert, bounded, the same every time.

mod support;

use llmspan::report::html::render;
use support::incident;

#[test]
fn the_page_is_the_same_every_time() {
    let page = render(&incident::diagnosis());
    if let Ok(path) = std::env::var("LLMSPAN_PAGE_OUT") {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(page, render(&incident::diagnosis()));
}
