//! A guest's standard output and error, as lines of the host's log.
//!
//! Each line carries the component, the stream, the route and the trace of the request on whose
//! behalf it was printed. An instance may serve several requests at once and prints to one pair of
//! streams, so each write is given to the request whose task made it: the functions that write
//! are replaced by ones that look first who calls ([`crate::engine::state::note_caller`]). What a
//! guest of WASI 0.3 opens for writing belongs to the request that opened it, because the bytes
//! come later, when others may have called. A line that is not ended is kept until its request
//! ends it, until it is long or one of many, or until its instance ends ([`Lines`]).

mod lines;

use crate::engine::state::{Caller, InstanceState, note_caller};
use bytes::Bytes;
use lines::Lines;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime::component::{Access, FutureReader, HasData, Linker, Resource, StreamReader};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliCtxView};
use wasmtime_wasi::p2::bindings::io::streams::{self as p2_streams, HostOutputStream as _};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::p3::bindings::cli::{stderr, stdout, types};

/// How much a guest may write at once.
const WRITE_BUDGET: usize = 1 << 20;

/// The interface whose functions carry a WASI 0.2 guest's output.
const STREAMS_P2: &str = "wasi:io/streams@0.2.12";

/// One of a guest's two outputs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// An output of one instance; its clones are the same stream.
#[derive(Clone)]
pub(super) struct Output {
    lines: Arc<Mutex<Lines>>,
    caller: Caller,
}

impl Output {
    pub(super) fn new(stream: Stream, component: &Arc<str>, caller: &Caller) -> Self {
        Self {
            lines: Arc::new(Mutex::new(Lines::new(stream, component))),
            caller: caller.clone(),
        }
    }

    fn take(&self, bytes: &[u8]) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(self.caller.get(), bytes);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Self {
            lines: Arc::clone(&self.lines),
            caller: self.caller.settled(),
        })
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

/// Replaces the functions that write.
pub(super) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    stdout::add_to_linker::<_, Stdio>(linker, view)?;
    stderr::add_to_linker::<_, Stdio>(linker, view)?;
    let mut streams = linker.instance(STREAMS_P2)?;
    streams.func_wrap(
        "[method]output-stream.write",
        |mut store: StoreContextMut<'_, InstanceState>, (stream, bytes): Write| {
            note_caller(store.as_context_mut());
            let table = &mut store.data_mut().table;
            let written = table.write(stream, bytes);
            Ok((written_or_error(table, written)?,))
        },
    )?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-and-flush",
        |mut store: StoreContextMut<'_, InstanceState>, (stream, bytes): Write| {
            Box::new(async move {
                note_caller(store.as_context_mut());
                let table = &mut store.data_mut().table;
                let written = table.blocking_write_and_flush(stream, bytes).await;
                Ok((written_or_error(table, written)?,))
            })
        },
    )
}

type Write = (Resource<DynOutputStream>, Vec<u8>);

fn written_or_error(
    table: &mut wasmtime::component::ResourceTable,
    written: StreamResult<()>,
) -> Result<std::result::Result<(), p2_streams::StreamError>> {
    match written {
        Ok(()) => Ok(Ok(())),
        Err(error) => p2_streams::Host::convert_stream_error(table, error).map(Err),
    }
}

/// WASI 0.3's standard streams, with the caller noted when a guest opens one.
struct Stdio;

impl HasData for Stdio {
    type Data<'a> = WasiCliCtxView<'a>;
}

fn view(state: &mut InstanceState) -> WasiCliCtxView<'_> {
    WasiCliCtxView {
        ctx: state.wasi.cli(),
        table: &mut state.table,
    }
}

type Written = FutureReader<std::result::Result<(), types::ErrorCode>>;

impl stdout::HostWithStore<InstanceState> for Stdio {
    fn write_via_stream(
        mut store: Access<'_, InstanceState, Self>,
        data: StreamReader<u8>,
    ) -> Result<Written> {
        note_caller(store.as_context_mut());
        let access = Access::<_, WasiCli>::new(store.as_context_mut(), view);
        <WasiCli as stdout::HostWithStore<InstanceState>>::write_via_stream(access, data)
    }
}

impl stderr::HostWithStore<InstanceState> for Stdio {
    fn write_via_stream(
        mut store: Access<'_, InstanceState, Self>,
        data: StreamReader<u8>,
    ) -> Result<Written> {
        note_caller(store.as_context_mut());
        let access = Access::<_, WasiCli>::new(store.as_context_mut(), view);
        <WasiCli as stderr::HostWithStore<InstanceState>>::write_via_stream(access, data)
    }
}
