//! The few things that are done with files, so that tests can run them on storage that crashes.
//!
//! All names are of files in one folder; there are no paths from elsewhere.

use crate::capability::folder;
use arc_swap::ArcSwap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    /// Opens a file for appending, making it if it is not there.
    fn open_log(&self, name: &str) -> io::Result<Box<dyn LogFile>>;
    /// What a listing shows of a file, if it is there.
    fn look(&self, name: &str) -> io::Result<Option<Listed>>;
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

/// A file that is open for appending, whatever it is called by now.
pub(super) trait LogFile: Send + Sync {
    /// Waits until nobody else, here or in another process, has the file locked, and locks it.
    fn lock(&self) -> io::Result<()>;
    /// Ends the lock.
    fn unlock(&self);
    /// Whether the file still has the name under which it was opened.
    fn is_current(&self) -> io::Result<bool>;
    /// Its size.
    fn size(&self) -> io::Result<u64>;
    /// Whether it ends within a line.
    fn is_torn(&self) -> io::Result<bool>;
    /// Adds `bytes`, all of them or none. The caller has the lock.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    /// Makes its contents durable.
    fn sync(&self) -> io::Result<()>;
}

/// A folder on disk. One that is removed under a running host is made again at the next write.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Open as long as the folder is used, for syncing it.
    handle: ArcSwap<File>,
}

impl Folder {
    /// Opens the folder, making it and those above it if they are not there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let handle = ArcSwap::from_pointee(make(&path)?);
        Ok(Self { path, handle })
    }

    /// Opens a file of the folder; if there is no folder any more, makes it first.
    fn open_file(&self, name: &str, options: &OpenOptions) -> io::Result<File> {
        let path = self.path.join(name);
        match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.handle.store(Arc::new(make(&self.path)?));
                options.open(&path)
            }
            opened => opened,
        }
    }
}

/// Makes the folder at `path` if it is not there, and opens it.
fn make(path: &Path) -> io::Result<File> {
    // The group may read, for whatever ships the logs.
    folder::create(path, 0o750)?;
    File::open(path)
}

fn listed(name: String, metadata: &Metadata) -> io::Result<Listed> {
    Ok(Listed {
        name,
        bytes: metadata.len(),
        modified: metadata.modified()?,
    })
}

impl Volume for Folder {
    fn create(&self, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o640);
        let mut file = self.open_file(name, &options)?;
        file.write_all(bytes)?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    fn open_log(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o640);
        let file = self.open_file(name, &options)?;
        let path = self.path.join(name);
        Ok(Box::new(LogOnDisk { path, file }))
    }

    fn look(&self, name: &str) -> io::Result<Option<Listed>> {
        match fs::metadata(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            metadata => listed(name.to_owned(), &metadata?).map(Some),
        }
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
        self.handle.load().sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&**self.handle.load())?)
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A file may go while others are listed.
            let (Ok(metadata), Ok(name)) = (entry.metadata(), entry.file_name().into_string())
            else {
                continue;
            };
            if metadata.is_file() {
                files.push(listed(name, &metadata)?);
            }
        }
        Ok(files)
    }
}

/// A named log on disk.
struct LogOnDisk {
    path: PathBuf,
    file: File,
}

impl LogFile for LogOnDisk {
    fn lock(&self) -> io::Result<()> {
        match self.file.lock() {
            // A file system without locks is one that replicas cannot share well; alone it works.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            locked => locked,
        }
    }

    fn unlock(&self) {
        // It fails only where there are no locks.
        let _ = self.file.unlock();
    }

    fn is_current(&self) -> io::Result<bool> {
        let named = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            named => named?,
        };
        let open = self.file.metadata()?;
        Ok((named.dev(), named.ino()) == (open.dev(), open.ino()))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn is_torn(&self) -> io::Result<bool> {
        let mut last = [0];
        match self.size()?.checked_sub(1) {
            Some(offset) => self
                .file
                .read_exact_at(&mut last, offset)
                .map(|()| last != *b"\n"),
            None => Ok(false),
        }
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let before = self.size()?;
        (&self.file).write_all(bytes).inspect_err(|_| {
            // A full disk took a part. If that stays, the next line begins after a line feed.
            let _ = self.file.set_len(before);
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
