//! What the host says of its process and of what its components use.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::{root, wire::Wire};
use procfs::WithCurrentSystemInfo as _;
use procfs::process::{LimitValue, Process};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

async fn value(host: &Host, name: &str) -> f64 {
    let metrics = host.metrics().await;
    assert_eq!(metrics.series(name), 1, "{name}");
    metrics.sum(name, &[])
}

/// What the kernel says of the host.
fn process(host: &Host) -> Process {
    Process::new(host.pid().as_raw_nonzero().get()).unwrap()
}

fn cpu_seconds(process: &Process) -> f64 {
    let stat = process.stat().unwrap();
    (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64
}

/// The version of a crate that the host was built with.
fn locked(name: &str) -> String {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let name = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&name).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn the_build_is_named() {
    let host = App::new().guest("p3_hello", "").start().await;
    let metrics = host.metrics().await;
    let (version, wasmtime) = (locked("weir"), locked("wasmtime"));
    let labels = [("version", &*version), ("wasmtime", &*wasmtime)];
    assert_eq!(metrics.sum("weir_build_info", &labels), 1.0);
    assert_eq!(metrics.series("weir_build_info"), 1);
}

#[tokio::test]
async fn figures_of_the_process_are_those_of_the_kernel() {
    let earliest = SystemTime::now();
    let host = App::new().guest("p3_hello", "").start().await;
    assert_eq!(host.get("/p3_hello/").await.status, 200);
    let process = process(&host);
    let before = cpu_seconds(&process);
    let cpu = value(&host, "process_cpu_seconds_total").await;
    assert!(before <= cpu && cpu <= cpu_seconds(&process), "{cpu}");

    let stat = process.stat().unwrap();
    let is_near = async |name: &str, kernel: f64, apart: f64| {
        let value = value(&host, name).await;
        assert!(
            (value - kernel).abs() <= apart,
            "{name} is {value}, not {kernel}"
        );
    };
    let resident = stat.rss_bytes().get() as f64;
    is_near("process_resident_memory_bytes", resident, resident / 4.0).await;
    let reserved = stat.vsize as f64;
    is_near("process_virtual_memory_bytes", reserved, reserved / 10.0).await;
    is_near("process_threads", stat.num_threads as f64, 16.0).await;
    let files = process.fd_count().unwrap() as f64;
    is_near("process_open_fds", files, 8.0).await;
    let limit = match process.limits().unwrap().max_open_files.soft_limit {
        LimitValue::Value(limit) => limit as f64,
        LimitValue::Unlimited => f64::INFINITY,
    };
    assert_eq!(value(&host, "process_max_fds").await, limit);
    let started = value(&host, "process_start_time_seconds").await;
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    // The kernel knows the time of its boot to a second.
    let between = since(earliest) - 2.0..=since(SystemTime::now()) + 2.0;
    assert!(
        between.contains(&started),
        "{started} is not in {between:?}"
    );
}

#[tokio::test]
async fn open_connections_are_open_files() {
    let host = App::new().guest("p3_hello", "").start().await;
    let files = value(&host, "process_open_fds").await;
    let connections = "weir_connections_active";
    let mut wires = Vec::new();
    for _ in 0..50 {
        let mut wire = Wire::connect(&host).await;
        assert_eq!(wire.ask("/p3_hello/").await.status, 200);
        wires.push(wire);
    }
    assert_eq!(value(&host, connections).await, 50.0);
    let more = value(&host, "process_open_fds").await;
    assert!(more >= files + 40.0, "{files}, then {more}");
    drop(wires);
    host.metric_is(connections, &[], 0.0).await;
}

async fn cpu(host: &Host, component: &str) -> f64 {
    let metrics = host.metrics().await;
    metrics.sum(
        "weir_component_cpu_seconds_total",
        &[("component", component)],
    )
}

#[tokio::test]
async fn a_component_that_computes_has_used_that_time_and_one_that_waits_has_not() {
    let config = "[component.p3-loop]\ntimeout = \"2s\"\n";
    let app = App::new().guest("p3_loop", "").guest("p3_sleep", "");
    let host = app.config(config).start().await;
    let began = Instant::now();
    assert_eq!(host.get("/p3_loop/").await.status, 504);
    host.rests().await;
    let (computed, elapsed) = (cpu(&host, "p3-loop").await, began.elapsed());
    assert!(
        computed >= 0.5 && computed <= elapsed.as_secs_f64(),
        "{computed} of {elapsed:?}"
    );
    assert_eq!(cpu(&host, "p3-sleep").await, 0.0);
    assert_eq!(host.get("/p3_sleep/?ms=2000").await.status, 200);
    let waited = cpu(&host, "p3-sleep").await;
    assert!(
        waited > 0.0 && waited < Duration::from_secs(1).as_secs_f64(),
        "{waited}"
    );
    let total = cpu(&host, "p3-loop").await;
    assert!(total >= computed, "a counter does not fall");
}

#[tokio::test]
async fn memory_is_what_live_instances_have() {
    let name = "weir_component_memory_bytes";
    let config = "[component.p3-allocate]\ninstance_idle_timeout = \"3s\"\n";
    let app = App::new().guest("p3_allocate", "").guest("p3_hello", "");
    let host = app.config(config).start().await;
    host.metric_is(name, &[], 0.0).await;
    assert_eq!(host.get("/p3_hello/").await.status, 200);
    let (large, small) = ([("component", "p3-allocate")], [("component", "p3-hello")]);
    let asked = host.get("/p3_allocate/?mib=32");
    assert_eq!(asked.await.pair(), (200, "32".into()));
    let metrics = host.metrics().await;
    let (large_has, small_has) = (metrics.sum(name, &large), metrics.sum(name, &small));
    let mebibyte = f64::from(1 << 20);
    assert!(
        (32.0 * mebibyte..128.0 * mebibyte).contains(&large_has),
        "{large_has}"
    );
    assert!(small_has > 0.0 && small_has < 8.0 * mebibyte, "{small_has}");
    host.metric_is(name, &large, 0.0).await;
}
