//! A request as a component sees it.

use crate::harness::app::App;
use crate::harness::guest;
use crate::harness::host::{Answer, Host};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

const GUESTS: [&str; 2] = ["p2_request_info", "p3_request_info"];

async fn start() -> Host {
    let app = App::new();
    let app = GUESTS.iter().fold(app, |app, guest| app.guest(guest, ""));
    app.start().await
}

/// The values of a header.
fn values<'i>(info: &'i Value, name: &str) -> Vec<&'i str> {
    let headers = info["headers"].as_array().unwrap();
    let named = headers.iter().filter(|pair| pair[0] == name);
    named.map(|pair| pair[1].as_str().unwrap()).collect()
}

fn value<'i>(info: &'i Value, name: &str) -> &'i str {
    let values = values(info, name);
    assert_eq!(values.len(), 1, "{name} in {info}");
    values[0]
}

#[tokio::test]
async fn method_path_query_and_authority_arrive_as_they_were_sent() {
    let host = start().await;
    for guest in GUESTS {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            let path = format!("/{guest}/a%20b/%FF//c?q=1&q=%2F+x");
            let name = Method::from_bytes(method.as_bytes()).unwrap();
            let info = host.send(host.request(name, &path)).await.json();
            assert_eq!(info["method"], method);
            assert_eq!(info["path_with_query"], path);
            assert_eq!(info["scheme"], "http");
            let authority = host.addresses[0].replace("http://", "");
            assert_eq!(info["authority"], authority);
        }
    }
}

#[tokio::test]
async fn headers_arrive_all_of_them_even_what_is_no_utf_8() {
    let host = start().await;
    for guest in GUESTS {
        let request = host
            .request(Method::GET, &format!("/{guest}/"))
            .header("x-twice", "1")
            .header("x-twice", "2")
            .header("x-raw", HeaderValue::from_bytes(b"a\xffb").unwrap())
            .header("x-empty", "")
            .header("user-agent", "test");
        let info = host.send(request).await.json();
        assert_eq!(values(&info, "x-twice"), ["1", "2"]);
        assert_eq!(value(&info, "x-raw"), "a\u{fffd}b");
        assert_eq!(value(&info, "x-empty"), "");
        assert_eq!(value(&info, "user-agent"), "test");
    }
}

#[tokio::test]
async fn spins_headers_say_how_the_request_was_routed() {
    let host = start().await;
    for guest in GUESTS {
        for (path, path_info) in [
            (format!("/{guest}"), ""),
            (format!("/{guest}/"), "/"),
            (format!("/{guest}/a/b?q=1"), "/a/b"),
            (format!("//{guest}/a"), "/a"),
        ] {
            let info = host.get(&path).await.json();
            assert_eq!(value(&info, "spin-path-info"), path_info, "{path}");
            let route = format!("/{guest}/...");
            assert_eq!(value(&info, "spin-matched-route"), route);
            assert_eq!(value(&info, "spin-raw-component-route"), route);
            let component_route = value(&info, "spin-component-route");
            assert_eq!(component_route, format!("/{guest}"));
            assert_eq!(value(&info, "spin-base-path"), "/");
            let full_url = format!("{}{path}", host.addresses[0]);
            assert_eq!(value(&info, "spin-full-url"), full_url);
            let client = value(&info, "spin-client-addr");
            assert!(client.starts_with("127.0.0.1:"), "{client}");
        }
    }
}

#[tokio::test]
async fn what_a_client_says_under_spins_names_never_arrives() {
    let host = start().await;
    for guest in GUESTS {
        let request = host
            .request(Method::GET, &format!("/{guest}/x"))
            .header("spin-client-addr", "10.0.0.1:1")
            .header("Spin-Path-Info", "/forged")
            .header("spin-path-match-user", "admin")
            .header("spin-of-tomorrow", "forged")
            .header("spinning", "is fine");
        let info = host.send(request).await.json();
        assert!(value(&info, "spin-client-addr").starts_with("127.0.0.1:"));
        assert_eq!(value(&info, "spin-path-info"), "/x");
        assert_eq!(values(&info, "spin-path-match-user"), Vec::<&str>::new());
        assert_eq!(values(&info, "spin-of-tomorrow"), Vec::<&str>::new());
        assert_eq!(value(&info, "spinning"), "is fine");
    }
}

#[tokio::test]
async fn what_parameters_of_a_route_stand_for_is_in_headers() {
    let source = guest("p3_request_info");
    let app = App::new().manifest(&format!(
        "[[trigger.http]]\nroute = \"/u/:user/posts/:post-id/...\"\ncomponent = \"info\"\n\
         [component.info]\nsource = {source:?}"
    ));
    let host = app.start().await;
    let info = host.get("/u/a%20b/posts/7/more").await.json();
    assert_eq!(value(&info, "spin-path-match-user"), "a%20b");
    assert_eq!(value(&info, "spin-path-match-post-id"), "7");
    assert_eq!(value(&info, "spin-path-info"), "/more");
    let route = "/u/:user/posts/:post-id";
    assert_eq!(value(&info, "spin-component-route"), route);
}

#[tokio::test]
async fn a_listeners_base_is_in_front_of_the_path_and_not_in_the_url() {
    let listener =
        |base| format!("[[listener]]\naddress = \"127.0.0.1:0\"\nbase_path = \"{base}\"");
    let host = App::new()
        .guest("p3_request_info", "")
        .config(&listener("/p3_request_info"))
        .config(&listener("/"))
        .start()
        .await;
    for (sent, seen) in [
        ("/", "/p3_request_info/"),
        ("/x?q=1", "/p3_request_info/x?q=1"),
        ("//x", "/p3_request_info/x"),
    ] {
        let info = host.get(sent).await.json();
        assert_eq!(info["path_with_query"], seen);
        let full_url = format!("{}{sent}", host.addresses[0]);
        assert_eq!(value(&info, "spin-full-url"), full_url);
        assert_eq!(value(&info, "spin-base-path"), "/");
    }
    let other = format!("{}/p3_request_info/x", host.addresses[1]);
    let info: Answer = host.send(host.client.get(other)).await;
    assert_eq!(info.json()["path_with_query"], json!("/p3_request_info/x"));
}
