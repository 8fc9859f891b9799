//! Files that belong together: jobs that need each other, and one Terraform module.

use nomad_client::lint::{Block, Diagnostic};
use serde_json::Value;

use super::{Cluster, Kind, Unreadable, number, together};
use crate::render::File;

/// What the rules find in files of one environment, with the file of each finding: the rules of its
/// kind in each, those for jobs that need each other over all jobs, and those for Terraform over
/// each folder as the module it is. Files of no known kind are left out.
///
/// ```
/// use wuffchat_deploy::{Environment, Stage, lint, render};
/// let environment = Environment::new(Stage::Staging);
/// let mut files = render::hcl(&environment, &"v1".parse()?)?;
/// files.extend(render::platform_hcl(&environment)?);
/// let found = lint::files(&files, None).unwrap();
/// assert!(found.iter().all(|(_, found)| found.severity < lint::Severity::Warning));
/// # Ok::<(), wuffchat_deploy::Error>(())
/// ```
///
/// # Errors
///
/// A file is not what its name says; the first is named with the reason.
pub fn files(
    files: &[File],
    cluster: Option<Cluster>,
) -> Result<Vec<(String, Diagnostic)>, (String, Unreadable)> {
    let mut found = Vec::new();
    let mut jobs: Vec<(&str, Vec<Block>)> = Vec::new();
    let mut modules: Vec<Module<'_>> = Vec::new();
    for file in files {
        let failed = |cause| (file.name.clone(), cause);
        match Kind::of(&file.name, &file.text) {
            None => {}
            Some(Kind::Terraform) => {
                let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
                match modules.iter_mut().find(|module| module.folder == folder) {
                    Some(module) => module.add(file),
                    None => modules.push(Module::of(folder, file)),
                }
            }
            Some(kind) => {
                let here = super::text(kind, &file.text).map_err(failed)?;
                found.extend(here.into_iter().map(|one| (file.name.clone(), one)));
                if kind == Kind::Job {
                    jobs.push((&file.name, blocks(&file.text)));
                }
            }
        }
    }
    for module in modules {
        let here = super::terraform(&module.text).map_err(|cause| module.place(cause))?;
        found.extend(here.into_iter().map(|one| module.locate(one)));
    }
    let all: Vec<Block> = jobs.iter().flat_map(|(_, blocks)| blocks.clone()).collect();
    for one in together(&all, cluster) {
        // Lines are those of the file whose job alone has the same finding.
        let of = jobs.iter().find(|(_, blocks)| {
            together(blocks, cluster).iter().any(|other| (other.number, other.line) == (one.number, one.line))
        });
        let (name, one) = match of {
            Some((name, _)) => ((*name).to_owned(), one),
            None => (String::new(), one.without_line()),
        };
        found.push((name, one));
    }
    Ok(found)
}

/// The jobs in a job file, or the one in a job as JSON.
fn blocks(text: &str) -> Vec<Block> {
    let root = if text.trim_start().starts_with('{') {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let job = value.and_then(|mut value| {
            let inner = value.get_mut("Job").map(Value::take).unwrap_or(value);
            serde_json::from_value(inner).ok()
        });
        job.and_then(|job| nomad_client::lint::blocks_of(&job).ok())
    } else {
        Block::parse(text).ok()
    };
    let root = root.into_iter().flat_map(|root| root.children);
    root.filter(|block| block.kind == "job").collect()
}

/// The files of a folder as one text.
struct Module<'a> {
    folder: &'a str,
    text: String,
    /// Each file with the lines before it.
    starts: Vec<(&'a str, u32)>,
}

impl<'a> Module<'a> {
    fn of(folder: &'a str, file: &'a File) -> Self {
        let mut module = Self { folder, text: String::new(), starts: Vec::new() };
        module.add(file);
        module
    }

    fn add(&mut self, file: &'a File) {
        let before = number(self.text.lines().count()).map_or(0, |line| line.saturating_sub(1));
        self.starts.push((&file.name, before));
        self.text.push_str(file.text.trim_end());
        self.text.push('\n');
    }

    /// The file that has a line, and which of its lines that is.
    fn file_of(&self, line: u32) -> (&'a str, u32) {
        let of = self.starts.iter().rev().find(|(_, before)| *before < line);
        of.map_or((self.folder, line), |(name, before)| (name, line.saturating_sub(*before)))
    }

    fn locate(&self, mut found: Diagnostic) -> (String, Diagnostic) {
        let Some(line) = found.line else { return (self.folder.to_owned(), found) };
        let (name, line) = self.file_of(line);
        found.line = Some(line);
        (name.to_owned(), found)
    }

    fn place(&self, cause: Unreadable) -> (String, Unreadable) {
        let name = cause.line().map_or(self.folder, |line| self.file_of(line).0);
        (name.to_owned(), cause)
    }
}
