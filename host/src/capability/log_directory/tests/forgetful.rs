//! A folder that loses, when power fails, what was not synced: bytes always, names if asked to.

use super::super::volume::{Listed, LogFile, Volume};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::SystemTime;

/// Its clones are the same folder.
#[derive(Clone, Default)]
pub(super) struct Forgetful(pub(super) Arc<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) disk: Mutex<Disk>,
    pub(super) calls: AtomicUsize,
    /// The call at which power fails; 0 for never.
    pub(super) cut_at: AtomicUsize,
    pub(super) full: AtomicBool,
    /// Temporary files cannot be removed.
    pub(super) keeps_temporaries: AtomicBool,
    unlocked: Condvar,
}

#[derive(Default)]
pub(super) struct Disk {
    next: u64,
    names: BTreeMap<String, u64>,
    pub(super) synced_names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Contents>,
    locked: Vec<u64>,
}

#[derive(Clone, Default)]
struct Contents {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// When it was appended to.
    modified: Option<SystemTime>,
}

impl Forgetful {
    fn call(&self) -> io::Result<()> {
        let call = self.0.calls.fetch_add(1, SeqCst) + 1;
        let cut = self.0.cut_at.load(SeqCst);
        match cut > 0 && call >= cut {
            true => Err(io::Error::other("no power")),
            false => Ok(()),
        }
    }

    /// Power comes back. Names that were not synced may be lost or not; `keeps_names` chooses.
    pub(super) fn restart(&self, keeps_names: bool) {
        self.0.cut_at.store(0, SeqCst);
        let mut disk = self.0.disk.lock().unwrap();
        if !keeps_names {
            disk.names = disk.synced_names.clone();
        }
        disk.locked.clear();
        for contents in disk.files.values_mut() {
            contents.written = contents.synced.clone();
        }
    }

    pub(super) fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.0.disk.lock().unwrap();
        let read = |(name, file): (&String, &u64)| (name.clone(), disk.files[file].written.clone());
        disk.names.iter().map(read).collect()
    }

    fn sync_file(&self, file: u64) -> io::Result<()> {
        self.with(|disk| {
            let contents = disk.files.get_mut(&file).unwrap();
            contents.synced = contents.written.clone();
            Ok(())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        self.call()?;
        work(&mut self.0.disk.lock().unwrap())
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Volume for Forgetful {
    fn create(&self, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
        if self.0.full.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Creating, writing and syncing can each be cut off.
        let file = self.with(|disk| {
            disk.next += 1;
            let file = disk.next;
            disk.names.insert(name.into(), file);
            disk.files.insert(file, Contents::default());
            Ok(file)
        })?;
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        for part in [first, rest] {
            self.with(|disk| {
                disk.files.get_mut(&file).unwrap().written.extend(part);
                Ok(())
            })?;
        }
        if sync { self.sync_file(file) } else { Ok(()) }
    }

    fn open_log(&self, name: &str) -> io::Result<Box<dyn LogFile>> {
        let file = self.with(|disk| {
            if !disk.names.contains_key(name) {
                disk.next += 1;
                let file = disk.next;
                disk.names.insert(name.into(), file);
                disk.files.insert(file, Contents::default());
            }
            Ok(disk.names[name])
        })?;
        Ok(Box::new(OpenFile {
            folder: self.clone(),
            name: name.into(),
            file,
        }))
    }

    fn look(&self, name: &str) -> io::Result<Option<Listed>> {
        let mut files = self.list()?.into_iter();
        Ok(files.find(|file| file.name == name))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|disk| {
            if disk.names.contains_key(to) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = *disk.names.get(from).ok_or_else(missing)?;
            disk.names.insert(to.into(), file);
            Ok(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|disk| {
            let file = disk.names.remove(from).ok_or_else(missing)?;
            disk.names.insert(to.into(), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if self.0.keeps_temporaries.load(SeqCst) && name.starts_with('.') {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.with(|disk| disk.names.remove(name).map(drop).ok_or_else(missing))
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.with(|disk| {
            disk.synced_names = disk.names.clone();
            Ok(())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_folder()?;
        let files: Vec<_> = self
            .0
            .disk
            .lock()
            .unwrap()
            .names
            .values()
            .copied()
            .collect();
        files.into_iter().try_for_each(|file| self.sync_file(file))
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let disk = self.0.disk.lock().unwrap();
        let listed = |(name, file): (&String, &u64)| {
            let contents = &disk.files[file];
            Listed {
                name: name.clone(),
                bytes: contents.written.len() as u64,
                modified: contents.modified.unwrap_or(SystemTime::UNIX_EPOCH),
            }
        };
        Ok(disk.names.iter().map(listed).collect())
    }
}

/// A named log that is open.
struct OpenFile {
    folder: Forgetful,
    name: String,
    file: u64,
}

impl OpenFile {
    fn written(&self) -> Vec<u8> {
        self.folder.0.disk.lock().unwrap().files[&self.file]
            .written
            .clone()
    }
}

impl LogFile for OpenFile {
    fn lock(&self) -> io::Result<()> {
        let state = &self.folder.0;
        let is_locked = |disk: &mut Disk| disk.locked.contains(&self.file);
        let disk = state.disk.lock().unwrap();
        let mut disk = state.unlocked.wait_while(disk, is_locked).unwrap();
        disk.locked.push(self.file);
        Ok(())
    }

    fn unlock(&self) {
        self.folder
            .0
            .disk
            .lock()
            .unwrap()
            .locked
            .retain(|file| *file != self.file);
        self.folder.0.unlocked.notify_all();
    }

    fn is_current(&self) -> io::Result<bool> {
        Ok(self.folder.0.disk.lock().unwrap().names.get(&self.name) == Some(&self.file))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.written().len() as u64)
    }

    fn is_torn(&self) -> io::Result<bool> {
        let written = self.written();
        Ok(!written.is_empty() && !written.ends_with(b"\n"))
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.folder.with(|disk| {
            let contents = disk.files.get_mut(&self.file).unwrap();
            contents.written.extend(bytes);
            contents.modified = Some(SystemTime::now());
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync_file(self.file)
    }
}
