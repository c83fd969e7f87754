//! Hides what may be a secret in a line that is shown: of an address what stands in front of the
//! host, which may be a password, and its query, which may be a signature; and whole values.
//!
//! A problem shows the line that it is about. Where that line holds an address, even one at a key
//! that is misspelt, its password must not end up in a log.

use std::ops::Range;

/// What stands for each hidden byte, so that what follows keeps its column.
const HIDDEN: &str = "*";

/// `text` with these ranges of bytes hidden, but for line feeds.
pub(super) fn values(text: &str, ranges: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let hidden = character != '\n' && ranges.iter().any(|range| range.contains(&at));
        match hidden {
            true => shown.push_str(&HIDDEN.repeat(character.len_utf8())),
            false => shown.push(character),
        }
    }
    shown
}

/// `text` with the credentials and the query of every address hidden.
pub(super) fn credentials(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let Some((before, after)) = line.split_once("://") else {
        return line.to_owned();
    };
    let end = after.find(|c: char| c.is_whitespace() || "\"'".contains(c));
    let (address, rest) = after.split_at(end.unwrap_or(after.len()));
    let rest = self::line(rest);
    let (address, query) = match address.split_once('?') {
        Some((address, query)) => (address, format!("?{}", HIDDEN.repeat(query.len()))),
        None => (address, String::new()),
    };
    match address.rsplit_once('@') {
        Some((secret, host)) => {
            let hidden = HIDDEN.repeat(secret.len());
            format!("{before}://{hidden}@{host}{query}{rest}")
        }
        None => format!("{before}://{address}{query}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{credentials, values};

    #[test]
    fn values_are_hidden_byte_for_byte_and_lines_stay() {
        let text = "a = \"é\nx\"\nb = 1";
        assert_eq!(
            values(text, std::slice::from_ref(&(5..9))),
            "a = \"**\n*\"\nb = 1"
        );
    }

    #[test]
    fn what_stands_in_front_of_a_host_is_hidden_and_columns_stay() {
        for (text, shown) in [
            (
                "url = \"redis://:hush@cache\"\n",
                "url = \"redis://*****@cache\"\n",
            ),
            ("a://b@c 'd://e/@f'", "a://*@c 'd://**@f'"),
            (
                "x = 'http://host/path'\ny = 1",
                "x = 'http://host/path'\ny = 1",
            ),
            ("é://ü@h", "é://**@h"),
            ("\"https://u@h/p?sig=x@y\"", "\"https://*@h/p?*******\""),
        ] {
            assert_eq!(credentials(text), shown);
            assert_eq!(shown.len(), text.len());
        }
    }
}
