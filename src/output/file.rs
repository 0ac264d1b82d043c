//! One output file: rows gathered in memory and written whole, or a document that is replaced. Rows
//! can be written over again beside the old ones, which stay until all new ones are there.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// So much may gather before it is written without being asked for.
const GATHERED: usize = 64 * 1024;

/// An open file, or standard output.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    origin: Origin,
    /// `None` once it could not be written: nothing more is tried.
    handle: Option<fs::File>,
    /// Whether it can be cut and written from its beginning again.
    regular: bool,
    /// Bytes that it has.
    length: u64,
    gathered: Vec<u8>,
    /// Where in `gathered` what was pushed ends.
    ends: Vec<usize>,
    /// Where its rows are being written over again.
    anew: Option<Anew>,
}

/// A file that is to take the place of another one, and is gone if it does not.
#[derive(Debug)]
struct Anew {
    path: PathBuf,
    /// The place that it is to take, behind any links.
    place: PathBuf,
}

impl Drop for Anew {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Standard output.
    Stdout,
    /// A file that the user named.
    Given,
    /// A new file, created by this run.
    Created,
}

impl File {
    /// A file that does not exist yet.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if it does; else as the system says.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let handle = fs::File::create_new(path)?;
        Self::of(path, Origin::Created, handle)
    }

    /// A file that may exist. It keeps what it has until [`File::begin`].
    ///
    /// # Errors
    ///
    /// As the system says.
    pub(super) fn given(path: &Path) -> io::Result<Self> {
        let mut options = fs::File::options();
        let handle = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        Self::of(path, Origin::Given, handle)
    }

    /// Standard output, without the standard library's line buffer: rows go out together.
    ///
    /// # Errors
    ///
    /// If it is closed.
    pub(super) fn stdout() -> io::Result<Self> {
        #[cfg(unix)]
        let handle = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        #[cfg(windows)]
        let handle =
            std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
        Self::of(Path::new("-"), Origin::Stdout, handle.into())
    }

    fn of(path: &Path, origin: Origin, handle: fs::File) -> io::Result<Self> {
        // What standard output was redirected to is not ours to cut.
        let regular = origin != Origin::Stdout && handle.metadata()?.is_file();
        Ok(Self {
            path: path.to_owned(),
            origin,
            handle: Some(handle),
            regular,
            length: 0,
            gathered: Vec::new(),
            ends: Vec::new(),
            anew: None,
        })
    }

    /// Whether its rows can be written over again: in a pipe or a device what was written is gone.
    pub(super) fn is_rewritable(&self) -> bool {
        self.regular
    }

    /// Where it is; `-` for standard output.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_stdout(&self) -> bool {
        self.origin == Origin::Stdout
    }

    /// Whether it takes anything more.
    pub(super) fn is_open(&self) -> bool {
        self.handle.is_some()
    }

    /// Removes a file that this run has created: a run that did not begin leaves nothing.
    pub(super) fn discard(&self) {
        if self.origin == Origin::Created {
            // It is empty but for its header: of no use, and no harm if it stays.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Empties the file and writes what it begins with.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn begin(&mut self, header: &[u8]) -> io::Result<()> {
        if self.regular
            && let Some(handle) = &self.handle
        {
            handle.set_len(0)?;
        }
        self.push(header)?;
        self.flush()
    }

    /// Empties the file and writes a preliminary document. Where it could not be replaced later, in
    /// a pipe or a device, that is a line break, which JSON allows in front; standard output gets
    /// nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn begin_document(&mut self, document: &[u8]) -> io::Result<()> {
        match self.origin {
            Origin::Stdout => Ok(()),
            _ if self.regular => self.begin(document),
            _ => self.begin(b"\n"),
        }
    }

    /// Takes whole rows.
    ///
    /// # Errors
    ///
    /// If so much has gathered that it had to be written, and could not be.
    pub(super) fn push(&mut self, rows: &[u8]) -> io::Result<()> {
        if rows.is_empty() || self.handle.is_none() {
            return Ok(());
        }
        self.gathered.extend_from_slice(rows);
        self.ends.push(self.gathered.len());
        if self.gathered.len() < GATHERED {
            return Ok(());
        }
        self.flush()
    }

    /// Begins to write all rows over again, in a file beside this one; nothing where rows could not
    /// be written to their end the first time. What is pushed from here on goes there, and the old
    /// rows stay until [`File::settle`].
    ///
    /// # Errors
    ///
    /// If that file cannot be made; the rows are left as they are then.
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
        let anew = self.anew.insert(Anew { path, place });
        handle.set_permissions(fs::metadata(&anew.place)?.permissions())?;
        self.handle = Some(handle);
        self.length = 0;
        self.push(header)
    }

    /// Puts the new rows in the place of the old ones, if all of them could be written.
    ///
    /// # Errors
    ///
    /// If the last of them cannot be written, or not be put there; the old ones stay then.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let written = self.flush();
        let Some(anew) = self.anew.take() else {
            return written;
        };
        match self.handle {
            Some(_) => fs::rename(&anew.path, &anew.place),
            None => written,
        }
    }

    /// Hands what has gathered to the system. Where that fails, the file keeps the rows that are
    /// whole, and takes no more.
    ///
    /// # Errors
    ///
    /// If it cannot be written; once.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(handle) = &mut self.handle else {
            return Ok(());
        };
        let (written, outcome) = write_some(handle, &self.gathered);
        let whole = self.ends.iter().rev().find(|end| **end <= written);
        self.length += *whole.unwrap_or(&0) as u64;
        if outcome.is_err() {
            if self.regular {
                // A reader copes with a cut row, but need not; the first error is the one to tell.
                let _ = handle.set_len(self.length);
            }
            self.handle = None;
        }
        self.gathered.clear();
        self.ends.clear();
        outcome
    }

    /// Puts a document in the place of the preliminary one, which comes back if it does not fit.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn replace(&mut self, document: &[u8], preliminary: &[u8]) -> io::Result<()> {
        let Some(handle) = &mut self.handle else {
            return Ok(());
        };
        if !self.regular {
            return write_some(handle, document).1;
        }
        // Not cut before it is written: a full disk has room for the preliminary one this way.
        let outcome = overwrite(handle, document);
        if outcome.is_err() {
            let _ = overwrite(handle, preliminary);
        }
        outcome
    }
}

fn overwrite(handle: &mut fs::File, document: &[u8]) -> io::Result<()> {
    handle.seek(SeekFrom::Start(0))?;
    handle.write_all(document)?;
    handle.set_len(document.len() as u64)
}

/// Writes all of it, or as much as goes: how much that was, and what stopped it.
fn write_some(handle: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match handle.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::TempDir;

    /// Takes three bytes at a time, and ten in all.
    struct Small(Vec<u8>);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(3).min(10 - self.0.len());
            self.0.extend(&bytes[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writing_tells_how_far_it_came() {
        let mut small = Small(Vec::new());
        assert!(matches!(write_some(&mut small, b"12345"), (5, Ok(()))));
        let (written, outcome) = write_some(&mut small, b"1234567");
        assert_eq!(written, 5);
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn much_that_has_gathered_is_written_unasked() {
        let temp = TempDir::new();
        let path = temp.path("rows");
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
        let mut file = File::of(Path::new("-"), Origin::Stdout, handle).unwrap();
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
        let temp = TempDir::new();
        let path = temp.path("rows");
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
        assert_eq!(fs::read_dir(temp.path("")).unwrap().count(), 1);
    }

    #[test]
    fn a_document_is_replaced_by_a_longer_or_a_shorter_one() {
        let temp = TempDir::new();
        for (name, document) in [("short", "{}"), ("long", r#"{"a": [1, 2, 3, 4, 5]}"#)] {
            let path = temp.path(name);
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
        let mut file = File::of(Path::new("fifo"), Origin::Given, handle).unwrap();
        file.begin_document(b"{\"a\": null}").unwrap();
        file.replace(b"{}\n", b"").unwrap();
        drop(file);
        let mut seen = String::new();
        reader.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "\n{}\n");
    }
}
