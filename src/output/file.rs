//! One output file: rows gathered in memory and written whole, or a document that is replaced. Rows
//! can be written anew beside the old rows, which stay until all new rows are there.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
#[cfg(unix)]
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use crate::stop;

/// Gathered bytes that are written without a call of [`File::flush`].
const GATHERED: usize = 64 * 1024;

/// A pipe that has room takes this many bytes without waiting for its reader.
const PIECE: usize = 4096;
/// How often a full pipe is asked for room, in milliseconds.
const PIPE_POLL: u16 = 100;
/// How often it is asked in vain, after a signal to end, before it is given up: 2 seconds.
const PIPE_POLLS: u32 = 20;

/// The path of standard output.
const STDOUT: &str = "-";

/// An open file, or standard output.
#[derive(Debug, Default)]
pub(super) struct File {
    path: PathBuf,
    /// `None` after a failed write: nothing more is tried.
    handle: Option<fs::File>,
    /// Whether the file can be cut, and written from its beginning again.
    regular: bool,
    /// Bytes that were handed to the system.
    length: u64,
    gathered: Vec<u8>,
    /// The length of the file after each gathered row.
    ends: Vec<u64>,
    /// The file itself, if this run created it, until [`File::keep`].
    created: Option<Removed>,
    /// The file of the new rows, and the place that it is to take, behind any links.
    anew: Option<(Removed, PathBuf)>,
}

/// A file that is removed when this value is dropped.
#[derive(Debug)]
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // A file that stays does no harm.
        let _ = fs::remove_file(&self.0);
    }
}

impl File {
    /// A file that does not exist yet. It is removed again unless [`File::keep`] is called.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if it does; else as the system says.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let mut file = Self::of(path, fs::File::create_new(path)?)?;
        file.created = Some(Removed(path.to_owned()));
        Ok(file)
    }

    /// A file that may exist. It keeps its contents until [`File::begin`].
    ///
    /// # Errors
    ///
    /// As the system says.
    pub(super) fn given(path: &Path) -> io::Result<Self> {
        let mut options = fs::File::options();
        let options = options.write(true).create(true).truncate(false);
        Self::of(path, options.open(path)?)
    }

    /// Standard output, without the standard library's line buffer: rows go out together.
    ///
    /// # Errors
    ///
    /// If it is closed.
    pub(super) fn stdout() -> io::Result<Self> {
        #[cfg(unix)]
        let handle = io::stdout().as_fd().try_clone_to_owned()?;
        #[cfg(windows)]
        let handle =
            std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
        Self::of(Path::new(STDOUT), handle.into())
    }

    fn of(path: &Path, handle: fs::File) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            // A file behind standard output is not ours to cut.
            regular: path != Path::new(STDOUT) && handle.metadata()?.is_file(),
            handle: Some(handle),
            ..Self::default()
        })
    }

    /// Lets a new file stay.
    pub(super) fn keep(&mut self) {
        std::mem::forget(self.created.take());
    }

    /// Whether its rows can be written anew, as they cannot in a pipe or a device.
    pub(super) fn is_rewritable(&self) -> bool {
        self.regular
    }

    /// Where it is; `-` for standard output.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_stdout(&self) -> bool {
        self.path == Path::new(STDOUT)
    }

    /// Whether it takes more: no write has failed.
    pub(super) fn is_open(&self) -> bool {
        self.handle.is_some()
    }

    /// Empties the file and writes what it begins with.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn begin(&mut self, header: &[u8]) -> io::Result<()> {
        if let Some(handle) = self.handle.as_ref().filter(|_| self.regular) {
            handle.set_len(0)?;
        }
        self.push(header)?;
        self.flush()
    }

    /// Empties the file and writes a preliminary document. A pipe or a device gets a line break, which
    /// JSON allows in front of the document: nothing can be replaced there. Standard output gets
    /// nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn begin_document(&mut self, document: &[u8]) -> io::Result<()> {
        if self.is_stdout() {
            return Ok(());
        }
        self.begin(if self.regular { document } else { b"\n" })
    }

    /// Takes whole rows.
    ///
    /// # Errors
    ///
    /// If the gathered rows had to be written, and could not be.
    pub(super) fn push(&mut self, rows: &[u8]) -> io::Result<()> {
        if rows.is_empty() || self.handle.is_none() {
            return Ok(());
        }
        self.gathered.extend_from_slice(rows);
        self.ends.push(self.length + self.gathered.len() as u64);
        if self.gathered.len() < GATHERED {
            return Ok(());
        }
        self.flush()
    }

    /// Begins to write all rows anew, in a file beside this one. The old rows stay until
    /// [`File::settle`]. Does nothing if the old rows could not be written to their end.
    ///
    /// # Errors
    ///
    /// If the new file cannot be made; the old rows stay then.
    pub(super) fn start_over(&mut self, header: &[u8]) -> io::Result<()> {
        self.flush()?;
        if self.handle.take().is_none() {
            return Ok(());
        }
        let place = fs::canonicalize(&self.path)?;
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let path = place.with_file_name(name);
        let handle = fs::File::create_new(&path)?;
        let (_, place) = self.anew.insert((Removed(path), place));
        handle.set_permissions(fs::metadata(place)?.permissions())?;
        self.handle = Some(handle);
        self.length = 0;
        self.push(header)
    }

    /// Puts the new rows in the place of the old rows, if all new rows could be written.
    ///
    /// # Errors
    ///
    /// If the last rows cannot be written, or the file cannot be renamed; the old rows stay then.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let written = self.flush();
        match self.anew.take() {
            Some((rows, place)) if self.is_open() => fs::rename(&rows.0, place),
            _ => written,
        }
    }

    /// Hands the gathered rows to the system. If that fails, the file keeps its whole rows, and takes
    /// no more.
    ///
    /// # Errors
    ///
    /// If they cannot be written; once.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(handle) = &mut self.handle else {
            return Ok(());
        };
        let outcome = write(handle, self.regular, &self.gathered);
        if outcome.is_err() {
            if self.regular {
                // The first error is the one to tell; a reader can also skip a cut row.
                let written = handle.stream_position().unwrap_or(0);
                let whole = self.ends.iter().rev().find(|end| **end <= written);
                let _ = handle.set_len(*whole.unwrap_or(&self.length));
            }
            self.handle = None;
        }
        self.length += self.gathered.len() as u64;
        self.gathered.clear();
        self.ends.clear();
        outcome
    }

    /// Puts a document in the place of the preliminary document, which comes back if the new one does
    /// not fit.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn replace(&mut self, document: &[u8], preliminary: &[u8]) -> io::Result<()> {
        let Some(handle) = &mut self.handle else {
            return Ok(());
        };
        if !self.regular {
            return write(handle, false, document);
        }
        // The file is cut last: a full disk keeps room for the preliminary document this way.
        let outcome = overwrite(handle, document);
        if outcome.is_err() {
            let _ = overwrite(handle, preliminary);
        }
        outcome
    }
}

/// Writes all bytes. A pipe whose reader has stopped reading does not keep a run from its end: after
/// a signal to end, it is given up.
fn write(handle: &mut fs::File, regular: bool, bytes: &[u8]) -> io::Result<()> {
    if regular {
        return handle.write_all(bytes);
    }
    bytes.chunks(PIECE).try_for_each(|piece| {
        #[cfg(unix)]
        wait_for_room(handle)?;
        handle.write_all(piece)
    })
}

/// Waits until a pipe or a device takes bytes or has an error, which the next write tells.
#[cfg(unix)]
fn wait_for_room(handle: &fs::File) -> io::Result<()> {
    use nix::poll::{PollFd, PollFlags, poll};
    let mut in_vain = 0;
    while in_vain < PIPE_POLLS {
        let mut asked = [PollFd::new(handle.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut asked, PIPE_POLL) {
            Ok(0) | Err(nix::Error::EINTR) => in_vain += u32::from(stop::signals() > 0),
            _ => return Ok(()),
        }
    }
    Err(io::Error::other("the program that reads it has stopped"))
}

fn overwrite(handle: &mut fs::File, document: &[u8]) -> io::Result<()> {
    handle.seek(SeekFrom::Start(0))?;
    handle.write_all(document)?;
    handle.set_len(document.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::Directory;

    #[test]
    fn much_that_has_gathered_is_written_unasked() {
        let temp = Directory::new();
        let path = temp.file("rows");
        let mut file = File::new(&path).unwrap();
        let rows = vec![b'x'; GATHERED - 1];
        file.push(&rows).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        file.push(b"\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), GATHERED as u64);
    }

    #[test]
    #[cfg(unix)]
    fn a_reader_that_has_gone_breaks_the_pipe() {
        let (reader, writer) = io::pipe().unwrap();
        let handle = fs::File::from(std::os::fd::OwnedFd::from(writer));
        let mut file = File::of(Path::new(STDOUT), handle).unwrap();
        file.begin(b"header\n").unwrap();
        drop(reader);
        file.push(b"row\n").unwrap();
        let error = file.flush().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        file.push(b"row\n").unwrap();
        file.flush().expect("it is said once");
    }

    #[test]
    fn rows_stay_until_the_new_ones_are_whole() {
        let temp = Directory::new();
        let path = temp.file("rows");
        let mut file = File::new(&path).unwrap();
        file.begin(b"header\n").unwrap();
        file.push(b"old\n").unwrap();
        file.start_over(b"header\n").unwrap();
        file.push(b"new\n").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "header\nold\n");
        file.settle().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "header\nnew\n");
        // As if the disk were full.
        file.start_over(b"header\n").unwrap();
        file.handle = None;
        file.settle().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "header\nnew\n");
        assert_eq!(fs::read_dir(temp.file("")).unwrap().count(), 1);
    }

    #[test]
    fn a_document_is_replaced_by_a_longer_or_a_shorter_one() {
        let temp = Directory::new();
        for (name, document) in [("short", "{}"), ("long", r#"{"a": [1, 2, 3, 4, 5]}"#)] {
            let path = temp.file(name);
            let mut file = File::new(&path).unwrap();
            file.begin_document(b"{\"a\": null}").unwrap();
            file.replace(document.as_bytes(), b"").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), document);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_gets_one_document() {
        use std::io::Read as _;
        let (mut reader, writer) = io::pipe().unwrap();
        let handle = fs::File::from(std::os::fd::OwnedFd::from(writer));
        let mut file = File::of(Path::new("fifo"), handle).unwrap();
        file.begin_document(b"{\"a\": null}").unwrap();
        file.replace(b"{}\n", b"").unwrap();
        drop(file);
        let mut seen = String::new();
        reader.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "\n{}\n");
    }
}
