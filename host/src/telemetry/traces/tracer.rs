//! Spans, exported by OTLP over HTTP in batches, on a thread of the SDK's own.
//!
//! Settings are OpenTelemetry's environment variables: `OTEL_EXPORTER_OTLP_ENDPOINT` or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` switch it on; headers, timeouts, batch sizes, service name,
//! resource attributes and the sampler have theirs; `OTEL_SDK_DISABLED` switches it off. When the
//! queue is full spans are dropped, and requests never wait. The endpoint is plain HTTP, as of a
//! collector beside the host, and takes protobuf.

use super::TraceContext;
use super::sampler::{Sampler, SamplerError};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, Key, KeyValue, Value};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector as _};
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, SdkTracer, SdkTracerProvider, Span as SdkSpan,
};
use std::sync::Arc;

/// What switches export on.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// What says how spans are sent, and the one way there is.
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const PROTOCOL: &str = "http/protobuf";

/// Why traces cannot be exported as the environment asks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TracesError {
    /// The sampler is not one.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// The endpoint wants TLS.
    #[error("{0} asks for https; traces are exported by plain HTTP, to a collector nearby")]
    Tls(&'static str),
    /// Spans are to be sent in another way.
    #[error("{0} is `{1}`; traces are exported by {PROTOCOL}, to port 4318 of most collectors")]
    Protocol(&'static str, String),
    /// The exporter does not accept its settings.
    #[error("traces cannot be exported: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Begins spans, if traces are exported at all. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<Arc<Export>>);

#[derive(Debug)]
struct Export {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampler: Sampler,
}

impl Tracer {
    /// The tracer that the environment asks for; `application` is the service's name where the
    /// environment has none. Blocks for moments.
    pub fn from_environment(application: &str) -> Result<Self, TracesError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let first = |names: [&'static str; 2]| {
            let mut set = names
                .into_iter()
                .filter_map(|name| Some((name, variable(name)?)));
            set.next()
        };
        let is_disabled = variable("OTEL_SDK_DISABLED");
        if is_disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(Self::default());
        }
        let Some((name, endpoint)) = first(ENDPOINTS) else {
            return Ok(Self::default());
        };
        if endpoint.starts_with("https:") {
            return Err(TracesError::Tls(name));
        }
        if let Some((name, protocol)) = first(PROTOCOLS).filter(|(_, is)| is != PROTOCOL) {
            return Err(TracesError::Protocol(name, protocol));
        }
        let sampler = Sampler::parse(
            variable("OTEL_TRACES_SAMPLER").as_deref(),
            variable("OTEL_TRACES_SAMPLER_ARG").as_deref(),
        )?;
        let exporter = SpanExporter::builder().with_http().build()?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // What is to be recorded has been decided when a span is begun.
            .with_sampler(opentelemetry_sdk::trace::Sampler::AlwaysOn)
            .with_resource(resource(application))
            .build();
        let tracer = provider.tracer("weir");
        Ok(Self(Some(Arc::new(Export {
            provider,
            tracer,
            sampler,
        }))))
    }

    /// A span for a request that came in, if it is to be recorded. Nothing is asked of `describe`
    /// otherwise.
    pub fn server(
        &self,
        parent: Option<TraceContext>,
        describe: impl FnOnce() -> Description,
    ) -> Option<Span> {
        let export = self.0.as_ref()?;
        let recorded = export.sampler.records(parent);
        recorded.then(|| export.begin(SpanKind::Server, parent, describe()))
    }

    /// The context of a trace that begins here and is not recorded. What it leads to elsewhere is told
    /// so, or would begin traces of its own. None if traces are not exported at all.
    pub fn unrecorded(&self) -> Option<TraceContext> {
        self.0.as_ref()?;
        let ids = RandomIdGenerator::default();
        Some(TraceContext {
            trace_id: u128::from_be_bytes(ids.new_trace_id().to_bytes()),
            span_id: u64::from_be_bytes(ids.new_span_id().to_bytes()),
            sampled: false,
            exported: false,
        })
    }

    /// A span for a request that another led to, if that one's span is exported here.
    pub fn client(
        &self,
        parent: Option<TraceContext>,
        describe: impl FnOnce() -> Description,
    ) -> Option<Span> {
        let export = self.0.as_ref()?;
        let parent = parent.filter(|parent| parent.exported)?;
        Some(export.begin(SpanKind::Client, Some(parent), describe()))
    }

    /// Exports what is left. Blocks for as long as the exporter's timeout at most.
    pub fn shut_down(&self) {
        if let Some(export) = &self.0
            && let Err(error) = export.provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// The service's name is that of `OTEL_SERVICE_NAME`, else that of `OTEL_RESOURCE_ATTRIBUTES`, else
/// the app's.
fn resource(application: &str) -> Resource {
    let named = std::env::var("OTEL_SERVICE_NAME").ok();
    let named = named.filter(|name| !name.is_empty()).map(Value::from);
    let key = Key::from_static_str("service.name");
    let name = named
        .or_else(|| EnvResourceDetector::new().detect().get(&key))
        .unwrap_or_else(|| application.to_owned().into());
    Resource::builder()
        .with_attribute(KeyValue::new(key, name))
        .build()
}

/// What a span is about.
#[derive(Debug)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its attributes, by OpenTelemetry's semantic conventions.
    pub attributes: Vec<KeyValue>,
}

impl Export {
    fn begin(
        &self,
        kind: SpanKind,
        parent: Option<TraceContext>,
        description: Description,
    ) -> Span {
        // That a client asked for what cannot be is an error of the client.
        let error_from = match kind {
            SpanKind::Client => 400,
            _ => 500,
        };
        let builder = self
            .tracer
            .span_builder(description.name)
            .with_kind(kind)
            .with_attributes(description.attributes);
        let context = parent.map_or_else(Context::new, remote);
        Span {
            sdk: Box::new(self.tracer.build_with_context(builder, &context)),
            error_from,
        }
    }
}

fn remote(parent: TraceContext) -> Context {
    let flags = match parent.sampled {
        true => TraceFlags::SAMPLED,
        false => TraceFlags::default(),
    };
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(parent.trace_id),
        SpanId::from(parent.span_id),
        flags,
        true,
        TraceState::default(),
    ))
}

/// A span that is recorded; exported when it ends, at the latest when it is dropped.
#[derive(Debug)]
pub struct Span {
    sdk: Box<SdkSpan>,
    /// The least status that is an error.
    error_from: u16,
}

impl Span {
    /// What goes on under this span.
    pub fn context(&self) -> TraceContext {
        let context = self.sdk.span_context();
        TraceContext {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: true,
            exported: true,
        }
    }

    /// Ends it with the status of the response, if there was one, and the error, if there was one.
    pub fn end(mut self, status: Option<u16>, error: Option<&'static str>) {
        if let Some(status) = status {
            let status = i64::from(status);
            self.sdk
                .set_attribute(KeyValue::new("http.response.status_code", status));
        }
        let failed = status.filter(|status| *status >= self.error_from);
        let cause = match error {
            Some(error) => Some(Value::from(error)),
            None => failed.map(|status| status.to_string().into()),
        };
        if let Some(cause) = cause {
            self.sdk.set_attribute(KeyValue::new("error.type", cause));
            self.sdk
                .set_status(Status::error(error.unwrap_or_default()));
        }
        self.sdk.end();
    }
}
