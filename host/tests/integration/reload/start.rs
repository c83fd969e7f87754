//! What changes while the host starts is not lost.

use super::{app_of, far, put_as, reload};
use crate::harness::eventually;
use crate::harness::gate::Gate;
use crate::harness::host::Host;
use rustix::process::Signal;

/// A host whose first component was replaced while the code of its second was waited for; what it
/// is told meanwhile is `tell`'s.
async fn edited_while_it_starts(args: &[&str], tell: impl FnOnce(&Host)) -> Host {
    let gate = Gate::start().await;
    let app = app_of(&[("one", "p3_hello")])
        .manifest("[[trigger.http]]\nroute = \"/two\"\ncomponent = \"two\"\n[component.two]")
        .manifest(&far(&gate))
        .args(args.iter().copied());
    let mut host = app.launch();
    let waiting = gate.asked().await;
    put_as(host.folder(), "one", "p3_readme");
    tell(&host);
    waiting.answer(&crate::sources::code()).await;
    host.wait_for_banner().await;
    host
}

async fn is_replaced(host: &Host) {
    eventually("the new code", async || {
        (host.get("/one").await.text() == "Hello, /one\n").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_edit_is_found_by_the_first_reload() {
    let host = edited_while_it_starts(&[], |_| ()).await;
    assert_eq!(host.get("/one").await.text(), "Hello");
    assert_eq!(reload(&host).await.status, 200);
    assert_eq!(host.get("/one").await.text(), "Hello, /one\n");
}

#[tokio::test]
async fn an_edit_is_followed() {
    let host = edited_while_it_starts(&["--watch", "--skip-build"], |_| ()).await;
    is_replaced(&host).await;
}

#[tokio::test]
async fn a_hangup_is_remembered() {
    let host = edited_while_it_starts(&[], |host| host.signal(Signal::HUP)).await;
    is_replaced(&host).await;
}
