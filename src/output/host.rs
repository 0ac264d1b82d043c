//! The measuring machine: the values on which results may depend.

use serde::{Deserialize, Serialize};

/// The measuring machine. `None` where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Name of the machine.
    pub name: Option<String>,
    /// Processors that this process may use.
    pub cores: Option<usize>,
    /// Operating system, as Rust names it.
    pub os: String,
    /// Processor architecture, as Rust names it.
    pub arch: String,
    /// Name and release of the kernel.
    pub kernel: Option<String>,
    /// Open files that this process may have (the soft limit of `RLIMIT_NOFILE`);
    /// 18446744073709551615 where there is no limit.
    pub open_files_soft: Option<u64>,
    /// Open files up to which the soft limit may be raised.
    pub open_files_hard: Option<u64>,
}

impl Host {
    /// Asks the system.
    #[must_use]
    pub fn read() -> Self {
        let cores = std::thread::available_parallelism().ok();
        let mut host = Self {
            cores: cores.map(std::num::NonZero::get),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            ..Self::default()
        };
        host.ask_system();
        host
    }

    #[cfg(unix)]
    fn ask_system(&mut self) {
        use nix::sys::resource::{Resource, getrlimit};
        let name = nix::unistd::gethostname().ok();
        self.name = name.and_then(|name| name.into_string().ok());
        self.kernel = nix::sys::utsname::uname().ok().and_then(|system| {
            let (name, release) = (system.sysname().to_str()?, system.release().to_str()?);
            Some(format!("{name} {release}"))
        });
        let limits = getrlimit(Resource::RLIMIT_NOFILE).ok();
        (self.open_files_soft, self.open_files_hard) = limits.unzip();
    }

    #[cfg(not(unix))]
    fn ask_system(&mut self) {
        self.name = std::env::var("COMPUTERNAME").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_system_tells_about_itself() {
        let host = Host::read();
        assert!(host.name.is_some());
        assert!(host.kernel.is_some_and(|kernel| kernel.contains(' ')));
        assert!(host.cores.is_some_and(|cores| cores > 0));
        assert!(host.open_files_soft <= host.open_files_hard);
    }
}
