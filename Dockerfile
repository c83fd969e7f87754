# The image: a static binary, the app, compiled ahead, its configuration, the roots of certificate
# authorities and what all of it was made from (/sbom); no shell, no libraries. It runs as a user
# without privileges and writes to /data and /logs alone.
#
#   make image                                 builds the files and takes them from target/image
#   docker build -t weir --target complete .   builds them inside, where there is only Docker
#
# Both need BuildKit, which builds no stage that is not asked for.
FROM rust:1.95-bookworm AS build
WORKDIR /src
RUN rustup target add wasm32-wasip2
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    --mount=type=cache,target=/src/components/target \
    cargo build --locked --release --target wasm32-wasip2 --manifest-path components/Cargo.toml \
    && cargo rustc --locked --profile dist --package weir --bin weir \
        -- -C target-feature=+crt-static \
    && k8s/image/prepare target/dist/weir /image

FROM scratch AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="weir" \
      org.opencontainers.image.description="WebAssembly component services from a spin.toml, measured by their host" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Of this folder, commands take commands.toml and weir.toml. They have no listeners: where they write,
# the environment says.
ENV WEIR_FROM=/app \
    WEIR_STATE_DIR=/data \
    WEIR_LOG_DIRECTORY=/logs
USER 65532:65532
EXPOSE 5000 5001 5002 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/weir", "health"]
ENTRYPOINT ["/weir"]
CMD ["up", "--config", "/etc/weir/weir.toml"]

FROM base AS complete
COPY --from=build /image/root/ /
COPY --from=build --chown=65532:65532 /image/volumes/ /
VOLUME ["/data", "/logs"]

FROM base
COPY target/image/root/ /
COPY --chown=65532:65532 target/image/volumes/ /
VOLUME ["/data", "/logs"]
