//! The few things that are done with files, so that tests can run them on storage that crashes.
//!
//! All names are of files in one folder; there are no paths from elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file as a listing shows it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// One folder of files.
pub(super) trait Volume: Send + Sync + 'static {
    /// Makes a new file that holds `bytes`; synced before it returns, if `sync`.
    fn create(&self, name: &str, bytes: &[u8], sync: bool) -> io::Result<()>;
    /// Adds `bytes` to a file, making it if it is not there, all of them or none. Returns the
    /// file's size.
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<u64>;
    /// Whether a file is there and does not end with a line feed.
    fn is_torn(&self, name: &str) -> io::Result<bool>;
    /// The size of a file, 0 if it is not there.
    fn size(&self, name: &str) -> io::Result<u64>;
    /// Makes a file's contents durable.
    fn sync_file(&self, name: &str) -> io::Result<()>;
    /// Gives a file a second name; fails if that is taken.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names durable.
    fn sync_folder(&self) -> io::Result<()>;
    /// Makes everything that was written durable.
    fn sync_all(&self) -> io::Result<()>;
    /// All files.
    fn list(&self) -> io::Result<Vec<Listed>>;
}

/// A folder on disk.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Open as long as the folder is used, for syncing it.
    handle: File,
}

impl Folder {
    /// Opens the folder, making it and those above it if they are not there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        let handle = File::open(&path)?;
        Ok(Self { path, handle })
    }

    /// The whole line or none of it: what a full disk cut short is taken back.
    fn append_whole(mut file: &File, bytes: &[u8]) -> io::Result<u64> {
        let before = file.seek(SeekFrom::End(0))?;
        match file.write_all(bytes) {
            Ok(()) => Ok(before + bytes.len() as u64),
            Err(error) => {
                // If this fails too, the next opener ends the torn line.
                let _ = file.set_len(before);
                Err(error)
            }
        }
    }
}

impl Volume for Folder {
    fn create(&self, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
        let path = self.path.join(name);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o640).open(path)?;
        file.write_all(bytes)?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<u64> {
        let path = self.path.join(name);
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
        Self::append_whole(&file, bytes)
    }

    fn is_torn(&self, name: &str) -> io::Result<bool> {
        let mut file = match File::open(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        if file.metadata()?.len() == 0 {
            return Ok(false);
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        match fs::metadata(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            metadata => Ok(metadata?.len()),
        }
    }

    fn sync_file(&self, name: &str) -> io::Result<()> {
        File::open(self.path.join(name))?.sync_data()
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        fs::hard_link(self.path.join(from), self.path.join(to))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.handle)?)
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A file may go while others are listed.
            let (Ok(metadata), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else {
                continue;
            };
            if metadata.is_file() {
                let modified = metadata.modified()?;
                files.push(Listed { name, bytes: metadata.len(), modified });
            }
        }
        Ok(files)
    }
}
