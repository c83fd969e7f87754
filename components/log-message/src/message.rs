//! The four messages.

/// What the service says that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Processing,
    Executing,
    Preparing,
    Performing,
}

impl Message {
    /// The message that `random` stands for; each has the same share of all numbers.
    pub(crate) fn choose(random: u64) -> Self {
        match random % 4 {
            0 => Self::Processing,
            1 => Self::Executing,
            2 => Self::Preparing,
            _ => Self::Performing,
        }
    }

    /// The message itself.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Processing => "Processing request...",
            Self::Executing => "Executing task...",
            Self::Preparing => "Preparing data...",
            Self::Performing => "Performing operation...",
        }
    }

    /// The value of the metric's attribute `kind`.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Executing => "executing",
            Self::Preparing => "preparing",
            Self::Performing => "performing",
        }
    }

    /// What goes to the log directory.
    pub(crate) fn entry(self) -> Vec<u8> {
        format!("{}\n", self.text()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_the_same_share_of_the_numbers() {
        let chosen = [0, 1, 2, 3, 4, u64::MAX].map(|number| Message::choose(number).kind());
        let kinds = ["processing", "executing", "preparing", "performing"];
        assert_eq!(chosen[..4], kinds);
        assert_eq!(chosen[4..], ["processing", "performing"]);
    }

    #[test]
    fn an_entry_is_the_message_and_a_line_feed() {
        assert_eq!(Message::Preparing.entry(), b"Preparing data...\n");
    }
}
