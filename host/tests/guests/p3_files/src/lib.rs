//! Reads the file `path`, or tries to write the file `write`, by `wasi:filesystem` of WASI 0.3;
//! answers its contents, `written`, or the error's name.

use p3::wasip3::filesystem::preopens::get_directories;
use p3::wasip3::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode as FileError, OpenFlags, PathFlags,
};
use p3::wasip3::wit_stream;
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    let done = match target.text("write") {
        "" => read(target.text("path")).await,
        path => write(path).await.map(|()| b"written".to_vec()),
    };
    Ok(p3::outcome(done.map_err(p3::error_name)))
}

async fn read(path: &str) -> Result<Vec<u8>, FileError> {
    let file = open(path, OpenFlags::empty(), DescriptorFlags::READ).await?;
    let (contents, end) = file.read_via_stream(0);
    let contents = contents.collect().await;
    end.await.map(|()| contents)
}

async fn write(path: &str) -> Result<(), FileError> {
    let file = open(path, OpenFlags::CREATE, DescriptorFlags::WRITE).await?;
    let (mut writer, contents) = wit_stream::new();
    p3::spawn(async move {
        writer.write_all(b"written by a guest".to_vec()).await;
    });
    file.write_via_stream(contents, 0).await
}

/// Opens a file below the first directory that the path lies in.
async fn open(
    path: &str,
    open: OpenFlags,
    access: DescriptorFlags,
) -> Result<Descriptor, FileError> {
    for (directory, prefix) in get_directories() {
        if let Some(below) = path.strip_prefix(prefix.as_str()) {
            let below = below.trim_start_matches('/').to_owned();
            return directory
                .open_at(PathFlags::SYMLINK_FOLLOW, below, open, access)
                .await;
        }
    }
    Err(FileError::NoEntry)
}
