//! Listeners of their own for the services; only Weir has them.

use super::native::app;

#[tokio::test]
async fn listeners_of_their_own_serve_each_service_at_its_root() {
    let listener = |base: &str, component: &str| {
        format!(
            "[[listener]]\naddress = \"127.0.0.1:0\"\nbase_path = \"{base}\"\ncomponents = [\"{component}\"]"
        )
    };
    let host = app()
        .args(["--variable", "processing_seconds=0"])
        .config(&listener("/", "storage-api"))
        .config(&listener("/data", "data-api"))
        .config(&listener("/backend", "backend-api"))
        .start()
        .await;
    let [storage, data, backend] = &host.addresses[..] else {
        panic!("{}", host.banner());
    };
    let get = async |url: String| host.send(host.client.get(url)).await;
    assert_eq!(get(format!("{storage}/api/buckets")).await.status, 200);
    assert_eq!(get(format!("{storage}/backend/")).await.status, 404);
    for path in ["", "/", "//"] {
        assert_eq!(get(format!("{data}{path}")).await.status, 200, "{path}");
    }
    let logs = "download_external_logs?env=development";
    assert_eq!(get(format!("{backend}/{logs}")).await.status, 200);
    assert_eq!(get(format!("{backend}//{logs}")).await.status, 200);
    assert_eq!(get(format!("{backend}/api/buckets")).await.status, 404);
    assert!(get(format!("{data}/")).await.text().starts_with("Log: "));
}
