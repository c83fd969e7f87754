//! Several hosts on one Redis: what they store is one storage, whoever of them is asked.

mod proxy;
mod redis;
mod trouble;
