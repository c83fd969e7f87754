//! One call of a guest's HTTP handler, at WASI 0.2 or 0.3.
//!
//! Both are calls of the same kind to wasmtime: started in the store, then awaited while the store
//! runs. They differ in how the request goes in and the response comes out: 0.2 hands the
//! response to the host through a resource while it still runs, 0.3 returns it.

use super::exchange::Exchange;
use super::failure::Failure;
use super::message::{Request, Response};
use super::state::InstanceState;
use http::StatusCode;
use std::pin::Pin;
use std::sync::Arc;
use tracing::debug;
use wasmtime::component::{Accessor, GuestTaskId, Resource};
use wasmtime::{AsContextMut as _, Result};
use wasmtime_wasi_http::handler::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types as p2_types;
use wasmtime_wasi_http::p3;
use wasmtime_wasi_http::{Error, WasiHttpView as _, p2};

/// A started call; ends when the guest has answered (0.3) or returned (0.2). An error means that
/// the instance is broken.
pub(super) type Call<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Starts a call; the guest begins to run when the store is polled next.
pub(super) fn start<'a>(
    accessor: &'a Accessor<InstanceState>,
    proxy: &'a Proxy,
    request: Request,
    exchange: Arc<Exchange>,
) -> Result<Call<'a>> {
    match proxy {
        Proxy::P2(guest) => start_p2(accessor, guest, request, exchange),
        Proxy::P3(guest) => start_p3(accessor, guest, request, exchange),
    }
}

fn start_p3<'a>(
    accessor: &'a Accessor<InstanceState>,
    guest: &'a p3::bindings::Service,
    request: Request,
    exchange: Arc<Exchange>,
) -> Result<Call<'a>> {
    let handle = guest.wasi_http_handler().func_handle();
    let started = accessor.with(|mut store| -> Result<_> {
        let (request, sent) = push_p3(store.data_mut(), request)?;
        let call = handle.start_call_concurrent(store.as_context_mut(), (request,))?;
        begin(store.data_mut(), call.task(), &exchange);
        Ok((call, sent))
    });
    let (call, sent) = started.inspect_err(|_| not_started(&exchange))?;
    Ok(Box::pin(async move {
        match handle.finish_call_concurrent(accessor, call).await?.0 {
            Ok(response) => {
                let response = accessor.with(|mut store| -> Result<_> {
                    let response = store.data_mut().http().table.delete(response)?;
                    response.into_http(&mut store, sent)
                })?;
                respond(&exchange, response);
            }
            Err(code) => failed_with(&exchange, &code),
        }
        Ok(())
    }))
}

/// How the guest finds out whether its response was sent.
type Sent = Pin<Box<dyn Future<Output = std::result::Result<(), Error>> + Send>>;

fn push_p3(state: &mut InstanceState, request: Request) -> Result<(Resource<p3::Request>, Sent)> {
    let http = state.http();
    let (request, sent) = p3::Request::from_http(http.hooks, request);
    // Boxed, because the type would keep the borrow of the hooks.
    let sent: Sent = Box::pin(sent);
    Ok((http.table.push(request)?, sent))
}

fn start_p2<'a>(
    accessor: &'a Accessor<InstanceState>,
    guest: &'a p2::bindings::Proxy,
    request: Request,
    exchange: Arc<Exchange>,
) -> Result<Call<'a>> {
    let handle = guest.wasi_http_incoming_handler().func_handle();
    let started = accessor.with(|mut store| -> Result<_> {
        let arguments = arguments_p2(store.data_mut(), request, &exchange)?;
        let call = handle.start_call_concurrent(store.as_context_mut(), arguments)?;
        begin(store.data_mut(), call.task(), &exchange);
        Ok(call)
    });
    let call = started.inspect_err(|_| not_started(&exchange))?;
    Ok(Box::pin(async move {
        handle.finish_call_concurrent(accessor, call).await?;
        // Nothing happens if it has answered.
        exchange.fail_unanswered(Failure::NoResponse);
        Ok(())
    }))
}

type ArgumentsP2 = (
    Resource<p2_types::IncomingRequest>,
    Resource<p2_types::ResponseOutparam>,
);

fn arguments_p2(
    state: &mut InstanceState,
    request: Request,
    exchange: &Arc<Exchange>,
) -> Result<ArgumentsP2> {
    let scheme = match request.uri().scheme_str() {
        Some("https") => p2_types::Scheme::Https,
        _ => p2_types::Scheme::Http,
    };
    let request = state.http().new_incoming_request(scheme, request)?;
    let exchange = Arc::clone(exchange);
    let outparam = state
        .http()
        .new_response_outparam_from_callback(move |given| match given {
            Ok(response) => respond(&exchange, response),
            Err(code) => failed_with(&exchange, &code),
        })?;
    Ok((request, outparam))
}

fn begin(state: &mut InstanceState, task: GuestTaskId, exchange: &Arc<Exchange>) {
    state.began(task, Arc::clone(exchange));
}

/// The instance is broken before the guest has seen the request, which is not to blame.
fn not_started(exchange: &Exchange) {
    exchange.fail(Failure::Sibling);
}

/// Informational statuses are not a guest's to send, and beyond 599 there is no class.
fn respond(exchange: &Exchange, response: Response) {
    let status = response.status();
    if status.is_informational() || status > StatusCode::from_u16(599).unwrap_or(status) {
        debug!(%status, "invalid status");
        exchange.fail_unanswered(Failure::InvalidStatus);
    } else {
        exchange.respond(response);
    }
}

fn failed_with(exchange: &Exchange, code: &impl std::fmt::Debug) {
    debug!(?code, route = %exchange.origin().route, "error code");
    exchange.fail_unanswered(Failure::ErrorCode);
}
