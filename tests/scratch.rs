use llmspan::schema::Col;
#[test]
fn dump() {
    let path = std::env::var("DUMP").unwrap();
    let (table, ingest) = llmspan::read(&[path], &llmspan::ingest::Options::default()).unwrap();
    eprintln!("{ingest:?}");
    let mut names: Vec<String> = Col::all().map(|c| c.name().to_owned()).collect();
    names.extend(table.segment_names().iter().map(|n| format!("attr.{n}")));
    let mut out = String::new();
    out += &names.join("\t"); out += "\n";
    for row in 0..table.len() {
        let mut cells = Vec::new();
        for name in &names {
            let col = Col::from_name(name);
            let text = match col.map(|c| c.info().kind) {
                None => table.codes(name).get(row).unwrap_or_default().to_owned(),
                Some(llmspan::schema::Kind::Text) => table.text(col.unwrap(), row).unwrap_or_default(),
                Some(llmspan::schema::Kind::Time) => table.starts_ns()[row].to_string(),
                Some(_) => { let x = table.numbers(col.unwrap())[row]; if x.is_nan() { String::new() } else { x.to_string() } }
            };
            cells.push(text.replace(['\t','\n'], " "));
        }
        out += &cells.join("\t"); out += "\n";
    }
    std::fs::write(std::env::var("OUT").unwrap(), out).unwrap();
}
