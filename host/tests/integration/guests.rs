//! What guests of WASI 0.2 and 0.3 are given, and what becomes of what they answer.

mod bodies;
mod instances;
mod request_info;
mod responses;
mod routes;
