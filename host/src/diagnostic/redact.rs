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
    let lines: Vec<_> = text.split('\n').map(line).collect();
    lines.join("\n")
}

fn line(line: &str) -> String {
    let Some((before, after)) = line.split_once("://") else {
        return line.to_owned();
    };
    let (address, rest) = after.split_at(end(before, after));
    format!(
        "{before}://{}{}",
        without_secrets(address),
        self::line(rest)
    )
}

/// Where the address ends of which `before` holds the scheme: at the quote that opened it, else
/// before the next space. Other quotes are a part of it, as a password may hold them.
fn end(before: &str, after: &str) -> usize {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let before = before.trim_end_matches(in_scheme);
    let opened = QUOTES.iter().find(|quote| before.ends_with(**quote));
    let end = match opened {
        Some(quote) => closing(after, quote),
        None => after.find(char::is_whitespace),
    };
    end.unwrap_or(after.len())
}

/// What may stand around an address; those of three characters are TOML's for several lines.
const QUOTES: [&str; 5] = ["\"\"\"", "'''", "\"", "'", "`"];

/// Where `quote` ends a text; in one with double quotes a backslash takes away the next one's
/// meaning.
fn closing(text: &str, quote: &str) -> Option<usize> {
    let escapes = quote.starts_with('"');
    let mut escaped = false;
    let mut characters = text.char_indices().filter(|(_, c)| {
        let before = escaped;
        escaped = escapes && !before && *c == '\\';
        !before
    });
    let ends = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with(quote));
    characters.find(|(at, _)| ends(*at)).map(|(at, _)| at)
}

/// An address, from behind its scheme on, with what may be a secret hidden.
fn without_secrets(address: &str) -> String {
    let query = address.find(['?', '#']).unwrap_or(address.len());
    let (place, query) = address.split_at(query);
    // A `?` or `#` that belongs to the password should have been escaped, but may not be.
    let is_cut = !place.contains(['@', '/']) && query.contains('@');
    let host = match is_cut {
        true => place.len(),
        false => place.rfind('@').unwrap_or_default(),
    };
    let (secret, host) = place.split_at(host);
    let (mark, query) = query.split_at(query.len().min(1));
    let hide = |text: &str| HIDDEN.repeat(text.len());
    [&hide(secret), host, mark, &hide(query)].concat()
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
            ("`a://u:p@h` b@c", "`a://***@h` b@c"),
        ] {
            assert_eq!(credentials(text), shown);
            assert_eq!(shown.len(), text.len());
        }
    }

    #[test]
    fn a_password_ends_at_no_quote_but_the_one_that_opened_the_address() {
        for (text, shown) in [
            ("\"a://:hu'sh@h\", 'x'", "\"a://******@h\", 'x'"),
            ("'a://:hu\"sh@h', \"x\"", "'a://******@h', \"x\""),
            (r#""a://:hu\"sh@h", 1"#, r#""a://*******@h", 1"#),
            ("\"\"\"a://:hu\"sh@h\"\"\"", "\"\"\"a://******@h\"\"\""),
            ("\"a://:hu sh@h\"", "\"a://******@h\""),
            ("see a://:hu'sh@h x", "see a://******@h x"),
            ("\"a://:hu?sh@h\"", "\"a://***?****\""),
            ("\"a://u:hu#sh@h\"", "\"a://****#****\""),
        ] {
            assert_eq!(credentials(text), shown);
        }
    }
}
