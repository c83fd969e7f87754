//! Hides what stands in front of the host of an address, which may be a password.
//!
//! A problem shows the line that it is about. Where that line holds an address, even one at a key
//! that is misspelt, its password must not end up in a log.

/// What stands for each hidden byte, so that what follows keeps its column.
const HIDDEN: &str = "*";

/// `text` with the credentials of every address hidden.
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
    match address.rsplit_once('@') {
        Some((secret, host)) => {
            let hidden = HIDDEN.repeat(secret.len());
            format!("{before}://{hidden}@{host}{rest}")
        }
        None => format!("{before}://{address}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::credentials;

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
        ] {
            assert_eq!(credentials(text), shown);
            assert_eq!(shown.len(), text.len());
        }
    }
}
