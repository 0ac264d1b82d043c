//! Files of a run whose tokens are counted when it is over: its requests are kept until then, and the
//! rows of the CSV, which have the numbers that are known so far, are written over again.

use std::env;
use std::io;

use super::{File, FileKind, Files, WriteError};
use crate::output::spool::Spool;
use crate::record::RequestRecord;

impl Files {
    /// Keeps the requests from now on, if that is wanted.
    pub(super) fn keep_if(&mut self, wanted: bool) -> Result<(), WriteError> {
        if wanted {
            self.check_rewritable()?;
            self.spool = Some(self.new_spool()?);
        }
        Ok(())
    }

    /// A place for the requests: beside the run's first file, where there is space for results, or
    /// else among the system's temporary files, which may lie in memory.
    fn new_spool(&self) -> Result<Spool, WriteError> {
        let mut files = self.open.iter().map(|(_, file)| file);
        let beside = files.find(|file| file.is_rewritable());
        if let Some(directory) = beside.and_then(|file| file.path().parent())
            && let Ok(spool) = Spool::create(directory)
        {
            return Ok(spool);
        }
        let directory = env::temp_dir();
        Spool::create(&directory).map_err(|source| WriteError::texts(&directory, source))
    }

    fn check_rewritable(&mut self) -> Result<(), WriteError> {
        match self.of(FileKind::Requests) {
            Some(file) if !file.is_rewritable() => Err(WriteError::NotRewritable {
                path: file.path().to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Keeps a request, if they are kept. Where that fails, none is any more.
    ///
    /// # Errors
    ///
    /// If it cannot be kept; once.
    pub fn keep(&mut self, request: &RequestRecord) -> Result<(), WriteError> {
        let Some(mut spool) = self.spool.take() else {
            return Ok(());
        };
        match spool.push(request) {
            Ok(()) => {
                self.spool = Some(spool);
                Ok(())
            }
            Err(source) => Err(WriteError::texts(spool.directory(), source)),
        }
    }

    /// Whether requests are kept.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.spool.is_some()
    }

    /// Hands out the requests that were kept; `None` where they were not, or not all of them.
    pub fn kept(&mut self) -> Option<Spool> {
        self.spool.take()
    }

    /// Begins to write the rows of the CSV over again; the old ones stay until [`Files::settle`].
    ///
    /// # Errors
    ///
    /// If new rows cannot be written; none are taken then.
    pub fn start_over(&mut self, header: &[u8]) -> Result<(), WriteError> {
        self.requests(|file| file.start_over(header))
    }

    /// Puts the new rows in the place of the old ones.
    ///
    /// # Errors
    ///
    /// If that cannot be done; the old ones stay.
    pub fn settle(&mut self) -> Result<(), WriteError> {
        self.requests(File::settle)
    }

    fn requests(
        &mut self,
        act: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let Some(file) = self.of(FileKind::Requests) else {
            return Ok(());
        };
        act(file).map_err(|source| WriteError::failed(file.path(), source))
    }
}
