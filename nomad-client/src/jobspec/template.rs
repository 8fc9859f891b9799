//! Files that a task finds when it starts.

use std::time::Duration;

use super::ChangeMode;
use super::macros::blocks;
use super::wire::enums;

client_core::open_enum! {
    /// What an artifact is unpacked to.
    pub enum ArtifactMode {
        /// A file or a directory, whatever it is.
        Any = "any",
        /// A file.
        File = "file",
        /// A directory.
        Dir = "dir",
    }
}

enums!(ArtifactMode);

blocks! {
    /// A file that is rendered from Vault, Consul and Nomad, again whenever something changes.
    /// [template](https://developer.hashicorp.com/nomad/docs/job-specification/template)
    pub struct Template {
        /// Where the file goes, relative to the task's directory.
        into destination: String = "DestPath" => attr "destination";
        /// The template itself.
        into data: String = "EmbeddedTmpl" => attr "data";
        /// The template's path on the client; instead of `data`.
        into source: String = "SourcePath" => attr "source";
        /// Whether the lines `KEY=value` become environment variables.
        opt env: bool = "Envvars" => attr "env";
        /// What happens on a change; restart if unset.
        into change_mode: ChangeMode = "ChangeMode" => attr "change_mode";
        /// The signal for [`ChangeMode::Signal`].
        into change_signal: String = "ChangeSignal" => attr "change_signal";
        /// The script for [`ChangeMode::Script`].
        opt change_script: ChangeScript = "ChangeScript" => block "change_script";
        /// Whether it is rendered once and not watched.
        opt once: bool = "Once" => attr "once";
        /// A random pause up to this before a change takes effect; 5 s if unset.
        opt splay: Duration = "Splay" => attr "splay";
        /// Octal permissions; `0644` if unset.
        into perms: String = "Perms" => attr "perms";
        /// The file's owner.
        opt uid: i64 = "Uid" => attr "uid";
        /// The file's group.
        opt gid: i64 = "Gid" => attr "gid";
        /// What opens an action; `{{` if unset.
        into left_delimiter: String = "LeftDelim" => attr "left_delimiter";
        /// What closes an action; `}}` if unset.
        into right_delimiter: String = "RightDelim" => attr "right_delimiter";
        /// Not used any more.
        opt vault_grace: Duration = "VaultGrace" => attr "vault_grace";
        /// How long changes are collected.
        opt wait: Wait = "Wait" => block "wait";
        /// Whether a missing key is an error.
        opt error_on_missing_key: bool = "ErrMissingKey" => attr "error_on_missing_key";
    }

    /// How long the changes of a template are collected.
    pub struct Wait {
        /// A change waits at least this long for more.
        opt min: Duration = "Min" => required "min";
        /// And at most this long.
        opt max: Duration = "Max" => required "max";
    }

    /// What runs in the task when a template has changed.
    pub struct ChangeScript {
        /// The program.
        into command: String = "Command" => required "command";
        /// Its arguments.
        list args: String = "Args" => attr "args", add arg;
        /// How long it may take; 5 s if unset.
        opt timeout: Duration = "Timeout" => attr "timeout";
        /// Whether the task is killed if it fails.
        opt fail_on_error: bool = "FailOnError" => or_false "fail_on_error";
        /// Whether it also runs after the first rendering.
        opt run_on_first_render: bool = "RunOnFirstRender" => attr "run_on_first_render";
    }

    /// A file or archive that is fetched before the task starts.
    /// [artifact](https://developer.hashicorp.com/nomad/docs/job-specification/artifact)
    pub struct Artifact {
        /// Its address, as go-getter understands it.
        into source: String = "GetterSource" => attr "source";
        /// Where it goes, relative to the task's directory; `local/` if unset.
        into destination: String = "RelativeDest" => attr "destination";
        /// What it is unpacked to.
        into mode: ArtifactMode = "GetterMode" => attr "mode";
        /// Options of go-getter, such as `checksum`.
        map options: String = "GetterOptions" => strings "options", add option;
        /// Headers of the request.
        map headers: String = "GetterHeaders" => strings "headers", add header;
        /// Whether certificates are not checked.
        opt insecure: bool = "GetterInsecure" => attr "insecure";
        /// Whether the task's user becomes the owner.
        opt chown: bool = "Chown" => zero "chown";
    }
}

impl Template {
    /// Renders this text to a file.
    #[must_use]
    pub fn new(data: impl Into<String>, destination: impl Into<String>) -> Self {
        Self::default().data(data).destination(destination)
    }

    /// Renders a file of the task's directory, such as an artifact, to another one.
    #[must_use]
    pub fn from_file(source: impl Into<String>, destination: impl Into<String>) -> Self {
        Self::default().source(source).destination(destination)
    }
}

impl Wait {
    /// Collects changes for at least and at most this long.
    #[must_use]
    pub fn new(min: Duration, max: Duration) -> Self {
        Self::default().min(min).max(max)
    }
}

impl ChangeScript {
    /// Runs this program.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self::default().command(command)
    }
}

impl Artifact {
    /// Fetches this.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self::default().source(source)
    }
}
