//! What `files` names, on an app's folder that holds the state directory too.

use super::*;
use std::fs;
use tempfile::TempDir;

/// An app with the state directory where it is by default, and a file beside the app.
fn app() -> (TempDir, Origin) {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("app");
    for file in [
        "a.txt",
        "b.md",
        "web/index.html",
        "web/js/x.js",
        "secret/key",
        ".weir/key-value/default.redb",
        "../beside.txt",
    ] {
        let path = base.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    let origin = Origin::new(&base, [base.join(".weir").as_path()]);
    (folder, origin)
}

fn select(mounts: &[Mount], exclude: &[&str]) -> Result<Vec<String>, FilesError> {
    let (_folder, origin) = app();
    let exclude: Vec<_> = exclude.iter().map(|text| (*text).to_owned()).collect();
    let selection = Selection::of(mounts, &exclude, &origin)?;
    let files = selection.files();
    let shown = files.map(|(seen, file)| {
        assert!(file.is_file(), "{file:?}");
        seen.display().to_string()
    });
    Ok(shown.collect())
}

fn pattern_of(text: &str) -> Result<Vec<String>, FilesError> {
    select(&[Mount::Pattern(text.into())], &[])
}

fn place(source: &str, destination: &str) -> Mount {
    Mount::Placement {
        source: source.into(),
        destination: destination.into(),
    }
}

#[test]
fn patterns_keep_their_paths_and_places_get_others() {
    let mounts = [Mount::Pattern("*.txt".into()), place("web", "/static")];
    assert_eq!(
        select(&mounts, &[]).unwrap(),
        ["a.txt", "static/index.html", "static/js/x.js"]
    );
    let one = select(&[place("b.md", "docs/c.md")], &[]).unwrap();
    assert_eq!(one, ["docs/c.md"]);
    assert_eq!(
        pattern_of("web").unwrap(),
        ["web/index.html", "web/js/x.js"]
    );
}

#[test]
fn a_pattern_grants_files_and_nothing_below_a_folder_that_matches_it() {
    assert_eq!(pattern_of("web/*").unwrap(), ["web/index.html"]);
    assert_eq!(pattern_of("./*").unwrap(), ["a.txt", "b.md"]);
    assert_eq!(pattern_of("no*").unwrap(), [""; 0]);
}

#[test]
fn what_is_excluded_or_the_hosts_own_is_not_granted() {
    let all = [Mount::Pattern("**/*".into()), place(".", "/copy")];
    let granted = select(&all, &["secret/*", "*.md"]).unwrap();
    assert_eq!(
        granted,
        [
            "a.txt",
            "copy/a.txt",
            "copy/web/index.html",
            "copy/web/js/x.js",
            "web/index.html",
            "web/js/x.js"
        ]
    );
    for mount in [
        Mount::Pattern(".weir".into()),
        place(".weir/key-value/default.redb", "/x"),
    ] {
        let refused = select(&[mount], &[]);
        assert!(matches!(refused, Err(FilesError::Kept(_))), "{refused:?}");
    }
}

#[test]
fn what_leads_outside_is_refused_wherever_it_stands() {
    let (folder, _) = app();
    let absolute = folder.path().join("beside.txt").display().to_string();
    let mounts = [
        Mount::Pattern("../*".into()),
        Mount::Pattern("../beside.txt".into()),
        Mount::Pattern("web/../../beside.txt".into()),
        Mount::Pattern(absolute.clone()),
        place("../beside.txt", "/x"),
        place(&absolute, "/x"),
        place("web", "/../x"),
    ];
    for mount in mounts {
        let refused = select(std::slice::from_ref(&mount), &[]);
        assert!(
            matches!(refused, Err(FilesError::Outside(_))),
            "{mount:?}: {refused:?}"
        );
    }
    assert_eq!(pattern_of("web/../a.txt").unwrap(), ["a.txt"]);
}

#[test]
fn a_path_that_is_not_there_is_an_error() {
    for mount in [Mount::Pattern("none.txt".into()), place("none", "/x")] {
        let refused = select(&[mount], &[]);
        assert!(
            matches!(refused, Err(FilesError::Missing(_))),
            "{refused:?}"
        );
    }
}
