//! Keeps the requests of a run, with their generated text, until a tokenizer has counted the text.
//! They are in a file: a long run takes no more memory than a short one. The file has no name:
//! nobody finds the texts, and nothing is left behind however the process ends.

use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::record::RequestRecord;

/// Requests in the order of their ends, a line each.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<fs::File>,
    directory: PathBuf,
    requests: u64,
}

/// The part of a request that the tokenizer counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// The generated text, in pieces.
    pub generated: Vec<String>,
}

impl Spool {
    /// An empty spool in this directory.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let path = directory.join(format!(".sse-perf-texts-{}.tmp", std::process::id()));
        let mut options = fs::File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        fs::remove_file(&path)?;
        // The directory of a bare file name is empty.
        let here = directory.as_os_str().is_empty();
        Ok(Self {
            file: BufWriter::with_capacity(64 * 1024, file),
            directory: if here { Path::new(".") } else { directory }.to_owned(),
            requests: 0,
        })
    }

    /// The directory whose disk holds the file.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Number of requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Adds a request.
    ///
    /// # Errors
    ///
    /// If the request cannot be written. The spool cannot be read then.
    pub fn push(&mut self, request: &RequestRecord) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, request)?;
        self.requests += 1;
        self.file.write_all(b"\n")
    }

    /// All requests in their order: whole requests, or only their [`Text`].
    ///
    /// # Errors
    ///
    /// If the last request cannot be written, or the first cannot be read.
    pub fn read<T: DeserializeOwned>(&mut self) -> io::Result<impl Iterator<Item = io::Result<T>>> {
        self.file.flush()?;
        let mut file = self.file.get_ref();
        file.rewind()?;
        let lines = BufReader::with_capacity(64 * 1024, file).split(b'\n');
        let all = usize::try_from(self.requests).unwrap_or(usize::MAX);
        let lines = lines.take(all);
        Ok(lines.map(|line| Ok(serde_json::from_slice(&line?)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::tests::whole;
    use crate::output::tests::Directory;
    use crate::record::{Failure, FailureKind, Outcome, SpanRecord};

    #[test]
    fn requests_come_back_as_they_were_and_no_file_is_seen() {
        let temp = Directory::new();
        let mut spool = Spool::create(&temp.file("")).unwrap();
        assert_eq!(spool.requests(), 0);
        assert_eq!(fs::read_dir(temp.file("")).unwrap().count(), 0);
        let mut first = whole();
        first.generated = vec!["so\nbe".to_owned(), "\"它\"".to_owned()];
        first.spans = vec![SpanRecord::default()];
        let mut second = whole();
        second.outcome = Outcome::Failed(Failure::new(FailureKind::Reset, "x"));
        spool.push(&first).unwrap();
        spool.push(&second).unwrap();
        assert_eq!(spool.requests(), 2);
        let texts: Vec<Text> = spool.read().unwrap().map(Result::unwrap).collect();
        assert_eq!(texts[0].generated, first.generated);
        assert_eq!(texts[1], Text::default());
        let requests: Vec<RequestRecord> = spool.read().unwrap().map(Result::unwrap).collect();
        assert_eq!(requests, [first, second]);
    }
}
