//! Adds the part of a new component to the text of a manifest, of which all else stays as it is:
//! comments, order, line endings.
//!
//! A part is tables, and those may stand at the end of any TOML, so it goes there. There is one
//! exception: triggers or components that are written as values, such as `http = [{ ... }]`, cannot
//! be continued by tables. There the part becomes values as well, beside the others.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// `manifest` with `part`.
pub(super) fn add(manifest: &str, part: &str) -> String {
    let ending = match manifest.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let added = appended(manifest, part, ending);
    if added.parse::<DocumentMut>().is_ok() {
        return added;
    }
    match inserted(manifest, part) {
        Some(inserted) => inserted.replace('\n', ending),
        // What is wrong with the text is found by who reads it.
        None => added,
    }
}

fn appended(manifest: &str, part: &str, ending: &str) -> String {
    let end = match manifest.ends_with('\n') {
        true => "",
        false => ending,
    };
    let part = part.replace('\n', ending);
    format!("{manifest}{end}{ending}{part}")
}

/// None if the component is there already.
fn inserted(manifest: &str, part: &str) -> Option<String> {
    let mut manifest: DocumentMut = manifest.parse().ok()?;
    let mut part: DocumentMut = part.parse().ok()?;
    unplaced(part.as_table_mut());
    let trigger = part.get("trigger")?.get("http")?;
    add_trigger(table(&mut manifest, "trigger")?, trigger)?;
    let components = table(&mut manifest, "component")?;
    for (id, component) in part.get("component")?.as_table()? {
        if components.contains_key(id) {
            return None;
        }
        components.insert(id, component.clone());
    }
    Some(manifest.to_string())
}

/// Tables are written in the order of their places in the text that they were read from; one
/// without a place comes after what is before it.
fn unplaced(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => unplaced(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(unplaced),
            _ => {}
        }
    }
}

/// A table of the manifest, whichever way it is written.
fn table<'m>(manifest: &'m mut DocumentMut, key: &str) -> Option<&'m mut dyn TableLike> {
    let item = manifest.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    item.as_table_like_mut()
}

fn add_trigger(triggers: &mut dyn TableLike, trigger: &Item) -> Option<()> {
    let new = trigger.as_array_of_tables()?.iter().cloned();
    match triggers.get_mut("http") {
        None => drop(triggers.insert("http", trigger.clone())),
        Some(Item::ArrayOfTables(triggers)) => triggers.extend(new),
        Some(Item::Value(Value::Array(triggers))) => {
            triggers.extend(new.map(Table::into_inline_table))
        }
        Some(_) => return None,
    }
    Some(())
}
