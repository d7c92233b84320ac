//! `ijazat demo`: the whole story on this machine, over real sockets.

use std::{fs, io, io::Write, path::PathBuf};

use clap::Args;

use super::{
    failure::Failure,
    runtime::{Signals, block_on},
};
use crate::demo::{self, DemoOptions};

/// Plays the story: banks, a telco, BISP, a hospital, a citizen and an auditor meet at the gateway.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat demo                          plays, then stays up and prints curl lines to try
  ijazat demo --exit --json demo.json  plays and ends; what was seen goes into the file

Everything is made anew in the state folder: keys, certificates, databases, an invented population, the access log.")]
pub struct Demo {
    /// End after the story instead of staying up
    #[arg(long)]
    exit: bool,
    /// Write what was seen: {"ok":bool,"steps":[{"name","ok","detail"}]}
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Persons of the invented population, 2000 or more
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(2_000..=10_000_000))]
    persons: u64,
    /// State folder, made anew; one that the demo did not make is refused
    #[arg(long, value_name = "DIR", default_value = "./state")]
    state: PathBuf,
    /// Any free ports instead of 8443, 8444 and 9464
    #[arg(long)]
    free_ports: bool,
}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the stage cannot be made or a step of the story was not seen.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let binary = std::env::current_exe().map_err(|error| Failure::Failed(format!("own binary: {error}")))?;
        let options =
            DemoOptions { persons: self.persons, state: self.state.clone(), free_ports: self.free_ports, binary };
        block_on(self.play(options, out))
    }

    async fn play(&self, options: DemoOptions, out: &mut dyn Write) -> Result<(), Failure> {
        let played = demo::play(options, Box::new(io::stdout())).await?;
        let ok = played.told.ok();
        if let Some(path) = &self.json {
            let written = fs::write(path, format!("{:#}\n", played.told.json()));
            written.map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
        }
        if !self.exit {
            let binary = std::env::args().next().unwrap_or_else(|| "ijazat".to_owned());
            writeln!(out, "\n── Try it yourself, in another terminal\n\n{}", played.curl_lines(&binary))?;
            writeln!(out, "The gateway stays up; end it with Ctrl-C.")?;
            out.flush()?;
            Signals::listen()?.asked_to_stop().await;
        }
        played.running.stop().await;
        if ok { Ok(()) } else { Err(Failure::Failed("a step of the story was not seen".to_owned())) }
    }
}
