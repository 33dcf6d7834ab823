//! Where the drivers are: their own units behind sockets, as the package has them, or children of this program.

use clap::Args;
use drivers::host::DriverPlace;
use std::path::{Path, PathBuf};

/// Where systemd listens for the drivers of the package.
const SOCKETS: &str = "/run/gatepost-drivers";

/// Where the package puts its programs.
const INSTALLED: &str = "/usr/bin";

/// Arguments of whatever starts drivers. Without any of them an installed station has the package's units, and another
/// one the program `gatepost-driver` beside it.
#[derive(Args, Clone, Debug, Default)]
pub struct DriverArgs {
    /// The driver program, to be started by this one. By default, where the package is not installed, the one beside it.
    #[arg(long, conflicts_with = "driver_sockets")]
    pub driver: Option<PathBuf>,
    /// The folder of sockets at which systemd starts each driver's own unit. The package's is /run/gatepost-drivers.
    #[arg(long)]
    pub driver_sockets: Option<PathBuf>,
}

impl DriverArgs {
    /// What was said, or what is usual here.
    pub fn place(&self) -> DriverPlace {
        match (&self.driver, &self.driver_sockets) {
            (Some(program), _) => DriverPlace::Program(program.clone()),
            (None, Some(folder)) => DriverPlace::Sockets(folder.clone()),
            (None, None) => usual(&std::env::current_exe().unwrap_or_default(), Path::new(SOCKETS)),
        }
    }
}

/// An installed program may not open devices itself, so it has the sockets, if the package made them. A build in a folder
/// has its own driver beside it, whatever is installed on the same machine.
fn usual(this: &Path, sockets: &Path) -> DriverPlace {
    let folder = this.parent().unwrap_or(Path::new("."));
    if folder == Path::new(INSTALLED) && sockets.is_dir() {
        return DriverPlace::Sockets(sockets.into());
    }
    DriverPlace::Program(folder.join("gatepost-driver"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_station_has_the_units_and_a_build_its_own_driver() {
        let (there, away) = (Path::new("/"), Path::new("/nonexistent"));
        let program = |path: &str| DriverPlace::Program(path.into());
        assert_eq!(usual(Path::new("/usr/bin/gatepost"), there), DriverPlace::Sockets("/".into()));
        assert_eq!(usual(Path::new("/usr/bin/gatepost"), away), program("/usr/bin/gatepost-driver"));
        assert_eq!(usual(Path::new("/home/a/gatepost"), there), program("/home/a/gatepost-driver"));
        let said = DriverArgs { driver: None, driver_sockets: Some("/run/mine".into()) };
        assert_eq!(said.place(), DriverPlace::Sockets("/run/mine".into()));
        let said = DriverArgs { driver: Some("/opt/driver".into()), driver_sockets: None };
        assert_eq!(said.place(), program("/opt/driver"));
    }
}
