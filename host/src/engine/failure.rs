//! How a component can fail to answer, and what the client is told.

use http::StatusCode;

/// Why there is no answer from the component, or no whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Guest code trapped.
    #[error("the component trapped")]
    Trap,
    /// No head within the component's timeout, or no progress of the body for as long.
    #[error("the component did not answer in time")]
    Timeout,
    /// The instance reached its memory limit and trapped.
    #[error("the component ran out of memory")]
    Memory,
    /// The guest returned without giving a response.
    #[error("the component gave no response")]
    NoResponse,
    /// The guest returned an error code instead of a response.
    #[error("the component returned an error")]
    ErrorCode,
    /// The response's status is outside 200 to 599.
    #[error("the component gave an invalid status")]
    InvalidStatus,
    /// The guest broke off the body of its response.
    #[error("the component broke off its response")]
    BodyAborted,
    /// No instance could be made.
    #[error("the component could not be instantiated")]
    Instantiation,
    /// The instance pool has no place left.
    #[error("there is no room for another instance")]
    PoolExhausted,
    /// A request that shared the instance brought it down.
    #[error("another request brought down the instance")]
    Sibling,
    /// The host ended the instance before the answer did: it stops, or the generation was replaced
    /// and its time is up.
    #[error("the host ended the instance")]
    Stopped,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; Self::Stopped as usize + 1] = [
        Self::Trap,
        Self::Timeout,
        Self::Memory,
        Self::NoResponse,
        Self::ErrorCode,
        Self::InvalidStatus,
        Self::BodyAborted,
        Self::Instantiation,
        Self::PoolExhausted,
        Self::Sibling,
        Self::Stopped,
    ];

    /// Whether it is the host that had no room or no time, and not the component's fault.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::PoolExhausted | Self::Stopped)
    }

    /// The label under which it is counted; one of a closed set.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::NoResponse => "no_response",
            Self::ErrorCode => "error_code",
            Self::InvalidStatus => "invalid_status",
            Self::BodyAborted => "body_aborted",
            Self::Instantiation => "instantiation",
            Self::PoolExhausted => "pool_exhausted",
            Self::Sibling => "sibling",
            Self::Stopped => "stopped",
        }
    }

    /// Whether it brought down the instance, or kept it from being made: its worker tells that in
    /// the log, with the cause.
    pub fn ends_instance(self) -> bool {
        matches!(self, Self::Trap | Self::Memory | Self::Instantiation)
    }

    /// What the client is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::PoolExhausted | Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            Self::Trap
            | Self::Memory
            | Self::NoResponse
            | Self::ErrorCode
            | Self::InvalidStatus
            | Self::BodyAborted
            | Self::Instantiation
            | Self::Sibling => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
